//! Namespaces, nodes and services.

use std::net::IpAddr;
use std::sync::Arc;

use crate::{Labels, Locality};

/// A namespace; labels and annotations stand in its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFact {
    /// `metadata.uid`; that of `kube-system` names the cluster.
    pub uid: Arc<str>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFact {
    /// From its labels.
    pub locality: Locality,
    /// `spec.providerID`, empty if unset.
    pub provider_id: Arc<str>,
    /// Addresses of type `ExternalIP`.
    pub external_ips: Vec<Arc<str>>,
}

/// `spec.type` of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum ServiceType {
    /// The default.
    #[default]
    ClusterIp,
    /// `NodePort`.
    NodePort,
    /// `LoadBalancer`.
    LoadBalancer,
    /// `ExternalName`.
    ExternalName,
    /// A value of a later Kubernetes.
    Other(Arc<str>),
}

/// One entry of `spec.ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Name, empty if unset.
    pub name: Arc<str>,
    /// Port of the Service.
    pub number: u16,
    /// `TCP` if unset.
    pub protocol: Arc<str>,
    /// `appProtocol`, if set.
    pub app_protocol: Option<Arc<str>>,
    /// `targetPort` as text, empty if unset (then it equals the port).
    pub target: Arc<str>,
    /// `nodePort`, if assigned.
    pub node_port: Option<u16>,
}

/// A Service.
#[expect(clippy::struct_excessive_bools, reason = "four independent fields of the API object")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFact {
    /// `spec.type`.
    pub service_type: ServiceType,
    /// `clusterIP: None`.
    pub headless: bool,
    /// Cluster addresses.
    pub cluster_ips: Vec<IpAddr>,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// `spec.selector`.
    pub selector: Labels,
    /// Addresses and host names of `status.loadBalancer.ingress`.
    pub ingress: Vec<Arc<str>>,
    /// `status` was there. An API server always gives one; a manifest of a repository has none, and then nothing is
    /// known about `ingress`.
    pub has_status: bool,
    /// `spec.externalIPs`.
    pub external_ips: Vec<Arc<str>>,
    /// Annotation `traffic.istio.io/nodeSelector`: labels of the nodes that give a `NodePort` Service its addresses.
    /// Empty, which selects every node, where it cannot be read; `None` without the annotation.
    pub node_selector: Option<Labels>,
    /// `spec.trafficDistribution`, if set.
    pub traffic_distribution: Option<Arc<str>>,
    /// `spec.externalTrafficPolicy: Local`.
    pub local_traffic_only: bool,
    /// `spec.internalTrafficPolicy: Local`.
    pub node_local: bool,
}

impl ServiceFact {
    /// The port with this number.
    #[must_use]
    pub fn port(&self, number: u16) -> Option<&ServicePort> {
        self.ports.iter().find(|port| port.number == number)
    }
}
