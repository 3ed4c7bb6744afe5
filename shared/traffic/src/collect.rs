//! Every endpoint that the registries of one istiod have for a port of a service, and those they leave out.
//!
//! A registry stands for a cluster (`Kubernetes`: EndpointSlices, and WorkloadEntries that a Service selects) or for
//! the configuration (`External`: endpoints of ServiceEntries, and workloads they select in all clusters). What a
//! client is given of them is [`filter`](crate::filter)'s business.

mod entries;
mod slices;
mod workloads;

use std::sync::Arc;

use mesh_model::Labels;

use crate::{Cause, Endpoint, Exclusion, Port, Service, View};

/// An endpoint as a registry has it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'m> {
    /// The endpoint.
    pub(crate) endpoint: Arc<Endpoint<'m>>,
    /// Position of the cluster of its registry; endpoints of ServiceEntries belong to the config cluster.
    pub(crate) registry: usize,
    /// Why no client is given it.
    pub(crate) left_out: Option<(Exclusion, Cause)>,
}

/// The endpoints for `port`, in the order of the registries.
pub(crate) fn collect<'m>(view: &View<'_, 'm>, service: &Service<'m>, port: Port<'m>) -> Vec<Candidate<'m>> {
    let mut found = Vec::new();
    entries::collect(view, service, port, &mut found);
    slices::collect(view, service, port, &mut found);
    found
}

/// The name of a Service of Kubernetes in a namespace that its host stands for.
fn kubernetes_name<'a>(service: &Service<'a>) -> Option<&'a str> {
    let (name, rest) = service.host.split_once('.')?;
    let rest = rest.strip_prefix(service.namespace)?;
    (rest == ".svc.cluster.local").then_some(name)
}

/// The label of a pod that tells of a sidecar with mutual TLS.
fn has_tls(labels: &Labels) -> bool {
    labels.is("security.istio.io/tlsMode", "istio")
}
