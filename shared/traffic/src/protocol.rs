//! What a port speaks, as far as it decides which routes take a call
//! (`istio: pkg/config/kube/conversion.go: ConvertProtocol`, `pkg/config/protocol/instance.go`).

use crate::Port;

/// What istiod takes a port for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP, HTTP/2 or gRPC.
    Http,
    /// TLS that the application speaks, HTTPS included.
    Tls,
    /// Any other stream.
    Tcp,
    /// Not carried by a sidecar.
    Udp,
    /// Not declared: the sidecar looks at the first bytes.
    Sniffed,
}

/// Ports whose server speaks first, so that sniffing would hang: TCP unless declared.
const SERVER_SPEAKS_FIRST: [u16; 4] = [25, 53, 3306, 27017];

impl Protocol {
    /// The protocol of a port: `appProtocol`, else the name up to its first dash; of a ServiceEntry `protocol`.
    #[must_use]
    pub fn of(port: Port<'_>) -> Self {
        match port {
            Port::Entry(port) => Self::parse(&port.protocol),
            Port::Service(port) if &*port.protocol == "UDP" => Self::Udp,
            Port::Service(port) => match Self::declared(port.app_protocol.as_deref().unwrap_or(&port.name)) {
                Self::Sniffed if SERVER_SPEAKS_FIRST.contains(&port.number) => Self::Tcp,
                other => other,
            },
        }
    }

    /// True when HTTP routes take the calls that are HTTP.
    #[must_use]
    pub const fn may_be_http(self) -> bool {
        matches!(self, Self::Http | Self::Sniffed)
    }

    fn declared(name: &str) -> Self {
        match name {
            "kubernetes.io/h2c" | "kubernetes.io/ws" => return Self::Http,
            "kubernetes.io/wss" => return Self::Tls,
            _ => {}
        }
        let is_grpc_web = name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("grpc-web"));
        if is_grpc_web { Self::Http } else { Self::parse(name.split('-').next().unwrap_or_default()) }
    }

    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" => Self::Http,
            "https" | "tls" => Self::Tls,
            "tcp" | "mongo" | "redis" | "mysql" => Self::Tcp,
            "udp" => Self::Udp,
            _ => Self::Sniffed,
        }
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::row::ServicePort;

    use super::*;

    fn of(name: &str, app_protocol: Option<&str>, number: u16) -> Protocol {
        let port = ServicePort {
            name: name.into(),
            number,
            protocol: "TCP".into(),
            app_protocol: app_protocol.map(Into::into),
            target: "".into(),
            node_port: None,
        };
        Protocol::of(Port::Service(&port))
    }

    #[test]
    fn the_name_declares_up_to_its_first_dash_and_app_protocol_wins() {
        assert_eq!(of("http-web", None, 80), Protocol::Http);
        assert_eq!(of("grpc-web-ui", None, 80), Protocol::Http);
        assert_eq!(of("https", None, 443), Protocol::Tls);
        assert_eq!(of("http", Some("tcp"), 80), Protocol::Tcp);
        assert_eq!(of("web", None, 80), Protocol::Sniffed);
        assert_eq!(of("db", None, 3306), Protocol::Tcp);
        assert_eq!(of("x", Some("kubernetes.io/wss"), 80), Protocol::Tls);
    }
}
