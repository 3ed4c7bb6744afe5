//! Which of the endpoints of a port a client is given, and why not the others
//! (`istio: pilot/pkg/xds/endpoints/endpoint_builder.go: BuildClusterLoadAssignment, filterIstioEndpoint`).

use std::net::IpAddr;
use std::sync::Arc;

use mesh_model::Labels;

use crate::collect::Candidate;
use crate::{
    Applied, Cause, Caused, Client, Discovery, Distribution, Endpoint, Excluded, Exclusion, Health, Service,
    View,
};

/// What one client asks for, and what decides about it.
pub(crate) struct Request<'v, 'm> {
    pub(crate) view: &'v View<'v, 'm>,
    pub(crate) client: &'v Client<'v>,
    pub(crate) service: &'v Service<'m>,
    pub(crate) discovery: Discovery,
    /// A subset is asked for.
    pub(crate) has_subset: bool,
    /// Labels of the subset; `None` where no subset is asked for, or the rule does not have it.
    pub(crate) subset: Option<Caused<&'m Labels>>,
    /// Endpoints that are not ready are sent.
    pub(crate) sends_unhealthy: Caused<bool>,
}

/// Endpoints that are not ready are sent: always where traffic distribution or a flag asks for it, else by default
/// unless panic is asked for, which would send requests to them
/// (`istio: pilot/pkg/xds/endpoints/endpoint_builder.go: supportsUnhealthyEndpoints`).
pub(crate) fn sends_unhealthy(
    view: &View<'_, '_>,
    service: &Service<'_>,
    policy: &Applied<'_>,
) -> Caused<bool> {
    let features = view.features();
    if features.send_unhealthy {
        return Caused { value: true, cause: Cause::Default("PILOT_SEND_UNHEALTHY_ENDPOINTS of istiod") };
    }
    if service.distribution.value != Distribution::Any {
        return Caused { value: true, cause: service.distribution.cause.clone() };
    }
    let min_health = policy.outlier_detection.value.and_then(|detection| detection.min_health_percent);
    if features.auto_send_unhealthy && min_health.is_some_and(|percent| percent > 0) {
        return Caused {
            value: false,
            cause: policy.outlier_detection.cause.clone().then("minHealthPercent"),
        };
    }
    let cause = Cause::Default("default of this version of Istio");
    Caused { value: features.auto_send_unhealthy, cause }
}

impl<'m> Request<'_, 'm> {
    /// The endpoints the client is given, before the filter of networks; the others go to `excluded`.
    pub(crate) fn select(
        &self,
        candidates: Vec<Candidate<'m>>,
        excluded: &mut Vec<Excluded<'m>>,
    ) -> Vec<Arc<Endpoint<'m>>> {
        let mut kept = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            match self.exclusion(&candidate) {
                None => kept.push(candidate.endpoint),
                Some((reason, cause)) => {
                    excluded.push(Excluded { endpoint: candidate.endpoint, reason, cause });
                }
            }
        }
        kept
    }

    /// The first reason in istiod's order.
    fn exclusion(&self, candidate: &Candidate<'m>) -> Option<(Exclusion, Cause)> {
        let endpoint = &*candidate.endpoint;
        candidate
            .left_out
            .clone()
            .or_else(|| self.of_another_cluster(candidate))
            .or_else(|| self.host_name(endpoint))
            .or_else(|| self.outside_of_subset(endpoint))
            .or_else(|| self.of_another_node(endpoint))
            .or_else(|| self.out_of_view(endpoint))
            .or_else(|| self.unhealthy(endpoint))
    }

    fn of_another_cluster(&self, candidate: &Candidate<'m>) -> Option<(Exclusion, Cause)> {
        let client = self.client.cluster;
        let (local, node_local) = (&self.service.cluster_local, &self.service.node_local);
        let by_eds = self.discovery == Discovery::Eds;
        if local.value && (candidate.endpoint.cluster != client || by_eds && candidate.registry != client) {
            return Some((Exclusion::ClusterLocal, local.cause.clone()));
        }
        (node_local.value && by_eds && candidate.registry != client)
            .then(|| (Exclusion::OtherNode, node_local.cause.clone()))
    }

    fn host_name(&self, endpoint: &Endpoint<'m>) -> Option<(Exclusion, Cause)> {
        let is_name =
            !endpoint.address.is_empty() && endpoint.port != 0 && endpoint.address.parse::<IpAddr>().is_err();
        (is_name && self.discovery == Discovery::Eds).then(|| (Exclusion::HostName, endpoint.origin.cause()))
    }

    fn outside_of_subset(&self, endpoint: &Endpoint<'m>) -> Option<(Exclusion, Cause)> {
        let subset = self.subset.as_ref()?;
        let has_all = subset.value.iter().all(|(key, value)| endpoint.label(key) == Some(value));
        (!has_all).then(|| (Exclusion::Subset, subset.cause.clone()))
    }

    fn of_another_node(&self, endpoint: &Endpoint<'m>) -> Option<(Exclusion, Cause)> {
        let node_local = &self.service.node_local;
        (node_local.value && endpoint.node != self.client.node.as_str())
            .then(|| (Exclusion::OtherNode, node_local.cause.clone()))
    }

    fn out_of_view(&self, endpoint: &Endpoint<'m>) -> Option<(Exclusion, Cause)> {
        let networks = self.client.network_view.as_ref()?;
        let is_seen = endpoint.network.is_empty() || networks.iter().any(|name| *name == *endpoint.network);
        let cause = Cause::Default("ISTIO_META_REQUESTED_NETWORK_VIEW of the client");
        (!is_seen).then_some((Exclusion::NetworkView, cause))
    }

    fn unhealthy(&self, endpoint: &Endpoint<'m>) -> Option<(Exclusion, Cause)> {
        match self.health(endpoint) {
            Health::Healthy => None,
            Health::Unhealthy if self.sends_unhealthy.value => None,
            Health::Unhealthy => Some((Exclusion::NotReady, self.sends_unhealthy.cause.clone())),
            Health::Terminating => Some((Exclusion::Terminating, endpoint.origin.cause())),
            Health::Draining if self.has_sessions() => None,
            Health::Draining => Some((Exclusion::Draining, endpoint.origin.cause())),
        }
    }

    /// What EDS says of an endpoint: a label of the workload makes a healthy one draining. One that is not sent for
    /// being not ready keeps that reason.
    pub(crate) fn health(&self, endpoint: &Endpoint<'m>) -> Health {
        let label = &self.view.features().draining_label;
        let is_draining = endpoint.label(label).is_some_and(|value| !value.is_empty());
        let is_left_out = match endpoint.health {
            Health::Healthy | Health::Draining => false,
            Health::Unhealthy => !self.sends_unhealthy.value,
            Health::Terminating => true,
        };
        if is_draining && !is_left_out { Health::Draining } else { endpoint.health }
    }

    fn has_sessions(&self) -> bool {
        let label = self.service.labels.get(&self.view.features().session_label);
        label.is_some_and(|value| !value.is_empty())
    }
}
