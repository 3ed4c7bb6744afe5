//! Where a call is to end, as it is typed: a cluster, a locality, or a pod.

use mesh_model::Mesh;
use mesh_traffic::Endpoint;

/// True when `typed` names the endpoint's cluster, its region (with zone and subzone), the same behind the name of
/// the cluster, or its pod: `POD`, `POD.NS`, `CLUSTER/NS/POD`.
pub(crate) fn fits(mesh: &Mesh, endpoint: &Endpoint<'_>, typed: &str) -> bool {
    let cluster = mesh.clusters()[endpoint.cluster].name.as_str();
    if typed == cluster || typed == endpoint.cluster_id {
        return true;
    }
    if is_within(endpoint, typed) || is_pod(endpoint, typed) {
        return true;
    }
    let behind = typed.strip_prefix(cluster).and_then(|rest| rest.strip_prefix('/'));
    behind.is_some_and(|rest| {
        let pod = rest.split_once('/').map(|(namespace, pod)| format!("{pod}.{namespace}"));
        is_within(endpoint, rest) || pod.is_some_and(|pod| is_pod(endpoint, &pod))
    })
}

fn is_pod(endpoint: &Endpoint<'_>, typed: &str) -> bool {
    let Some(pod) = endpoint.pod else { return false };
    let (name, namespace) = typed.rsplit_once('.').map_or((typed, None), |(name, space)| (name, Some(space)));
    pod.obj.name == *typed
        || (pod.obj.name == *name && namespace.is_some_and(|space| pod.obj.namespace == *space))
}

fn is_within(endpoint: &Endpoint<'_>, typed: &str) -> bool {
    let place = &endpoint.locality;
    let mut typed = typed.split('/');
    let mut parts = [place.region.as_str(), place.zone.as_str(), place.subzone.as_str()].into_iter();
    let fits = parts.all(|part| typed.next().is_none_or(|typed| typed == part));
    !place.region.is_empty() && fits && typed.next().is_none()
}
