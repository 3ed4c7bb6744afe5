//! A service as it is typed, with a port behind it.

use std::str::FromStr;

use mesh_model::{Hostname, Namespace, resolve_host};

/// `SVC`, `svc/SVC`, `SVC.NS`, or a host name; `:PORT` may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceWord {
    /// The name without kind and port.
    pub name: String,
    /// The port, if one was typed.
    pub port: Option<PortWord>,
}

/// A port as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortWord {
    /// Its number.
    Number(u16),
    /// Its name.
    Name(String),
}

impl ServiceWord {
    /// The hosts that may be meant, likeliest first: a name of one word is a Service of `namespace`, a name of two
    /// is a Service with its namespace, and every name with a dot may be a host of a ServiceEntry.
    #[must_use]
    pub fn hosts(&self, namespace: &Namespace) -> Vec<Hostname> {
        let as_it_stands = || Hostname::from(self.name.as_str());
        match self.name.split_once('.') {
            None => vec![resolve_host(&self.name, namespace), as_it_stands()],
            Some((name, namespace)) => {
                let namespace = namespace.strip_suffix(".svc").unwrap_or(namespace);
                if namespace.contains('.') {
                    vec![as_it_stands()]
                } else {
                    vec![resolve_host(name, namespace), as_it_stands()]
                }
            }
        }
    }
}

impl FromStr for ServiceWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once('/').map_or((None, text), |(kind, rest)| (Some(kind), rest));
        if let Some(kind) = kind.filter(|kind| !matches!(*kind, "svc" | "service" | "services")) {
            return Err(format!("\"{kind}\" is no service; write SVC, svc/SVC, SVC.NS or a host name"));
        }
        let (name, port) = match rest.split_once(':') {
            None => (rest, None),
            Some((name, port)) => (name, Some(port.parse()?)),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
            return Err("it is no name of a service; write SVC, svc/SVC, SVC.NS or a host name".to_owned());
        }
        Ok(Self { name: name.trim_end_matches('.').to_ascii_lowercase(), port })
    }
}

impl FromStr for PortWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a port is a number or a name".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Name(text.to_owned()));
        }
        let number = text.parse().ok().filter(|number| *number > 0);
        number.map(Self::Number).ok_or_else(|| "a port is a number from 1 to 65535, or a name".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<String> {
        let word: ServiceWord = text.parse().unwrap();
        word.hosts(&"shop".into()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_service_can_be_typed_in_every_form_that_kubectl_and_istio_know() {
        let echo = "echo.shop.svc.cluster.local";
        assert_eq!(hosts("echo"), [echo, "echo"]);
        assert_eq!(hosts("svc/echo:http"), [echo, "echo"]);
        assert_eq!(hosts("echo.shop"), [echo, "echo.shop"]);
        assert_eq!(hosts("echo.shop.svc:80"), [echo, "echo.shop.svc"]);
        assert_eq!(hosts(echo), [echo]);
        assert_eq!(hosts("api.example.com."), ["api.example.com"]);
    }

    #[test]
    fn a_port_is_a_number_or_a_name() {
        let port = |text: &str| text.parse::<ServiceWord>().map(|word| word.port);
        assert_eq!(port("echo:80"), Ok(Some(PortWord::Number(80))));
        assert_eq!(port("echo:http2"), Ok(Some(PortWord::Name("http2".to_owned()))));
        assert_eq!(port("echo"), Ok(None));
        for text in ["echo:0", "echo:65536", "echo:", ":80", "", "pod/echo", "echo shop", "a/b/c"] {
            assert!(port(text).is_err(), "{text:?}");
        }
    }
}
