//! MTLS, AUTHZ and POD: what the workloads make of the call.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::Kind;
use mesh_traffic::authz::{Access, Identity, Request};
use mesh_traffic::{
    Applied, Cause, Destination, Endpoint, Handshake, Health, Prediction, Protocol, Sends, Service, Truth,
    View, names, trust,
};

use super::route::Taken;
use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::question::Asked;

/// The far end of one destination.
pub(crate) struct Server<'a, 'q, 't, 'm> {
    pub(crate) asked: &'a Asked<'q, 't, 'm>,
    pub(crate) taken: &'a Taken,
    pub(crate) to: &'a Destination,
    pub(crate) service: &'a Service<'m>,
    pub(crate) prediction: &'a Prediction<'m>,
}

/// What several endpoints say, put together: the worst counts.
struct Worst<T> {
    found: Option<(u8, T)>,
    count: usize,
    all: usize,
}

impl<T> Worst<T> {
    fn of(each: impl Iterator<Item = (Truth, T)>) -> Self {
        let mut worst = Self { found: None, count: 0, all: 0 };
        for (passes, value) in each {
            let rank = match passes {
                Truth::Yes => 0,
                Truth::Unknown(_) => 1,
                Truth::No => 2,
            };
            worst.all += 1;
            match &worst.found {
                Some((known, _)) if *known == rank => worst.count += 1,
                Some((known, _)) if *known > rank => {}
                _ => (worst.found, worst.count) = (Some((rank, value)), 1),
            }
        }
        worst
    }

    /// ` (2 of 6)` where not all say the same.
    fn part(&self) -> String {
        if self.count == self.all { String::new() } else { format!(" ({} of {} pods)", self.count, self.all) }
    }
}

impl<'m> Server<'_, '_, '_, 'm> {
    /// The blocks of the rule that reach the destination.
    pub(crate) fn policy(&self) -> Applied<'m> {
        let subset = Some(&*self.to.subset).filter(|subset| !subset.is_empty());
        let rule = self.prediction.rule.as_ref();
        rule.map_or_else(Applied::default, |rule| rule.effective(self.to.port, subset))
    }

    /// The hops at the endpoints of a way; `direct` when no gateway stands between.
    pub(crate) fn hops(&self, endpoints: &[Arc<Endpoint<'m>>], direct: bool) -> Vec<Hop> {
        let views = self.views(endpoints);
        let policy = self.policy();
        let view = self.asked.view;
        let shake = |endpoint: &Endpoint<'m>| {
            view.handshake(&views[&endpoint.cluster], self.asked.client, self.service, &policy, endpoint)
        };
        let handshakes: Vec<_> = endpoints.iter().map(|endpoint| shake(endpoint)).collect();
        let requests = endpoints.iter().zip(&handshakes);
        let accesses = requests.map(|(endpoint, shaken)| {
            let server = &views[&endpoint.cluster];
            self.access(server, endpoint, shaken.sends, direct)
        });
        vec![self.mtls(&views, &handshakes), self.authz(&views, accesses), pods(endpoints)]
    }

    fn views(&self, endpoints: &[Arc<Endpoint<'m>>]) -> BTreeMap<usize, View<'_, 'm>> {
        let mut views = BTreeMap::new();
        for endpoint in endpoints {
            views.entry(endpoint.cluster).or_insert_with(|| self.asked.traffic.view(endpoint.cluster));
        }
        views
    }

    fn mtls(&self, views: &BTreeMap<usize, View<'_, 'm>>, handshakes: &[Handshake]) -> Hop {
        let worst = Worst::of(handshakes.iter().map(|shaken| (shaken.holds.clone(), shaken)));
        let Some((_, shaken)) = worst.found else {
            return Hop::unknown(Step::Mtls, "nobody to talk to", Cause::Default("no endpoint"));
        };
        let what = format!("{}{}", shaken.text, worst.part());
        let hop = Hop { passes: shaken.holds.clone(), ..Hop::ok(Step::Mtls, what, shaken.cause.clone()) };
        let hop = if shaken.by_roots { hop.with_code("MESH401") } else { hop };
        let both = views.values().map(View::config_cluster).chain([self.asked.view.config_cluster()]);
        hop.unless_lost(lost(self.asked.mesh(), both, &[Kind::PeerAuthentication, Kind::ConfigMap]))
    }

    fn access(&self, server: &View<'_, 'm>, endpoint: &Endpoint<'m>, sends: Sends, direct: bool) -> Access {
        let client = self.asked.client;
        let identity = match (sends, client.pod) {
            (Sends::Mutual, Some(pod)) => {
                Identity::of(trust::domain(self.asked.view), &pod.obj.namespace, &pod.fact.service_account)
            }
            (Sends::Mutual, None) => {
                Identity::Unknown("who calls is not said; name a pod with --from".to_owned())
            }
            _ => Identity::Nobody,
        };
        let address = client.pod.filter(|_| direct).and_then(|pod| pod.fact.ip.parse().ok());
        let protocol = self.service.port(self.to.port).map_or(Protocol::Sniffed, Protocol::of);
        let request = Request {
            identity,
            address,
            port: endpoint.port,
            http: Some(self.asked.question.call).filter(|_| protocol.may_be_http()),
            names: names(&self.to.host, &client.namespace),
        };
        let labels = endpoint.pod.map_or(&endpoint.labels, |pod| &pod.labels);
        let access = server.access(endpoint.namespace, labels, &request);
        let rewrites =
            self.taken.rewrite.as_ref().is_some_and(|rewrite| !rewrite.uri.is_empty() || rewrite.by_regex);
        if rewrites && access.policies > 0 && access.allowed == Truth::Yes {
            return Access { allowed: Truth::Unknown("the route rewrites the path".to_owned()), ..access };
        }
        access
    }

    fn authz(&self, views: &BTreeMap<usize, View<'_, 'm>>, accesses: impl Iterator<Item = Access>) -> Hop {
        let worst = Worst::of(accesses.map(|access| (access.allowed.clone(), access)));
        let part = worst.part();
        let Some((_, access)) = worst.found else {
            return Hop::unknown(Step::Authz, "nobody to ask", Cause::Default("no endpoint"));
        };
        let what = match (&access.allowed, access.policies) {
            (Truth::Yes, 0) => {
                format!("no policy selects {}", self.to.host.split('.').next().unwrap_or_default())
            }
            (Truth::Yes, _) => format!("taken by {}", access.cause),
            (Truth::No, _) => format!("refused by {}", access.cause),
            (Truth::Unknown(why), _) => format!("{}: {why}", access.cause),
        };
        let hop =
            Hop { passes: access.allowed, ..Hop::ok(Step::Authz, format!("{what}{part}"), access.cause) };
        let servers = views.values().map(View::config_cluster);
        hop.unless_lost(lost(self.asked.mesh(), servers, &[Kind::AuthorizationPolicy, Kind::ConfigMap]))
    }
}

/// How many are ready, by zone.
fn pods(endpoints: &[Arc<Endpoint<'_>>]) -> Hop {
    let mut zones: BTreeMap<String, usize> = BTreeMap::new();
    let ready: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.health == Health::Healthy).collect();
    for endpoint in &ready {
        let place = &endpoint.locality;
        let zone = if place.zone.is_empty() { place.region.to_string() } else { place.zone.to_string() };
        *zones.entry(if zone.is_empty() { "without locality".to_owned() } else { zone }).or_default() += 1;
    }
    let what = if endpoints.iter().all(|endpoint| endpoint.pod.is_some()) { "pod" } else { "endpoint" };
    let plural = if ready.len() == 1 { "" } else { "s" };
    let zones: Vec<_> = zones.into_iter().map(|(zone, count)| format!("{zone} {count}")).collect();
    let cause = endpoints.first().map_or(Cause::Default("no endpoint"), |endpoint| endpoint.origin.cause());
    if ready.is_empty() {
        return Hop::fail(Step::Pod, format!("none of {} {what}s is ready", endpoints.len()), cause);
    }
    Hop::ok(Step::Pod, format!("{} {what}{plural} ready: {}", ready.len(), zones.join(", ")), cause)
}
