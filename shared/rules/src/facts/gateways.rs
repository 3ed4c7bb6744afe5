//! Network gateways: the Services by which istiod finds the way into a network, and the Gateway servers behind
//! them.

use mesh_model::row::{GatewayFact, GatewayServer, ServiceFact, ServicePort, ServiceType, TlsMode};
use mesh_model::{HostPattern, Row};

use super::pods;
use crate::ClusterView;

/// Label of a Service that makes it the gateway of a network, and of a namespace that names its network.
pub(crate) const NETWORK_LABEL: &str = "topology.istio.io/network";

/// Label of a gateway's Service that names its port for sidecars.
pub(crate) const PORT_LABEL: &str = "networking.istio.io/gatewayPort";

/// Port of a gateway for sidecars unless [`PORT_LABEL`] names another.
pub(crate) const SIDECAR_PORT: u16 = 15443;

/// Port of a gateway for ambient clients.
const HBONE_PORT: u16 = 15008;

/// Annotation by which a `NodePort` Service takes its addresses from nodes.
pub(crate) const NODE_SELECTOR: &str = "traffic.istio.io/nodeSelector";

/// A Service with the label (`istio: pilot/pkg/serviceregistry/kube/controller/network.go`).
#[derive(Clone, Copy)]
pub(crate) struct NetworkGateway<'a> {
    /// The Service.
    pub(crate) service: &'a Row<ServiceFact>,
    /// The network the label names.
    pub(crate) network: &'a str,
}

impl<'a> NetworkGateway<'a> {
    /// The Service as a gateway, if its label says that it is one.
    pub(crate) fn of(service: &'a Row<ServiceFact>) -> Option<Self> {
        let network = service.labels.get(NETWORK_LABEL).filter(|network| !network.is_empty())?;
        Some(Self { service, network })
    }

    /// The gateways of a cluster.
    pub(crate) fn all(view: &ClusterView<'a>) -> impl Iterator<Item = Self> {
        view.services().rows().iter().filter_map(Self::of)
    }

    /// Its listeners stand in a Gateway of the Kubernetes Gateway API, which is not read.
    pub(crate) fn is_managed(&self) -> bool {
        is_managed(self.service)
    }

    /// The number its port for sidecars must have.
    pub(crate) fn sidecar_number(&self) -> u16 {
        let label = self.service.labels.get(PORT_LABEL);
        label.and_then(|text| text.parse().ok()).unwrap_or(SIDECAR_PORT)
    }

    /// Its port for sidecars.
    pub(crate) fn sidecar_port(&self) -> Option<&'a ServicePort> {
        self.service.fact.port(self.sidecar_number())
    }

    /// It has a port that istiod takes, for sidecars or for ambient.
    pub(crate) fn has_port(&self) -> bool {
        self.sidecar_port().is_some() || self.service.fact.port(HBONE_PORT).is_some()
    }

    /// istiod finds an address: of a load balancer, set by hand, or of nodes.
    pub(crate) fn has_address(&self) -> bool {
        let fact = &self.service.fact;
        let of_nodes = fact.service_type == ServiceType::NodePort
            && self.service.annotations.get(NODE_SELECTOR).is_some();
        !fact.ingress.is_empty() || !fact.external_ips.is_empty() || of_nodes
    }
}

/// Istio made the Service for a Gateway of the Kubernetes Gateway API.
pub(crate) fn is_managed(service: &Row<ServiceFact>) -> bool {
    service.labels.get("gateway.networking.k8s.io/gateway-name").is_some()
}

/// Such a Service without the label of a network that has a port of an east-west gateway: it may be one all the
/// same, by what its Gateway says.
pub(crate) fn may_lead_into_network(service: &Row<ServiceFact>) -> bool {
    is_managed(service) && [SIDECAR_PORT, HBONE_PORT].iter().any(|port| service.fact.port(*port).is_some())
}

/// A server of a Gateway.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    /// The Gateway.
    pub(crate) gateway: &'a Row<GatewayFact>,
    /// Position in `spec.servers`.
    pub(crate) position: usize,
    /// The server.
    pub(crate) fact: &'a GatewayServer,
}

impl<'a> Server<'a> {
    /// All servers of the Gateways of a cluster.
    pub(crate) fn all(view: &ClusterView<'a>) -> impl Iterator<Item = Self> {
        view.gateways().rows().iter().flat_map(|gateway| {
            let servers = gateway.fact.servers.iter().enumerate();
            servers.map(move |(position, fact)| Self { gateway, position, fact })
        })
    }

    /// It passes calls on by their server name, as a gateway between networks must.
    pub(crate) fn is_auto_passthrough(&self) -> bool {
        self.fact.tls == Some(TlsMode::AutoPassthrough)
    }

    /// Its Gateway is applied to the pods of `service`: told by the pods, or by the selectors where no pod is
    /// known. An empty selector means every gateway.
    pub(crate) fn applies_to(&self, view: &ClusterView<'a>, service: &'a Row<ServiceFact>) -> bool {
        let selector = &self.gateway.fact.selector;
        selector.is_empty()
            || service.fact.selector.matched_by(selector)
            || pods::of_service(view, service).any(|pod| pod.labels.matched_by(selector))
    }

    /// It listens where `port` leads; a target port with a name may be any.
    pub(crate) fn listens_behind(&self, port: &ServicePort) -> bool {
        let target = if port.target.is_empty() { Ok(port.number) } else { port.target.parse::<u16>() };
        self.fact.port == port.number || target.map_or(true, |target| target == self.fact.port)
    }

    /// One of its hosts, a namespace before it left aside, covers `host`.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.fact.hosts.iter().any(|text| {
            let text = text.rsplit_once('/').map_or(&**text, |(_, host)| host);
            HostPattern::parse(text, &self.gateway.obj.namespace).covers(host)
        })
    }
}
