//! MESH502.

use std::collections::BTreeMap;

use mesh_model::{ClusterName, Network, path};

use super::manifests::east_west_gateway;
use super::unlabelled::{may_have_gateway, unlabelled};
use crate::facts::gateways::may_lead_into_network;
use crate::facts::networks::{Callers, Wanted, wanted};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "network_without_gateway.md",
    pub static NETWORK_WITHOUT_GATEWAY = {
        code: 502, name: "network-without-gateway", summary: "networks that others call have a gateway",
        severity: Error, tags: Tags::empty(),
        needs: [Service, Pod, EndpointSlice, Gateway, Secret, ServiceEntry], closed: [Service, Pod, ConfigMap, EndpointSlice], after: [501],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let callers = Callers::of(mesh);
    let mut found: BTreeMap<Network, Wanted<'_, '_>> = BTreeMap::new();
    let mut has_gateway: BTreeMap<&ClusterName, bool> = BTreeMap::new();
    for host in mesh.hosts() {
        for call in wanted(mesh, host, &callers) {
            let server = call.server;
            let Some(network) = mesh.networks().get(server.name()) else { continue };
            if *has_gateway.entry(server.name()).or_insert_with(|| is_served(mesh, &server, network)) {
                continue;
            }
            let known = found.get(network);
            if known.is_none_or(|known| call.joined.is_sure() && !known.joined.is_sure()) {
                found.insert(network.clone(), call);
            }
        }
    }
    for (network, Wanted { server, service, client, joined }) in found {
        let message = format!(
            "network \"{network}\" has no gateway, so clients in cluster \"{client}\" get addresses of pods they cannot reach"
        );
        let _ = out
            .report_cluster(server.name(), message)
            .peer(client)
            .evidence(service, path!["spec"], "is called from another network")
            .unless_sure(joined)
            .manifest(east_west_gateway(server.control_plane().system_namespace(), &network), false);
    }
}

/// A gateway is there, or a Service that another rule takes for an unlabelled one.
fn is_served(mesh: &MeshView<'_>, server: &ClusterView<'_>, network: &Network) -> bool {
    let near = |other: &ClusterView<'_>| {
        other.name() == server.name() || mesh.membership().joined(server.name(), other.name()).is_possible()
    };
    let of_network =
        |other: &&ClusterView<'_>| near(other) && mesh.networks().get(other.name()) == Some(network);
    may_have_gateway(mesh, network, &near)
        || mesh.clusters().iter().filter(of_network).any(|view| {
            !unlabelled(view).is_empty() || view.services().rows().iter().any(may_lead_into_network)
        })
}
