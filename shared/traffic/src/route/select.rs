//! Which VirtualServices a client sees, in the order in which istiod looks through them.

use mesh_model::row::{MeshConfig, VirtualService};
use mesh_model::{HostPattern, Row};

use crate::{Client, Config, View};

/// The gateway that stands for all sidecars (`istio: pkg/config/constants`).
const MESH: &str = "mesh";

/// How a VirtualService comes to a namespace; istiod looks through them in this order
/// (`istio: pilot/pkg/model/virtualservice.go: SelectVirtualServices`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Export {
    Private,
    Named,
    Public,
}

/// The VirtualServices for sidecars that `client` sees: private ones first, then those exported to its namespace by
/// name, then public ones; of each the oldest first.
pub(super) fn visible<'m>(view: &View<'_, 'm>, client: &Client<'_>) -> Vec<&'m Row<VirtualService>> {
    let config = Config::of(view);
    let scope = view.sidecars().of(client, view.cluster_id(client.cluster));
    let from = client.namespace.as_str();
    let rows = view.config().cluster.virtual_services.rows().iter();
    let mut seen: Vec<_> = rows
        .filter(|row| is_for_sidecars(&row.fact))
        .filter_map(|row| Some((export(row, config.mesh, from)?, row)))
        .filter(|(_, row)| scope.sees_routes(from, row))
        .collect();
    seen.sort_by_key(|(export, row)| (*export, &row.fact.created, &row.obj.name, &row.obj.namespace));
    seen.into_iter().map(|(_, row)| row).collect()
}

/// VirtualServices that apply to HTTP calls to `host`: those that name it, else the first with the longest wildcard
/// that covers it. Of several that name it the first with a route for the client counts
/// (`istio: pilot/pkg/model/sidecar.go: computeWildcardHostVirtualServiceIndex`).
pub(super) fn most_specific<'m>(
    visible: &[&'m Row<VirtualService>],
    host: &str,
) -> Vec<&'m Row<VirtualService>> {
    let is_named = |row: &&&Row<VirtualService>| {
        row.fact.hosts.iter().any(|pattern| matches!(pattern, HostPattern::Exact(exact) if exact == host))
    };
    let named: Vec<_> = visible.iter().filter(is_named).copied().collect();
    if !named.is_empty() {
        return named;
    }
    let mut widest: Option<(usize, &'m Row<VirtualService>)> = None;
    for row in visible {
        let lengths = row.fact.hosts.iter().filter_map(|pattern| match pattern {
            HostPattern::Wildcard(rest) if pattern.covers(host) => Some(rest.len()),
            HostPattern::Wildcard(_) | HostPattern::Exact(_) => None,
        });
        if let Some(length) = lengths.max()
            && widest.is_none_or(|(known, _)| length > known)
        {
            widest = Some((length, row));
        }
    }
    widest.map(|(_, row)| row).into_iter().collect()
}

/// VirtualServices that apply to TLS and TCP connections to `host`, in order; here a wildcard is as good as a name.
pub(super) fn covering<'m>(
    visible: &[&'m Row<VirtualService>],
    host: &str,
) -> impl Iterator<Item = &'m Row<VirtualService>> {
    visible.iter().copied().filter(move |row| row.fact.hosts.iter().any(|pattern| pattern.covers(host)))
}

/// The gateways of a match hold for sidecars.
pub(super) fn names_mesh(gateways: &[std::sync::Arc<str>]) -> bool {
    gateways.iter().any(|gateway| &**gateway == MESH)
}

/// A delegate's `exportTo` reaches the VirtualService that names it.
pub(super) fn is_exported_to(row: &Row<VirtualService>, config: &MeshConfig, namespace: &str) -> bool {
    let mut targets = targets(row, config);
    targets.any(|target| target == "*" || target == namespace)
}

fn is_for_sidecars(fact: &VirtualService) -> bool {
    !fact.hosts.is_empty() && (fact.gateways.is_empty() || names_mesh(&fact.gateways))
}

fn export(row: &Row<VirtualService>, config: &MeshConfig, namespace: &str) -> Option<Export> {
    if targets(row, config).any(|target| target == "*") {
        return Some(Export::Public);
    }
    if targets(row, config).any(|target| target == "~")
        || !targets(row, config).any(|target| target == namespace)
    {
        return None;
    }
    Some(if row.obj.namespace == *namespace { Export::Private } else { Export::Named })
}

/// `exportTo`, else the mesh's default, else `*`; `.` resolved.
fn targets<'a>(row: &'a Row<VirtualService>, config: &'a MeshConfig) -> impl Iterator<Item = &'a str> {
    let own = &row.fact.export_to;
    let given = if own.is_empty() { &config.virtual_service_export_to } else { own };
    let default = given.is_empty().then_some("*");
    let resolve = |target: &'a str| if target == "." { &*row.obj.namespace } else { target };
    given.iter().map(move |target| resolve(target)).chain(default)
}
