//! Rows: the facts of one object of each kind, with Kubernetes' and Istio's defaults applied.

mod config;
mod core;
mod istio;
mod policy;
mod webhook;
mod workload;

pub use config::{ConfigMapFact, InjectorValues, MeshConfig, MeshNetwork, SecretFact};
pub use core::{NamespaceFact, NodeFact, ServiceFact, ServicePort, ServiceType};
pub use istio::{
    DestinationRule, GatewayFact, GatewayServer, ServiceEntry, SidecarFact, Subset, TlsMode, VirtualService,
};
pub use policy::{
    ConnectionPool, Distribute, Failover, LoadBalancer, LocalityLbSetting, OutlierDetection, PolicyBlocks,
    PortPolicy, TrafficPolicy,
};
pub use webhook::{RevisionFact, WebhookConfig, WebhookEntry, WebhookService};
pub use workload::{Container, DeploymentFact, Endpoint, EndpointSliceFact, PodFact, SlicePort};
