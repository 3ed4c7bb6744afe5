//! Istio's networking resources.

use std::sync::Arc;

use crate::row::TrafficPolicy;
use crate::{HostPattern, Labels};

/// Client or server TLS mode.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// `DISABLE`, and what a `tls` block without mode means on a client.
    #[default]
    Disable,
    /// `SIMPLE`.
    Simple,
    /// `MUTUAL`.
    Mutual,
    /// `ISTIO_MUTUAL`.
    IstioMutual,
    /// `AUTO_PASSTHROUGH`.
    AutoPassthrough,
    /// `PASSTHROUGH`.
    Passthrough,
    /// Another value.
    Other(Arc<str>),
}

/// A DestinationRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRule {
    /// `spec.host` as written, for messages.
    pub host_text: Arc<str>,
    /// `spec.host` resolved.
    pub host: HostPattern,
    /// `spec.trafficPolicy`.
    pub policy: Option<TrafficPolicy>,
    /// `spec.subsets`.
    pub subsets: Vec<Subset>,
    /// `spec.exportTo`.
    pub export_to: Vec<Arc<str>>,
    /// `spec.workloadSelector.matchLabels`; empty without one.
    pub workload_selector: Labels,
    /// `metadata.creationTimestamp`, empty where unknown; as text, since its order is that of time.
    pub created: Arc<str>,
    /// `metadata.deletionTimestamp` is set.
    pub deleting: bool,
}

/// One entry of `subsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subset {
    /// Name.
    pub name: Arc<str>,
    /// Labels of its endpoints.
    pub labels: Labels,
    /// Its own `trafficPolicy`.
    pub policy: Option<TrafficPolicy>,
}

/// A Sidecar: the hosts it lets its workloads see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SidecarFact {
    /// `spec.workloadSelector.labels`; empty without one.
    pub selector: Labels,
    /// `metadata.creationTimestamp`, empty where unknown; as text, since its order is that of time.
    pub created: Arc<str>,
    /// `egress[].hosts` as written, for example `shop/*`.
    pub egress_hosts: Vec<Arc<str>>,
}

/// A Gateway of `networking.istio.io`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayFact {
    /// `spec.selector`.
    pub selector: Labels,
    /// `spec.servers`.
    pub servers: Vec<GatewayServer>,
}

/// One entry of `servers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayServer {
    /// `port.number`.
    pub port: u16,
    /// `port.protocol`.
    pub protocol: Arc<str>,
    /// `tls.mode`; `PASSTHROUGH` for a `tls` block without mode, `None` without a block.
    pub tls: Option<TlsMode>,
    /// `hosts` as written; a `namespace/` prefix is kept.
    pub hosts: Vec<Arc<str>>,
}
