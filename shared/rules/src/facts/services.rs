//! Who sees a Service, and what its ports speak.

use mesh_model::Row;
use mesh_model::row::{ServiceFact, ServicePort};

/// Namespaces a Service is exported to (`istio: pkg/config/kube`; `~` means none).
const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// Some proxy may see it.
pub(crate) fn is_visible(service: &Row<ServiceFact>) -> bool {
    !service.annotations.get(EXPORT_TO).is_some_and(|to| to.split(',').any(|to| to.trim() == "~"))
}

/// The protocol Istio works with: `appProtocol`, else the part of the name before a dash; empty means that it is
/// detected (`istio: pkg/config/kube/conversion.go: ConvertProtocol`).
pub(crate) fn protocol(port: &ServicePort) -> String {
    let told = port.app_protocol.as_deref().unwrap_or(&port.name).to_ascii_lowercase();
    let known = match told.as_str() {
        "kubernetes.io/h2c" => "http2",
        "kubernetes.io/ws" => "http",
        "kubernetes.io/wss" => "https",
        "grpc-web" => "grpc-web",
        other if port.app_protocol.is_some() => other,
        other if other.starts_with("grpc-web-") => "grpc-web",
        other => other.split('-').next().unwrap_or_default(),
    };
    let protocols =
        ["grpc", "grpc-web", "http", "http2", "https", "mongo", "mysql", "redis", "tcp", "tls", "udp"];
    if protocols.contains(&known) { known.to_owned() } else { String::new() }
}

/// Istio passes the bytes of the port on without reading requests in them.
pub(crate) fn is_opaque(port: &ServicePort) -> bool {
    matches!(protocol(port).as_str(), "https" | "mongo" | "mysql" | "redis" | "tcp" | "tls")
}
