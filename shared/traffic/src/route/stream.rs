//! TLS and TCP routes: filter chains of the listener (`istio: pilot/pkg/networking/core/tls.go`).

use std::net::IpAddr;

use mesh_model::row::{RouteTarget, StreamMatch, StreamRoute, VirtualService};
use mesh_model::{FieldPath, HostPattern, ObjectRef, Row, path};

use super::{Place, Route, Routing, routing, select};
use crate::{Cause, Truth};

/// What happens to a TLS connection whose server name is the host; `None` without a `tls` match for the client.
///
/// Envoy takes the chain with the most specific server name, not the first.
pub(super) fn tls(at: &Place<'_, '_, '_>, visible: &[&Row<VirtualService>]) -> Option<Route> {
    let mut unmatched = None;
    let mut best: Option<(usize, Route)> = None;
    for row in select::covering(visible, at.service.host) {
        for (position, route) in
            row.fact.tls.iter().enumerate().filter(|(_, route)| !route.targets.is_empty())
        {
            for (entry, matcher) in route.matches.iter().enumerate() {
                let path = path!["spec", "tls", position, "match", entry];
                let doubt = match is_sent(at, matcher) {
                    Truth::No => continue,
                    Truth::Yes => None,
                    Truth::Unknown(reason) => Some(reason),
                };
                let missed = || plain(&row.obj, path!["spec", "tls"], Routing::Unmatched);
                unmatched.get_or_insert_with(missed);
                let Some(length) = server_name(matcher, at.service.host) else { continue };
                let addressed =
                    match Truth::all([to_address(at, matcher), doubt.map_or(Truth::Yes, Truth::Unknown)]) {
                        Truth::No => continue,
                        Truth::Yes => taken(at, &row.obj, path, route),
                        Truth::Unknown(reason) => plain(&row.obj, path, Routing::Unknown(reason)),
                    };
                if best.as_ref().is_none_or(|(known, _)| length > *known) {
                    best = Some((length, addressed));
                }
            }
        }
    }
    best.map(|(_, route)| route).or(unmatched)
}

/// What happens to a TCP connection; `None` where no route takes it, and it goes to the service.
pub(super) fn tcp(at: &Place<'_, '_, '_>, visible: &[&Row<VirtualService>]) -> Option<Route> {
    for row in select::covering(visible, at.service.host) {
        for (position, route) in
            row.fact.tcp.iter().enumerate().filter(|(_, route)| !route.targets.is_empty())
        {
            if route.matches.is_empty() {
                return Some(taken(at, &row.obj, path!["spec", "tcp", position], route));
            }
            for (entry, matcher) in route.matches.iter().enumerate() {
                let path = path!["spec", "tcp", position, "match", entry];
                match Truth::all([is_sent(at, matcher), to_address(at, matcher)]) {
                    Truth::No => {}
                    Truth::Yes => return Some(taken(at, &row.obj, path, route)),
                    Truth::Unknown(reason) => return Some(plain(&row.obj, path, Routing::Unknown(reason))),
                }
            }
        }
    }
    None
}

fn taken(at: &Place<'_, '_, '_>, object: &ObjectRef, path: FieldPath, route: &StreamRoute) -> Route {
    // A host with one port is called on that port.
    let default_port = |to: &RouteTarget| match at.view.service(&to.host) {
        Some(service) if service.ports.len() == 1 => service.ports[0].number(),
        Some(_) | None => at.port,
    };
    plain(object, path, routing(&route.targets, default_port))
}

fn plain(object: &ObjectRef, path: FieldPath, routing: Routing) -> Route {
    Route {
        object: Some(object.clone()),
        cause: Cause::field(object, path),
        routing,
        rewrite: None,
        retries: None,
        aborts: 0,
    }
}

fn is_sent(at: &Place<'_, '_, '_>, matcher: &StreamMatch) -> Truth {
    let source = &matcher.source;
    let is_here = (source.gateways.is_empty() || select::names_mesh(&source.gateways))
        && (source.port == 0 || source.port == at.port)
        && (source.namespace.is_empty() || *source.namespace == *at.client.namespace);
    Truth::all([Truth::of(is_here), at.has_labels(&source.labels)])
}

/// How specific the server name is that covers `host`.
fn server_name(matcher: &StreamMatch, host: &str) -> Option<usize> {
    let specific = |name: &str| match HostPattern::parse(name, "") {
        HostPattern::Wildcard(rest) => HostPattern::Wildcard(rest.clone()).covers(host).then(|| rest.len()),
        HostPattern::Exact(_) => (name == host).then_some(usize::MAX),
    };
    matcher.sni_hosts.iter().filter_map(|name| specific(name)).max()
}

/// The address of the service is in one of the subnets, where the match names some.
fn to_address(at: &Place<'_, '_, '_>, matcher: &StreamMatch) -> Truth {
    if matcher.destination_subnets.is_empty() {
        return Truth::Yes;
    }
    let unknown = || {
        Truth::Unknown("destinationSubnets, and the address that the client calls is not known".to_owned())
    };
    let own = at.service.services.iter().find(|(cluster, _)| *cluster == at.client.cluster);
    let Some(address) = own.and_then(|(_, row)| row.fact.cluster_ips.first()) else { return unknown() };
    Truth::any(
        matcher
            .destination_subnets
            .iter()
            .map(|subnet| contains(subnet, *address).map_or_else(unknown, Truth::of)),
    )
}

/// An address with or without a prefix length; `None` if it is neither.
fn contains(subnet: &str, address: IpAddr) -> Option<bool> {
    match subnet.parse::<IpAddr>() {
        Ok(single) => Some(single == address),
        Err(_) => subnet.parse::<ipnet::IpNet>().ok().map(|subnet| subnet.contains(&address)),
    }
}
