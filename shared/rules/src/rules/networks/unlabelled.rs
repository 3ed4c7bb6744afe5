//! Services that look like the gateway of their network and lack the label, which MESH502 leaves to MESH503.

use mesh_model::row::{ServiceFact, ServicePort, ServiceType};
use mesh_model::{Kind, Network, Row};

use crate::facts::gateways::{NetworkGateway, SIDECAR_PORT, Server, is_managed};
use crate::{ClusterView, MeshView};

/// Why a Service looks like a gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It exposes 15443.
    Port,
    /// It exposes this port, behind which its pods have an `AUTO_PASSTHROUGH` server.
    Server(u16),
}

/// The unlabelled gateways of a cluster: those that are reachable from outside, else all. A port alone proves
/// little: ingress gateways of old profiles expose 15443 too.
pub(super) fn unlabelled<'a>(view: &ClusterView<'a>) -> Vec<(&'a Row<ServiceFact>, Reason)> {
    let servers: Vec<Server<'a>> = Server::all(view).filter(Server::is_auto_passthrough).collect();
    let candidates = view.services().rows().iter().filter(|service| NetworkGateway::of(service).is_none());
    let mut found: Vec<(&'a Row<ServiceFact>, Reason)> = candidates
        .filter(|service| !service.fact.selector.is_empty() && !is_managed(service))
        .filter_map(|service| {
            let leads = |port: &&ServicePort| {
                let mut behind = servers.iter().filter(|server| server.listens_behind(port));
                is_number(&port.target) && behind.any(|server| server.applies_to(view, service))
            };
            let reason = match service.fact.ports.iter().find(leads) {
                Some(port) => Reason::Server(port.number),
                None => service.fact.port(SIDECAR_PORT).map(|_| Reason::Port)?,
            };
            Some((service, reason))
        })
        .collect();
    if found.iter().any(|(service, _)| is_exposed(service)) {
        found.retain(|(service, _)| is_exposed(service));
    }
    found
}

/// A gateway of `network` is there, labelled or named by `meshNetworks`, in a cluster that `near` accepts; or a
/// cluster of the network may hold one and its Services could not be read.
pub(super) fn may_have_gateway(
    mesh: &MeshView<'_>,
    network: &Network,
    near: &dyn Fn(&ClusterView<'_>) -> bool,
) -> bool {
    mesh.all_clusters().filter(|view| near(view)).any(|view| {
        let config = view.control_plane().mesh_config.iter();
        let configured = config.flat_map(|(_, config)| &config.mesh_networks);
        let is_blind = !view.knows(Kind::Service) && mesh.networks().get(view.name()) == Some(network);
        is_blind
            || configured.into_iter().any(|known| known.name == *network && !known.gateways.is_empty())
            || NetworkGateway::all(&view).any(|gateway| *network == *gateway.network)
    })
}

/// A named target port could lead anywhere; only numbers prove something.
fn is_number(target: &str) -> bool {
    target.is_empty() || target.parse::<u16>().is_ok()
}

pub(super) fn is_exposed(service: &Row<ServiceFact>) -> bool {
    matches!(service.fact.service_type, ServiceType::LoadBalancer | ServiceType::NodePort)
        || !service.fact.external_ips.is_empty()
}
