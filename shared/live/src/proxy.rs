//! Whether a cluster is reached through a proxy, decided as kubectl does.
//!
//! kube 5 takes the proxy of the kubeconfig, else `HTTPS_PROXY`, for every server, and compares `NO_PROXY` with
//! the proxy's own address. kubectl compares it with the server's, never takes a proxy of the environment to this
//! machine, and holds to a proxy that the kubeconfig names. The matching of `NO_PROXY` is hyper-util's.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy to `server`, if any.
///
/// `given` is what kube chose, `named` what the kubeconfig says for this cluster.
pub(crate) fn choose(
    server: &Uri,
    given: Option<Uri>,
    named: Option<&str>,
    environment: &Matcher,
) -> Option<Uri> {
    let chosen = match named.filter(|named| !named.is_empty()) {
        Some(named) => named.parse().ok(),
        None => given.filter(|_| !is_here(server) && environment.intercept(server).is_some()),
    };
    chosen.map(with_scheme)
}

fn is_here(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `HOST:PORT` is an HTTP proxy.
fn with_scheme(proxy: Uri) -> Uri {
    if proxy.scheme().is_some() {
        return proxy;
    }
    format!("http://{proxy}").parse().unwrap_or(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(server: &str, named: Option<&str>) -> Option<String> {
        let environment = Matcher::builder().https("http://env:3128").no("10.0.0.0/8,.corp.example").build();
        let given = Some(Uri::from_static("http://env:3128"));
        choose(&server.parse().unwrap(), given, named, &environment).map(|uri| uri.to_string())
    }

    #[test]
    fn the_proxy_of_the_environment_is_for_https_servers_outside_no_proxy_and_this_machine() {
        assert_eq!(chosen("https://1.2.3.4:6443", None).as_deref(), Some("http://env:3128/"));
        for server in [
            "https://10.1.2.3:6443",
            "https://api.corp.example",
            "https://127.0.0.1:6443",
            "https://[::1]:6443",
            "https://localhost:6443",
            "http://1.2.3.4:8080",
        ] {
            assert_eq!(chosen(server, None), None, "{server}");
        }
    }

    #[test]
    fn the_proxy_of_the_kubeconfig_is_taken_everywhere() {
        for server in ["https://1.2.3.4:6443", "https://10.1.2.3:6443", "http://127.0.0.1:8080"] {
            assert_eq!(chosen(server, Some("socks5://named:1080")).as_deref(), Some("socks5://named:1080/"));
            assert_eq!(chosen(server, Some("named:3128")).as_deref(), Some("http://named:3128/"));
        }
    }
}
