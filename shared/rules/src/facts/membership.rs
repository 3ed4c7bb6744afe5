//! Which clusters belong to one mesh, and by which names clusters know each other.
//!
//! Clusters given together are not yet a mesh. What joins them is a remote secret in either direction, a mesh ID
//! that both were given by hand (unless Admiral, which needs no such secrets, joins clusters), or a third cluster
//! joined to both. The answer has three values: where Secrets were not read, or one of them stands for a cluster
//! that cannot be told, two clusters are joined *perhaps*, unless their mesh IDs differ.

use std::collections::BTreeMap;

use mesh_model::row::SecretFact;
use mesh_model::{ClusterName, Kind, Row};

use super::groups::Groups;
use crate::{ClusterView, MeshView, admiral};

/// Whether two clusters belong to one mesh.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Joined<'m> {
    /// Nothing joins them.
    No,
    /// What was read does not tell.
    Perhaps(Doubt<'m>),
    /// Something joins them.
    Yes,
}

impl Joined<'_> {
    /// True for [`Joined::Yes`].
    pub(crate) const fn is_sure(self) -> bool {
        matches!(self, Self::Yes)
    }

    /// True unless it is [`Joined::No`].
    pub(crate) const fn is_possible(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// Why it cannot be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt<'m> {
    /// The cluster of which too little is known.
    pub(crate) cluster: &'m ClusterName,
    /// What is not known of it.
    pub(crate) why: &'static str,
    /// Something that was read ties just these two, and only its meaning is in doubt.
    pub(crate) is_tied: bool,
}

const NO_SECRETS: &str = "its Secrets were not read, so which clusters it is joined to is not known";
const STRANGE_SECRET: &str =
    "one of its remote secrets stands for a cluster that was not given under that name";
const TIED_BY_NAME: &str = "its remote secrets meet those of the other cluster in a name that several clusters have, or none that was given";
const TIED_BY_MESH_ID: &str =
    "shares its mesh ID, and ServiceEntries, which would show that Admiral joins clusters, were not read";

/// The clusters, by what joins them.
#[derive(Debug)]
pub(crate) struct Membership {
    members: BTreeMap<ClusterName, Member>,
}

#[derive(Debug)]
struct Member {
    group: usize,
    /// The group that also holds clusters it is tied to in a way that may mean nothing.
    wide_group: usize,
    mesh_id: Option<String>,
    /// It may be joined to clusters beyond its groups.
    open: Option<&'static str>,
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
        let mut ties = Ties { sure: Groups::of(views.len()), wide: Groups::of(views.len()) };
        let blind = |view: &ClusterView<'_>| (!view.knows(Kind::Secret)).then_some(NO_SECRETS);
        let mut open: Vec<Option<&'static str>> = views.iter().map(blind).collect();
        let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            for secret in remote_secrets(view) {
                let registered = registered(secret);
                if registered.is_empty() {
                    open[at] = open[at].or(Some(STRANGE_SECRET));
                }
                for name in registered {
                    let owners = called.get(name).into_iter().flatten().copied();
                    let owners: Vec<usize> = owners.filter(|owner| *owner != at).collect();
                    match owners.as_slice() {
                        [owner] => ties.join(at, *owner),
                        [] if view.control_plane().cluster_id() == Some(name) => {}
                        [] => {
                            open[at] = open[at].or(Some(STRANGE_SECRET));
                            ties.wide.join(at, *readers.entry(name).or_insert(at));
                        }
                        several => several.iter().for_each(|owner| ties.wide.join(at, *owner)),
                    }
                }
            }
        }
        ties.by_mesh_id(&views);
        let member = |(at, view): (usize, &ClusterView<'_>)| {
            let mesh_id = view.control_plane().mesh_id().map(str::to_owned);
            let (group, wide_group) = (ties.sure.get(at), ties.wide.get(at));
            (view.name().clone(), Member { group, wide_group, mesh_id, open: open[at] })
        };
        Self { members: views.iter().enumerate().map(member).collect() }
    }

    /// Whether two different clusters belong to one mesh.
    pub(crate) fn joined(&self, a: &ClusterName, b: &ClusterName) -> Joined<'_> {
        let (Some((a, first)), Some((b, second))) =
            (self.members.get_key_value(a), self.members.get_key_value(b))
        else {
            return Joined::No;
        };
        if a == b {
            return Joined::No;
        }
        if first.group == second.group {
            return Joined::Yes;
        }
        let one_mesh_id = first.mesh_id.is_some() && first.mesh_id == second.mesh_id;
        if !one_mesh_id && first.mesh_id.is_some() && second.mesh_id.is_some() {
            return Joined::No;
        }
        let doubt = |cluster, why, is_tied| Joined::Perhaps(Doubt { cluster, why, is_tied });
        match (first.open, second.open) {
            _ if first.wide_group == second.wide_group && one_mesh_id => doubt(a, TIED_BY_MESH_ID, true),
            _ if first.wide_group == second.wide_group => doubt(a, TIED_BY_NAME, true),
            (Some(why), _) => doubt(a, why, false),
            (_, Some(why)) => doubt(b, why, false),
            (None, None) => Joined::No,
        }
    }
}

/// The clusters that can be judged, in groups that belong to one mesh or may do so.
pub(crate) fn meshes<'a>(mesh: &MeshView<'a>) -> Vec<Vec<ClusterView<'a>>> {
    let membership = mesh.membership();
    let mut groups: Vec<Vec<ClusterView<'a>>> = Vec::new();
    for view in mesh.clusters() {
        let joins = |group: &&mut Vec<ClusterView<'a>>| {
            group.iter().any(|other| membership.joined(other.name(), view.name()).is_possible())
        };
        match groups.iter_mut().find(joins) {
            Some(group) => group.push(*view),
            None => groups.push(vec![*view]),
        }
    }
    groups
}

/// What ties clusters: surely, and in ways that may mean nothing.
struct Ties {
    sure: Groups,
    wide: Groups,
}

impl Ties {
    fn join(&mut self, a: usize, b: usize) {
        self.sure.join(a, b);
        self.wide.join(a, b);
    }

    /// One mesh ID joins clusters, but says nothing about endpoints in a fleet of Admiral's.
    fn by_mesh_id(&mut self, views: &[ClusterView<'_>]) {
        let mut readable = views.iter().filter(|view| view.gaps().of_cluster().is_none());
        if views.iter().any(admiral::is_used) {
            return;
        }
        let is_known = readable.all(|view| view.knows(Kind::ServiceEntry));
        let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            let Some(id) = view.control_plane().mesh_id() else { continue };
            let first = *first_of.entry(id).or_insert(at);
            if is_known {
                self.join(at, first);
            } else {
                self.wide.join(at, first);
            }
        }
    }
}

/// Annotation in which `istioctl create-remote-secret` names the cluster.
pub(crate) const CLUSTER_ANNOTATION: &str = "networking.istio.io/cluster";

/// How names of remote secrets begin that `istioctl create-remote-secret` makes.
pub(crate) const SECRET_PREFIX: &str = "istio-remote-secret-";

/// The Secrets by which istiod of this cluster is told to read other clusters: only the label and the namespace
/// count (`istio: pkg/kube/multicluster/secretcontroller.go`).
pub(crate) fn remote_secrets<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = &'a Row<SecretFact>> {
    let system = view.control_plane().system_namespace();
    view.secrets().in_namespace(system).iter().filter(|secret| secret.labels.is("istio/multiCluster", "true"))
}

/// The cluster IDs a remote secret may stand for: its data keys where they were read, else what
/// `istioctl create-remote-secret` writes into annotation and name. Empty where nothing tells.
pub(crate) fn registered(secret: &Row<SecretFact>) -> Vec<&str> {
    if !secret.fact.keys.is_empty() {
        return secret.fact.keys.iter().map(|key| &**key).collect();
    }
    let annotated = secret.annotations.get(CLUSTER_ANNOTATION).filter(|name| !name.is_empty());
    annotated.or_else(|| secret.obj.name.strip_prefix(SECRET_PREFIX)).into_iter().collect()
}

/// What a remote secret may call this cluster: its cluster ID, the name it was given here, or the UID of its
/// `kube-system`, which is what `create-remote-secret` takes by default.
pub(crate) fn names<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let uid =
        view.namespaces().find("", "kube-system").map(|row| &*row.fact.uid).filter(|uid| !uid.is_empty());
    let name: &'a str = view.name();
    let id = view.control_plane().cluster_id().filter(|id| *id != name);
    std::iter::once(name).chain(id).chain(uid)
}
