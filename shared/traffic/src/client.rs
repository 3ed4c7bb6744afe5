//! The client: the proxy that sends.

use mesh_model::row::PodFact;
use mesh_model::{Labels, Locality, Name, Namespace, Network, Row};

/// A proxy that sends, as its istiod sees it (`istio: pilot/pkg/model/context.go: Proxy`).
#[derive(Clone, Debug)]
pub struct Client<'m> {
    /// Position of its cluster in the mesh.
    pub cluster: usize,
    /// Its namespace.
    pub namespace: Namespace,
    /// Labels of its pod, without those that istiod adds.
    pub labels: Labels,
    /// Where it stands.
    pub locality: Locality,
    /// `ISTIO_META_NETWORK`, by which gateways are chosen; empty if it has none.
    pub network: Network,
    /// What its label `topology.istio.io/network` reads: that of its pod, of its cluster, or `network`.
    pub network_label: Network,
    /// `ISTIO_META_REQUESTED_NETWORK_VIEW`: it is given endpoints of these networks and of unnamed ones; `None` for
    /// all networks. East-west gateways ask for their own (`istio: pilot/pkg/model/proxy_view.go`).
    pub network_view: Option<Vec<Network>>,
    /// Its node, empty if unknown.
    pub node: Name,
    /// IP families it has.
    pub families: Families,
    /// What kind of proxy it is.
    pub role: Role,
    /// Its pod, where it stands for one.
    pub pod: Option<&'m Row<PodFact>>,
}

/// Kind of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Role {
    /// Beside an application.
    #[default]
    Sidecar,
    /// A gateway.
    Router,
}

/// IP families of a proxy. A proxy of which none is known gets everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Client<'_> {
    /// A label as `failoverPriority` reads it: those that istiod adds to a proxy count before the pod's own, unless
    /// they are empty (`istio: pilot/pkg/serviceregistry/util/label/label.go: AugmentLabels`).
    #[must_use]
    pub fn label<'a>(&'a self, key: &str, cluster_id: &'a str) -> Option<&'a str> {
        let added = match key {
            labels::REGION => self.locality.region.as_str(),
            labels::ZONE => self.locality.zone.as_str(),
            labels::SUBZONE => self.locality.subzone.as_str(),
            labels::CLUSTER => cluster_id,
            labels::NETWORK => self.network_label.as_str(),
            labels::HOSTNAME => self.node.as_str(),
            _ => "",
        };
        if added.is_empty() { self.labels.get(key) } else { Some(added) }
    }
}

/// Labels that istiod adds to endpoints and proxies (`istio/api: label/labels.gen.go`).
pub mod labels {
    /// Region of the node.
    pub const REGION: &str = "topology.kubernetes.io/region";
    /// Zone of the node.
    pub const ZONE: &str = "topology.kubernetes.io/zone";
    /// Subzone of the node.
    pub const SUBZONE: &str = "topology.istio.io/subzone";
    /// Cluster ID.
    pub const CLUSTER: &str = "topology.istio.io/cluster";
    /// Network.
    pub const NETWORK: &str = "topology.istio.io/network";
    /// Node.
    pub const HOSTNAME: &str = "kubernetes.io/hostname";
}
