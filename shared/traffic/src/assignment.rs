//! What istiod sends by EDS: the endpoints of one Envoy cluster in groups
//! (`envoy: ClusterLoadAssignment`, `LocalityLbEndpoints`).

use std::sync::Arc;

use mesh_model::{Locality, Network};

use crate::{Cause, Endpoint, Health};

/// Endpoints of one Envoy cluster, for one client.
#[derive(Clone, Debug)]
pub struct Assignment<'m> {
    /// `outbound|PORT|SUBSET|HOST`.
    pub name: String,
    /// In the order in which istiod sends them: by locality as text, then by priority within a split locality.
    pub groups: Vec<Group<'m>>,
    /// Every endpoint of the port that is not sent, with the reason.
    pub excluded: Vec<Excluded<'m>>,
    /// What all weights were multiplied by: the least common multiple of the gateway counts; 1 without gateways.
    pub scale: u32,
    /// What could not be known and may change the rest.
    pub unknown: Vec<Unknown>,
}

/// Something that decides about endpoints and is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What is missing, in lower case, without a full stop.
    pub what: String,
    /// The field it hangs on.
    pub cause: Cause,
}

/// Endpoints of one locality and priority.
#[derive(Clone, Debug)]
pub struct Group<'m> {
    /// The locality of its endpoints; of those behind a gateway, not of the gateway.
    pub locality: Locality,
    /// 0 is used first.
    pub priority: u32,
    /// Weight of the group among those of its priority, where locality weights count.
    pub weight: u32,
    /// What is sent. Empty where `distribute` or the filter of networks took everything: Envoy sees the group still.
    pub endpoints: Vec<Sent<'m>>,
}

/// One address that is sent.
#[derive(Clone, Debug)]
pub struct Sent<'m> {
    /// Address or host name.
    pub address: Arc<str>,
    /// Port.
    pub port: u16,
    /// Weight among the hosts.
    pub weight: u32,
    /// What EDS says; a gateway is always healthy.
    pub health: Health,
    /// Who answers there.
    pub via: Via<'m>,
}

/// Who answers at an address.
#[derive(Clone, Debug)]
pub enum Via<'m> {
    /// The endpoint itself.
    Direct(Arc<Endpoint<'m>>),
    /// An east-west gateway that stands for endpoints behind it.
    Gateway {
        /// The network it leads into.
        network: Network,
        /// ID of its cluster; empty for an address that the mesh config names.
        cluster_id: Arc<str>,
        /// The Service or field that makes it a gateway.
        cause: Cause,
        /// The endpoints it stands for.
        behind: Vec<Arc<Endpoint<'m>>>,
    },
}

/// An endpoint that is not sent.
#[derive(Clone, Debug)]
pub struct Excluded<'m> {
    /// The endpoint.
    pub endpoint: Arc<Endpoint<'m>>,
    /// Why.
    pub reason: Exclusion,
    /// The field that decided.
    pub cause: Cause,
}

/// Why an endpoint is not sent (`istio: pilot/pkg/xds/endpoints/endpoint_builder.go: filterIstioEndpoint`,
/// `ep_filters.go`, `pilot/pkg/networking/core/loadbalancer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exclusion {
    /// The Service of its cluster is exported to nobody.
    NotExported,
    /// Its pod is not there.
    NoPod,
    /// It has no port of the name that the merged service gives to the port.
    PortName,
    /// Its address is a host name, and clients learn addresses from istiod.
    HostName,
    /// On another node, and `internalTrafficPolicy` is `Local`.
    OtherNode,
    /// In another cluster, and the host is cluster-local.
    ClusterLocal,
    /// In a network that the client did not ask for.
    NetworkView,
    /// Without an address.
    NoAddress,
    /// Not ready, and unready endpoints are not sent.
    NotReady,
    /// About to end.
    Terminating,
    /// About to end, and the service has no persistent sessions.
    Draining,
    /// Its labels are not those of the subset.
    Subset,
    /// In another network, whose gateways have no IP family of the client.
    GatewayFamily,
    /// In another network, without mutual TLS.
    NoMutualTls,
    /// In a locality that `distribute` does not list.
    Distribute,
    /// Its cluster is not read by the istiod of the client.
    ClusterNotJoined,
}

impl Exclusion {
    /// The reason for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotExported => "the Service of its cluster is exported to nobody",
            Self::NoPod => "its pod is not there",
            Self::PortName => "it has no port of that name",
            Self::HostName => "a host name, which is not resolved for this service",
            Self::OtherNode => "on another node, and internalTrafficPolicy is Local",
            Self::NetworkView => "in a network that the client did not ask for",
            Self::ClusterLocal => "in another cluster, and the host is cluster-local",
            Self::NoAddress => "has no address",
            Self::NotReady => "not ready",
            Self::Terminating => "terminating",
            Self::Draining => "draining",
            Self::Subset => "its labels are not those of the subset",
            Self::GatewayFamily => "no gateway of its network has an IP family of the client",
            Self::NoMutualTls => "no sidecar mTLS, unreachable across networks",
            Self::Distribute => "in a locality that distribute does not list",
            Self::ClusterNotJoined => "the client's istiod has no remote secret for its cluster",
        }
    }
}
