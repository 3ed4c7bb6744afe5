//! ROUTE: which Envoy cluster the sidecar sends to.

use mesh_model::row::{Answer, Rewrite};
use mesh_model::{Kind, path};
use mesh_traffic::{Cause, Destination, Route, Routing, Service};

use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::question::Asked;

/// What the routes make of the call.
pub(crate) struct Taken {
    /// Where it goes; empty where it goes nowhere.
    pub(crate) destinations: Vec<Destination>,
    /// The hop without a destination.
    pub(crate) hop: Hop,
    /// `rewrite` of the route.
    pub(crate) rewrite: Option<Rewrite>,
}

/// A hop for a host that the client's istiod does not have, or hides from it.
pub(crate) fn no_service(asked: &Asked<'_, '_, '_>) -> Hop {
    let cluster = &asked.mesh().clusters()[asked.view.config_cluster()].name;
    let what = format!(
        "the istiod of cluster {cluster} has no such service for clients of namespace {}",
        asked.client.namespace
    );
    match lost_services(asked) {
        Some(lost) => Hop::unknown(Step::Route, lost, Cause::Default("no service")),
        None => Hop::fail(Step::Route, what, Cause::Default("no service")),
    }
}

/// A service comes from any cluster that istiod reads, an entry from its own.
fn lost_services(asked: &Asked<'_, '_, '_>) -> Option<String> {
    let seen = asked.view.sees().iter().map(|seen| seen.cluster);
    let services = lost(asked.mesh(), seen, &[Kind::Service]);
    services.or_else(|| lost(asked.mesh(), [asked.view.config_cluster()], &[Kind::ServiceEntry]))
}

/// The route that takes the call; with a subset that was typed, that one.
pub(crate) fn find(asked: &Asked<'_, '_, '_>, service: &Service<'_>) -> Taken {
    let question = asked.question;
    let plain = |subset: &str| vec![Destination::only(service.host.into(), question.port, subset.into())];
    if let Some(subset) = question.subset {
        let hop = Hop::ok(Step::Route, "the subset that was typed", Cause::Default("--subset"));
        return Taken { destinations: plain(subset), hop, rewrite: None };
    }
    if asked.client.pod.is_some_and(|pod| !pod.fact.has_proxy) {
        let what = "the client has no proxy: Kubernetes sends it to endpoints of its own cluster";
        let hop = Hop::unknown(Step::Route, what, Cause::Default("the client has no proxy"));
        return Taken { destinations: plain(""), hop, rewrite: None };
    }
    let route = asked.view.route(asked.client, service, question.port, &question.call);
    let hop = hop(&route).unless_lost(lost(
        asked.mesh(),
        [asked.view.config_cluster()],
        &[Kind::VirtualService, Kind::Sidecar],
    ));
    let destinations = match route.routing {
        Routing::To(destinations) => destinations,
        // Computed as if no route took it.
        Routing::Unknown(_) => plain(""),
        Routing::Answered(_) | Routing::Unmatched => Vec::new(),
    };
    Taken { destinations, hop, rewrite: route.rewrite }
}

fn hop(route: &Route) -> Hop {
    let cause = route.cause.clone();
    let source = route.object.as_ref().map_or_else(|| "no VirtualService".to_owned(), ToString::to_string);
    let hop = match &route.routing {
        Routing::To(destinations) if destinations.is_empty() => {
            Hop::fail(Step::Route, format!("{source}: no destination has a weight"), cause)
        }
        Routing::To(_) => Hop::ok(Step::Route, source, cause),
        Routing::Answered(Answer::Redirect) => {
            Hop::ok(Step::Route, format!("{source}: the sidecar answers with a redirect"), cause)
        }
        Routing::Answered(Answer::Direct(status)) => {
            let what = format!("{source}: the sidecar answers with {status}");
            if *status < 400 {
                Hop::ok(Step::Route, what, cause)
            } else {
                Hop::fail(Step::Route, what, cause)
            }
        }
        Routing::Unmatched => {
            Hop::fail(Step::Route, format!("{source}: no route takes the call, 404 (NR)"), cause)
        }
        Routing::Unknown(why) => Hop::unknown(Step::Route, format!("{source}: {why}"), cause),
    };
    match route.aborts {
        0 => hop,
        all if all >= 1_000_000 => Hop { passes: mesh_traffic::Truth::No, ..told_aborts(hop, all) },
        some => told_aborts(hop, some),
    }
}

fn told_aborts(hop: Hop, aborts: u32) -> Hop {
    let percent = f64::from(aborts) / 10_000.0;
    Hop { what: format!("{}, {percent}% failed on purpose", hop.what), ..hop }
}

/// The hop with its destination: whether the client's sidecar has that Envoy cluster.
pub(crate) fn to(asked: &Asked<'_, '_, '_>, taken: &Taken, to: &Destination) -> Hop {
    let mut hop = taken.hop.clone();
    hop.what = format!("{}; {to}", hop.what);
    let missing =
        |text: String, cause: Cause| Hop::fail(Step::Route, format!("{to}: {text}, 503 (NC)"), cause);
    let Some(service) = asked.service(&to.host) else {
        return match lost_services(asked) {
            Some(lost) => Hop::unknown(Step::Route, format!("{to}; {lost}"), hop.cause),
            None => missing("no such service".to_owned(), hop.cause),
        };
    };
    if service.port(to.port).is_none() {
        return missing(format!("the service has no port {}", to.port), hop.cause);
    }
    let id = asked.view.cluster_id(asked.client.cluster);
    let scope = asked.view.sidecars().of(asked.client, id);
    let seen = scope.sees(&asked.client.namespace, service.namespace, service.host);
    if !seen.value {
        return missing("a Sidecar hides the service".to_owned(), seen.cause);
    }
    if !to.subset.is_empty() {
        let rule = asked.view.destination_rules().find(asked.client, id, service.namespace, service.host);
        let has = rule.as_ref().is_some_and(|rule| rule.subset_labels(&to.subset).is_some());
        let lost = lost(asked.mesh(), [asked.view.config_cluster()], &[Kind::DestinationRule]);
        match (has, lost) {
            (true, _) => {}
            (false, Some(lost)) => return Hop::unknown(Step::Route, format!("{to}; {lost}"), hop.cause),
            (false, None) => {
                let cause = rule.map_or(Cause::Default("no DestinationRule"), |rule| {
                    Cause::field(&rule.rows()[0].obj, path!["spec", "subsets"])
                });
                return missing("no DestinationRule in force has the subset".to_owned(), cause);
            }
        }
    }
    hop
}
