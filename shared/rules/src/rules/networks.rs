//! MESH5xx: networks and east-west gateways.

mod cross_network_gateway_missing;
mod gateway_port_missing;
mod gateway_service_unlabelled;
mod manifests;
mod network_gateway_without_address;
mod network_without_gateway;
mod unlabelled;

pub use cross_network_gateway_missing::CROSS_NETWORK_GATEWAY_MISSING;
pub use gateway_port_missing::GATEWAY_PORT_MISSING;
pub use gateway_service_unlabelled::GATEWAY_SERVICE_UNLABELLED;
pub use network_gateway_without_address::NETWORK_GATEWAY_WITHOUT_ADDRESS;
pub use network_without_gateway::NETWORK_WITHOUT_GATEWAY;
