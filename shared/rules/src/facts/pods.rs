//! Which pods are part of the mesh, and which of them carry an application.

use mesh_model::row::{PodFact, ServiceFact};
use mesh_model::{Labels, Row};

use crate::ClusterView;

/// A pod that runs now and takes part in the mesh: by a proxy, or by ambient redirection.
pub(crate) fn is_in_mesh(pod: &Row<PodFact>) -> bool {
    !pod.fact.finished && (pod.fact.has_proxy || is_ambient(pod))
}

/// Redirected to ztunnel (`istio: cni/pkg/util/podutil.go`).
pub(crate) fn is_ambient(pod: &Row<PodFact>) -> bool {
    pod.annotations.is("ambient.istio.io/redirection", "enabled")
}

/// The proxy is the application: a gateway or waypoint (`proxy router`, `proxy waypoint`).
pub(crate) fn is_router(pod: &Row<PodFact>) -> bool {
    let routes = |argument: &str| matches!(argument, "router" | "waypoint");
    pod.fact.containers.iter().any(|container| {
        &*container.name == "istio-proxy" && container.args.iter().any(|argument| routes(argument))
    })
}

/// In the mesh, with an application behind or beside its proxy.
pub(crate) fn is_application(pod: &Row<PodFact>) -> bool {
    is_in_mesh(pod) && !is_router(pod)
}

/// The pods that a Service selects and that have not ended.
pub(crate) fn of_service<'a>(
    view: &ClusterView<'a>,
    service: &'a Row<ServiceFact>,
) -> impl Iterator<Item = &'a Row<PodFact>> {
    let selector: &'a Labels = &service.fact.selector;
    let neighbours = view.pods().in_namespace(&service.obj.namespace).iter();
    neighbours.filter(move |pod| !pod.fact.finished && pod.labels.matched_by(selector))
}

/// An endpoint of the Service is an application in the mesh, ready or not.
pub(crate) fn serves_an_application(view: &ClusterView<'_>, service: &Row<ServiceFact>) -> bool {
    let pods = view.pods();
    view.slices_of(&service.obj.namespace, &service.obj.name)
        .flat_map(|slice| &slice.fact.endpoints)
        .filter(|endpoint| !endpoint.pod.is_empty())
        .filter_map(|endpoint| pods.find(&service.obj.namespace, &endpoint.pod))
        .any(is_application)
}
