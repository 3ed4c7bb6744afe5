//! GATEWAY and SNI: what an east-west gateway does with the connection.

use std::sync::Arc;

use mesh_model::actual::HostAddress;
use mesh_model::row::TlsMode;
use mesh_model::{Kind, Network};
use mesh_traffic::{Cause, Endpoint, Exclusion, Gateway, Truth, Via};

use super::server::Server;
use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::target::fits;
use crate::way::Way;

/// The hops at a gateway, and the endpoints that it passes on to; the last hop says why there are none.
pub(crate) struct Passage<'m> {
    pub(crate) hops: Vec<Hop>,
    pub(crate) endpoints: Vec<Arc<Endpoint<'m>>>,
}

pub(crate) fn pass<'m>(
    server: &Server<'_, '_, '_, 'm>,
    way: &Way<'m>,
    network: &Network,
    cause: &Cause,
) -> Passage<'m> {
    let asked = server.asked;
    let gateway = asked.traffic.gateway(cause);
    let socket = |(address, port): &(Arc<str>, u16)| {
        HostAddress::Socket { address: Arc::clone(address), port: *port }.to_string()
    };
    let addresses: Vec<_> = way.addresses.iter().map(socket).collect();
    let what = format!("{}, network {network}", addresses.join(", "));
    let Some(gateway) = gateway else {
        let unknown = format!("{what}; the Service behind the address is not known");
        let hops = vec![Hop::unknown(Step::Gateway, unknown, cause.clone()), sni(server, way, None)];
        return Passage { hops, endpoints: way.endpoints.clone() };
    };
    let mut hops = vec![arrive(server, &gateway, what, cause), sni(server, way, Some(&gateway))];
    let endpoints = passed_on(server, &gateway).unwrap_or_else(|none| {
        hops.push(*none);
        // What stands behind is computed as if the call had come so far.
        way.endpoints.clone()
    });
    Passage { hops, endpoints }
}

/// The gateway has a pod that is ready.
fn arrive(server: &Server<'_, '_, '_, '_>, gateway: &Gateway<'_>, what: String, cause: &Cause) -> Hop {
    let ready = gateway.pods.iter().filter(|pod| pod.fact.ready).count();
    let lost = lost(server.asked.mesh(), [gateway.cluster], &[Kind::Pod]);
    match (ready, lost) {
        (0, None) => Hop::fail(Step::Gateway, format!("{what}: no pod of it is ready"), cause.clone()),
        (0, Some(lost)) => Hop::unknown(Step::Gateway, format!("{what}; {lost}"), cause.clone()),
        _ => Hop::ok(Step::Gateway, what, cause.clone()),
    }
}

/// The server name that the client sends, and the gateway's chain for it.
fn sni<'m>(server: &Server<'_, '_, '_, 'm>, way: &Way<'m>, gateway: Option<&Gateway<'m>>) -> Hop {
    let asked = server.asked;
    let name = server.to.sni();
    let tls = server.policy().tls;
    let typed = tls.value.filter(|tls| tls.mode == TlsMode::IstioMutual).and_then(|tls| tls.sni.as_deref());
    if let Some(typed) = typed.filter(|typed| **typed != name) {
        let what = format!("{typed}; the gateway routes by {name}");
        return Hop::fail(Step::Sni, what, tls.cause.then("sni")).with_code("MESH528");
    }
    let Some(gateway) = gateway else {
        return Hop::unknown(
            Step::Sni,
            format!("{name}, at a gateway that is not known"),
            Cause::Default("no Service"),
        );
    };
    let view = asked.traffic.view(gateway.cluster);
    let port = way.addresses.first().map_or(0, |(_, port)| *port);
    // Addresses of nodes have another port than the Service.
    let port = gateway
        .service
        .fact
        .ports
        .iter()
        .find(|known| known.node_port == Some(port))
        .map_or(port, |known| known.number);
    let passage = view.passage(gateway, port, server.to);
    let lost =
        lost(asked.mesh(), [view.config_cluster()], &[Kind::Gateway, Kind::Service, Kind::DestinationRule]);
    let what = format!("{name}, {}", passage.text);
    match (passage.open, lost) {
        (Truth::Yes, lost) => Hop::ok(Step::Sni, what, passage.cause).unless_lost(lost),
        (_, Some(lost)) => Hop::unknown(Step::Sni, format!("{name}; {lost}"), passage.cause),
        (Truth::No, None) => Hop::fail(Step::Sni, what, passage.cause),
        (Truth::Unknown(_), None) => Hop::unknown(Step::Sni, what, passage.cause),
    }
}

/// Endpoints of the gateway's own network, with its own cluster's rules; a hop that tells why there are none.
fn passed_on<'m>(
    server: &Server<'_, '_, '_, 'm>,
    gateway: &Gateway<'m>,
) -> Result<Vec<Arc<Endpoint<'m>>>, Box<Hop>> {
    let asked = server.asked;
    let view = asked.traffic.view(gateway.cluster);
    let client = gateway.client(&view);
    let none = |why: String, cause: Cause| {
        let seen = view.sees().iter().map(|seen| seen.cluster);
        Box::new(match lost(asked.mesh(), seen, &[Kind::Service, Kind::EndpointSlice, Kind::Pod]) {
            Some(lost) => Hop::unknown(Step::Endpoint, format!("{why}; {lost}"), cause),
            None => Hop::fail(Step::Endpoint, why, cause),
        })
    };
    let Some(service) = view.service_for(&server.to.host, &client.namespace) else {
        return Err(none("the gateway knows no such service".to_owned(), Cause::Default("no service")));
    };
    let subset = Some(&*server.to.subset).filter(|subset| !subset.is_empty());
    let prediction = view.predict_passed_on(&client, &service, server.to.port, subset);
    let sent = prediction.assignment.groups.iter().flat_map(|group| &group.endpoints);
    let direct = sent.filter_map(|sent| match &sent.via {
        Via::Direct(endpoint) => Some(Arc::clone(endpoint)),
        Via::Gateway { .. } => None,
    });
    let wanted =
        |endpoint: &Arc<Endpoint<'m>>| asked.question.to.is_none_or(|to| fits(asked.mesh(), endpoint, to));
    let endpoints: Vec<_> = direct.filter(wanted).collect();
    if !endpoints.is_empty() {
        return Ok(endpoints);
    }
    let mut excluded =
        prediction.assignment.excluded.iter().filter(|left| left.reason != Exclusion::NetworkView);
    let left =
        excluded.find(|left| asked.question.to.is_none_or(|to| fits(asked.mesh(), &left.endpoint, to)));
    let why = left.map_or("none is in its networks", |left| left.reason.text());
    let cause = left.map_or(Cause::Default("no endpoint"), |left| left.cause.clone());
    Err(none(format!("the gateway has no endpoint to pass to: {why}"), cause))
}
