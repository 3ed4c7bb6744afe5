//! Workloads and services that Kubernetes does not know of: ServiceEntry and WorkloadEntry.

use std::sync::Arc;

use crate::{Labels, Name, Network};

/// `spec.resolution` of a ServiceEntry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Resolution {
    /// `NONE`, and unset: the address the client calls.
    #[default]
    None,
    /// `STATIC`: the listed addresses, by EDS.
    Static,
    /// `DNS`: each name is resolved by the proxy.
    Dns,
    /// `DNS_ROUND_ROBIN`: one name is resolved by the proxy.
    DnsRoundRobin,
    /// `DYNAMIC_DNS`, or a value of a later Istio.
    Other,
}

/// A ServiceEntry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceEntry {
    /// `spec.hosts`.
    pub hosts: Vec<Arc<str>>,
    /// `spec.addresses`.
    pub addresses: Vec<Arc<str>>,
    /// `spec.ports`.
    pub ports: Vec<EntryPort>,
    /// `spec.resolution`.
    pub resolution: Resolution,
    /// `spec.location: MESH_INTERNAL`.
    pub mesh_internal: bool,
    /// `spec.endpoints`.
    pub endpoints: Vec<WorkloadEntry>,
    /// `spec.workloadSelector.labels`; empty without one.
    pub selector: Labels,
    /// `spec.exportTo`.
    pub export_to: Vec<Arc<str>>,
    /// `metadata.creationTimestamp`, empty where unknown; as text, since its order is that of time.
    pub created: Arc<str>,
}

/// One entry of `ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPort {
    /// Number.
    pub number: u16,
    /// Name.
    pub name: Arc<str>,
    /// Protocol as written.
    pub protocol: Arc<str>,
    /// `targetPort`, if set.
    pub target: Option<u16>,
}

/// A WorkloadEntry, or one entry of a ServiceEntry's `endpoints`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadEntry {
    /// `address`, empty if unset: an IP address, a host name, or `unix://` and a path.
    pub address: Arc<str>,
    /// `ports` by name.
    pub ports: Vec<(Arc<str>, u16)>,
    /// `labels`.
    pub labels: Labels,
    /// `network`, empty if unset.
    pub network: Network,
    /// `locality` as written, empty if unset: `region/zone/subzone`.
    pub locality: Arc<str>,
    /// `weight`; 0 if unset.
    pub weight: u32,
    /// `serviceAccount`, empty if unset.
    pub service_account: Name,
    /// Health checks are on (annotation `proxy.istio.io/health-checks-enabled`), and `status` does not say `Healthy`.
    pub unhealthy: bool,
}
