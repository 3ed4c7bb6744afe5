//! MESH509.

use std::collections::BTreeSet;

use mesh_model::row::ServicePort;
use mesh_model::{ClusterName, Kind, path};
use serde_json::json;

use super::manifests::cross_network_gateway;
use crate::facts::gateways::{NetworkGateway, Server};
use crate::facts::membership::{Joined, remote_secrets};
use crate::facts::networks::{Callers, Wanted, wanted};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "cross_network_gateway_missing.md",
    pub static CROSS_NETWORK_GATEWAY_MISSING = {
        code: 509, name: "cross-network-gateway-missing",
        summary: "gateways of networks pass calls on to all services that are called",
        severity: Error, tags: Tags::empty(),
        needs: [Service, Pod, EndpointSlice, Gateway, Secret, ServiceEntry], closed: [Service, Pod, ConfigMap, EndpointSlice, Gateway], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let mut open: Vec<Passage<'_>> = Vec::new();
    for view in mesh.clusters() {
        let several = mesh.networks().are_several_for(mesh, view.name());
        if !several.is_possible() {
            continue;
        }
        let sources = match sources(mesh, view) {
            Ok(sources) => sources,
            Err(cause) => {
                out.cannot_judge(view, Kind::Gateway, cause);
                continue;
            }
        };
        let (managed, gateways): (Vec<_>, Vec<_>) =
            NetworkGateway::all(view).partition(NetworkGateway::is_managed);
        let first_of_view = open.len();
        for gateway in gateways {
            let Some(port) = gateway.sidecar_port() else { continue };
            let (passing, other): (Vec<_>, Vec<_>) =
                servers(&sources, view, gateway, port).into_iter().partition(Server::is_auto_passthrough);
            let other = other.iter().find(|server| server.fact.port == port.number);
            match (passing.is_empty(), other) {
                (false, _) => open.push(Passage { cluster: view.name(), servers: passing }),
                (true, Some(server)) => report_mode(gateway, *server, several, out),
                (true, None) => report_missing(gateway, port, several, out),
            }
        }
        // What these leave out may be let through by one whose listeners are not read.
        if !managed.is_empty() {
            open.truncate(first_of_view);
        }
    }
    report_narrow(mesh, &open, out);
}

/// What a network gateway lets through.
struct Passage<'a> {
    cluster: &'a ClusterName,
    servers: Vec<Server<'a>>,
}

/// The clusters whose Gateways count for this one. A remote cluster has no configuration of its own: istiod takes
/// that of the primaries, which run an istiod or, where that is managed, hold remote secrets. The error says which
/// of them could not be read.
fn sources<'a>(mesh: &MeshView<'a>, view: &ClusterView<'a>) -> Result<Vec<ClusterView<'a>>, String> {
    let mut sources = vec![*view];
    if is_primary(view) {
        return Ok(sources);
    }
    for other in mesh.all_clusters() {
        if !mesh.membership().joined(view.name(), other.name()).is_possible() {
            continue;
        }
        if mesh.clusters().iter().any(|judged| judged.name() == other.name()) {
            sources.extend(Some(other).filter(is_primary));
        } else if is_primary(&other) || !other.knows(Kind::Deployment) || !other.knows(Kind::Secret) {
            return Err(format!("the Gateways of cluster \"{}\", which may lead it", other.name()));
        }
    }
    if sources.len() == 1 {
        return Err("the Gateways of its primary, which was not given".to_owned());
    }
    Ok(sources)
}

fn is_primary(view: &ClusterView<'_>) -> bool {
    !view.control_plane().istiods.is_empty() || remote_secrets(view).next().is_some()
}

/// The servers behind a gateway's port.
fn servers<'a>(
    sources: &[ClusterView<'a>],
    view: &ClusterView<'a>,
    gateway: NetworkGateway<'a>,
    port: &ServicePort,
) -> Vec<Server<'a>> {
    let servers = sources.iter().flat_map(Server::all);
    servers.filter(|server| server.listens_behind(port) && server.applies_to(view, gateway.service)).collect()
}

fn report_missing(gateway: NetworkGateway<'_>, port: &ServicePort, several: Joined<'_>, out: &mut Sink<'_>) {
    let service = gateway.service;
    let at = service.fact.ports.iter().position(|other| other == port).unwrap_or_default();
    let message = format!(
        "Service \"{}\" leads into network \"{}\", but no Gateway has an AUTO_PASSTHROUGH server on port {} of its pods",
        service.obj.qualified_name(),
        gateway.network,
        port.number,
    );
    let manifest = cross_network_gateway(&service.obj.namespace, &service.fact.selector, port.number);
    let _ = out
        .report(service, path!["spec", "ports", at], message)
        .unless_sure(several)
        .manifest(vec![manifest], true);
}

fn report_mode(gateway: NetworkGateway<'_>, server: Server<'_>, several: Joined<'_>, out: &mut Sink<'_>) {
    let tls = path!["spec", "servers", server.position, "tls"];
    let message = format!(
        "Gateway \"{}\" serves port {} of the gateway of network \"{}\" without AUTO_PASSTHROUGH",
        server.gateway.obj.qualified_name(),
        server.fact.port,
        gateway.network,
    );
    let protocol = path!["spec", "servers", server.position, "port", "protocol"].to_pointer();
    let mend = json!([
        {"op": "add", "path": tls.to_pointer(), "value": {"mode": "AUTO_PASSTHROUGH"}},
        {"op": "add", "path": protocol, "value": "TLS"},
    ]);
    let _ = out.report(server.gateway, tls, message).unless_sure(several).json_patch(mend, false);
}

/// For each cluster the first host that other networks call and no server lets through.
fn report_narrow(mesh: &MeshView<'_>, open: &[Passage<'_>], out: &mut Sink<'_>) {
    let callers = Callers::of(mesh);
    let mut told: BTreeSet<&ClusterName> = BTreeSet::new();
    for host in mesh.hosts() {
        for Wanted { server: view, service, client, joined } in wanted(mesh, host, &callers) {
            let mut passages = open.iter().filter(|passage| passage.cluster == view.name()).peekable();
            let Some(first) = passages.peek().and_then(|passage| passage.servers.first().copied()) else {
                continue;
            };
            if passages.any(|passage| passage.servers.iter().any(|server| server.covers(&host.name)))
                || !told.insert(view.name())
            {
                continue;
            }
            let hosts = path!["spec", "servers", first.position, "hosts"];
            let message = format!(
                "Gateway \"{}\" does not let \"{}\" through, which cluster \"{client}\" calls from another network",
                first.gateway.obj.qualified_name(),
                host.name,
            );
            let add = json!([{"op": "add", "path": hosts.clone().then("-".to_owned()).to_pointer(), "value": "*.local"}]);
            let _ = out
                .report(first.gateway, hosts, message)
                .peer(client)
                .unless_sure(joined)
                .evidence(service, path!["spec"], "has applications of the mesh behind it")
                .json_patch(add, false);
        }
    }
}
