//! Which clusters belong to one mesh.
//!
//! Clusters given together are not yet a mesh. What joins them is a remote secret in either direction, a mesh ID
//! that both were given by hand, or a third cluster joined to both. Where Secrets were not read, or one of them
//! stands for a cluster that cannot be told, a pair counts as joined unless their mesh IDs differ.

use std::collections::BTreeMap;

use mesh_model::row::SecretFact;
use mesh_model::{ClusterName, Kind, Row};

use crate::{ClusterView, MeshView};

/// The clusters, by what joins them.
#[derive(Debug)]
pub(crate) struct Membership {
    members: BTreeMap<ClusterName, Member>,
}

#[derive(Debug)]
struct Member {
    group: usize,
    mesh_id: Option<String>,
    /// It may be joined to clusters beyond its group.
    open: bool,
}

impl Membership {
    /// Reads remote secrets and mesh IDs of every cluster.
    pub(crate) fn of(mesh: &MeshView<'_>) -> Self {
        let views: Vec<ClusterView<'_>> = mesh.all_clusters().collect();
        let mut called: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            for name in names(view) {
                called.entry(name).or_default().push(at);
            }
        }
        let mut groups: Vec<usize> = (0..views.len()).collect();
        let mut open: Vec<bool> = views.iter().map(|view| !view.knows(Kind::Secret)).collect();
        let mut of_id: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            for secret in remote_secrets(view) {
                let known: Vec<usize> = registered(secret)
                    .iter()
                    .filter_map(|name| called.get(name))
                    .flatten()
                    .copied()
                    .collect();
                open[at] |= known.is_empty();
                for other in known {
                    join(&mut groups, at, other);
                }
            }
            if let Some(id) = view.control_plane().mesh_id() {
                join(&mut groups, at, *of_id.entry(id).or_insert(at));
            }
        }
        let member = |(at, view): (usize, &ClusterView<'_>)| {
            let mesh_id = view.control_plane().mesh_id().map(str::to_owned);
            (view.name().clone(), Member { group: groups[at], mesh_id, open: open[at] })
        };
        Self { members: views.iter().enumerate().map(member).collect() }
    }

    /// True for two different clusters of one mesh.
    pub(crate) fn joined(&self, a: &ClusterName, b: &ClusterName) -> bool {
        let (Some(first), Some(second)) = (self.members.get(a), self.members.get(b)) else { return false };
        let strangers =
            first.mesh_id.is_some() && second.mesh_id.is_some() && first.mesh_id != second.mesh_id;
        a != b && (first.group == second.group || ((first.open || second.open) && !strangers))
    }
}

/// The Secrets by which istiod of this cluster is told to read other clusters: only the label and the namespace
/// count (`istio: pkg/kube/multicluster/secretcontroller.go`).
pub(crate) fn remote_secrets<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = &'a Row<SecretFact>> {
    let system = view.control_plane().system_namespace();
    view.secrets().in_namespace(system).iter().filter(|secret| secret.labels.is("istio/multiCluster", "true"))
}

/// The cluster IDs a remote secret may stand for: its data keys where they were read, else what
/// `istioctl create-remote-secret` writes into annotation and name.
pub(crate) fn registered(secret: &Row<SecretFact>) -> Vec<&str> {
    if !secret.fact.keys.is_empty() {
        return secret.fact.keys.iter().map(|key| &**key).collect();
    }
    let annotated = secret.annotations.get("networking.istio.io/cluster");
    annotated.or_else(|| secret.obj.name.strip_prefix("istio-remote-secret-")).into_iter().collect()
}

/// What a remote secret may call this cluster: its cluster ID, the name it was given here, or the UID of its
/// `kube-system`, which is what `create-remote-secret` takes by default.
pub(crate) fn names<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = &'a str> {
    let uid =
        view.namespaces().find("", "kube-system").map(|row| &*row.fact.uid).filter(|uid| !uid.is_empty());
    let name: &'a str = view.name();
    let id = view.control_plane().cluster_id().filter(|id| *id != name);
    std::iter::once(name).chain(id).chain(uid)
}

fn join(groups: &mut [usize], a: usize, b: usize) {
    let (keep, drop) = (groups[a].min(groups[b]), groups[a].max(groups[b]));
    groups.iter_mut().filter(|group| **group == drop).for_each(|group| *group = keep);
}
