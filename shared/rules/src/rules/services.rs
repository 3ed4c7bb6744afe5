//! MESH3xx: services, ports, endpoints.

mod port_differs;
mod port_name_differs;
mod service_missing_in_client_cluster;

pub use port_differs::PORT_DIFFERS;
pub use port_name_differs::PORT_NAME_DIFFERS;
pub use service_missing_in_client_cluster::SERVICE_MISSING_IN_CLIENT_CLUSTER;
