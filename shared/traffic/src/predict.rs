//! What one istiod sends to one client for a port of a service: the pipeline.
//!
//! ```text
//! rules.find -> effective -> settings
//! collect -> filter -> network filter, by locality -> locality setting -> assignment
//! ```

use std::sync::Arc;

use mesh_model::FieldPath;

use crate::collect::Candidate;
use crate::filter::{Request, sends_unhealthy};
use crate::locality::{self, Setting};
use crate::network::NetworkFilter;
use crate::{
    Applied, Assignment, Cause, Caused, Chosen, Client, Config, Discovery, Endpoint, Excluded, Exclusion,
    Health, Sent, Service, Settings, Via, View, collect, settings,
};

/// What istiod sends to a client for one port of a service and subset.
#[derive(Clone, Debug)]
pub struct Prediction<'m> {
    /// The Envoy cluster.
    pub settings: Settings,
    /// Its endpoints.
    pub assignment: Assignment<'m>,
    /// The DestinationRule in force.
    pub rule: Option<Chosen<'m>>,
}

/// How the client gets at the endpoints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It calls them, or gateways that stand for them.
    Outbound,
    /// It is a gateway that passes connections on by their server name: only endpoints with mutual TLS can answer
    /// (`istio: pilot/pkg/xds/endpoints/ep_filters.go: EndpointsWithMTLSFilter`).
    PassedOn,
}

/// What istiod takes an endpoint for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it was read.
    AsRead,
    /// Of another health.
    With(Health),
    /// Not there.
    Missing,
}

impl<'m> View<'_, 'm> {
    /// Computes what istiod sends to `client` for `port`, the number of a port of the service, and a subset of its
    /// DestinationRule. A port that the service does not have has no endpoints; a subset that the rule does not have
    /// has those of all.
    ///
    /// Whether a Sidecar hides the service is for [`sidecars`](Self::sidecars) to say.
    #[must_use]
    pub fn predict(
        &self,
        client: &Client<'_>,
        service: &Service<'m>,
        port: u16,
        subset: Option<&str>,
    ) -> Prediction<'m> {
        self.predict_with(client, service, port, subset, Way::Outbound, &|_| Reading::AsRead)
    }

    /// The same for an east-west gateway that passes connections on by their server name.
    #[must_use]
    pub fn predict_passed_on(
        &self,
        gateway: &Client<'_>,
        service: &Service<'m>,
        port: u16,
        subset: Option<&str>,
    ) -> Prediction<'m> {
        self.predict_with(gateway, service, port, subset, Way::PassedOn, &|_| Reading::AsRead)
    }

    /// The same if istiod read other endpoints than it does: `reading` says what it takes each for.
    pub(crate) fn predict_with(
        &self,
        client: &Client<'_>,
        service: &Service<'m>,
        port: u16,
        subset: Option<&str>,
        way: Way,
        reading: &dyn Fn(&Endpoint<'m>) -> Reading,
    ) -> Prediction<'m> {
        let config = Config::of(self);
        let own_id = self.cluster_id(client.cluster);
        let rule = self.destination_rules().find(client, own_id, service.namespace, service.host);
        let policy = rule.as_ref().map(|rule| rule.effective(port, subset)).unwrap_or_default();
        let passes =
            rule.as_ref().zip(subset).is_some_and(|(rule, subset)| rule.is_passthrough(port, subset));
        let discovery =
            if passes { Discovery::OriginalDst } else { settings::discovery(service, client.role, &config) };
        let settings = settings::of(&policy, &service.distribution, discovery, &config);
        let name = way.cluster_name(service.host, port, subset.unwrap_or_default());
        let mut assignment =
            Assignment { name, groups: Vec::new(), excluded: Vec::new(), scale: 1, unknown: Vec::new() };
        if settings.discovery != Discovery::OriginalDst
            && let Some(port) = service.port(port)
        {
            let labels = rule.as_ref().zip(subset).and_then(|(rule, subset)| rule.subset_labels(subset));
            let request = Request {
                view: self,
                client,
                service,
                discovery,
                has_subset: subset.is_some(),
                subset: labels,
                sends_unhealthy: sends_unhealthy(self, service, &policy),
            };
            let candidates = read(collect::collect(self, service, port), reading);
            let kept = request.select(candidates, &mut assignment.excluded);
            let tls = rule.as_ref().and_then(|rule| rule.tls_mode(port.number(), subset, self.rules()));
            let filter = NetworkFilter::new(&request, tls, way == Way::PassedOn);
            filter.apply(kept, &mut assignment);
            self.localize(&request, &policy, &config, &mut assignment);
        }
        Prediction { settings, assignment, rule }
    }

    /// Gives priorities or weights to the groups.
    fn localize(
        &self,
        request: &Request<'_, 'm>,
        policy: &Applied<'m>,
        config: &Config<'_, 'm>,
        assignment: &mut Assignment<'m>,
    ) {
        let setting = locality::choose(&policy.load_balancer, &request.service.distribution, config);
        let by_eds = request.discovery == Discovery::Eds;
        let seen = if by_eds { policy.clone() } else { policy.clone().over_default(config) };
        let detects = seen.outlier_detection.value.is_some();
        let own_id = self.cluster_id(request.client.cluster);
        let groups = std::mem::take(&mut assignment.groups);
        // Clusters of subsets by DNS are built without what labels are read of.
        let labels_count = by_eds || !request.has_subset;
        let rules = config.rules;
        let outcome =
            locality::apply(&setting.value, request.client, own_id, detects, rules, labels_count, groups);
        assignment.groups = outcome.groups;
        if !outcome.emptied.is_empty() {
            let cause = distribute_cause(&setting, outcome.entry);
            exclude(outcome.emptied, &cause, &mut assignment.excluded);
        }
    }
}

impl Way {
    fn cluster_name(self, host: &str, port: u16, subset: &str) -> String {
        match self {
            Self::Outbound => format!("outbound|{port}|{subset}|{host}"),
            Self::PassedOn => format!("outbound_.{port}_.{subset}_.{host}"),
        }
    }
}

fn read<'m>(
    candidates: Vec<Candidate<'m>>,
    reading: &dyn Fn(&Endpoint<'m>) -> Reading,
) -> Vec<Candidate<'m>> {
    let read = |mut candidate: Candidate<'m>| {
        match reading(&candidate.endpoint) {
            Reading::AsRead => {}
            Reading::With(health) => Arc::make_mut(&mut candidate.endpoint).health = health,
            Reading::Missing => return None,
        }
        Some(candidate)
    };
    candidates.into_iter().filter_map(read).collect()
}

fn distribute_cause(setting: &Caused<Setting<'_>>, entry: Option<usize>) -> Cause {
    let entry = entry.unwrap_or_default();
    match setting.cause.clone().then("distribute") {
        Cause::Field { object, path } => {
            Cause::Field { object, path: FieldPath::then(path, entry).then("to") }
        }
        default @ Cause::Default(_) => default,
    }
}

/// Endpoints that `distribute` took away, those behind gateways too.
fn exclude<'m>(emptied: Vec<Sent<'m>>, cause: &Cause, excluded: &mut Vec<Excluded<'m>>) {
    let reason = Exclusion::Distribute;
    for sent in emptied {
        let endpoints = match sent.via {
            Via::Direct(endpoint) => vec![endpoint],
            Via::Gateway { behind, .. } => behind,
        };
        let each = endpoints.into_iter().map(|endpoint| Excluded { endpoint, reason, cause: cause.clone() });
        excluded.extend(each);
    }
}
