//! Rows: the facts of one object of each kind, with Kubernetes' and Istio's defaults applied.

mod config;
mod core;
mod entry;
mod istio;
mod policy;
mod route;
mod security;
mod webhook;
mod workload;

pub use config::{ConfigMapFact, InjectorValues, MeshConfig, MeshNetwork, NetworkGatewayAddress, SecretFact};
pub use core::{NamespaceFact, NodeFact, ServiceFact, ServicePort, ServiceType};
pub use entry::{EntryPort, Resolution, ServiceEntry, WorkloadEntry};
pub use istio::{DestinationRule, GatewayFact, GatewayServer, SidecarFact, Subset, TlsMode};
pub use policy::{
    ClientTls, ConnectionPool, ConsistentHash, Distribute, Failover, LoadBalancer, LocalityLbSetting,
    OutlierDetection, PolicyBlocks, PortPolicy, TrafficPolicy, ZoneAware,
};
pub use route::{
    Answer, Delegate, HttpMatch, HttpRoute, Retries, Rewrite, RouteTarget, SourceMatch, StreamMatch,
    StreamRoute, TextMatch, VirtualService,
};
pub use security::{
    AccessCondition, AccessRule, AuthorizationPolicy, MtlsMode, Operation, PeerAuthentication, PolicyAction,
    Source, Values,
};
pub use webhook::{RevisionFact, WebhookConfig, WebhookEntry, WebhookService};
pub use workload::{Container, DeploymentFact, Endpoint, EndpointSliceFact, PodFact, SlicePort};
