//! MESH101.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{DeploymentFact, SecretFact};
use mesh_model::{FieldPath, Kind, ObjectRef, Row, path};

use crate::rule::declare_rule;
use crate::shell::word;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Tags};

declare_rule! {
    "remote_secret_missing.md",
    pub static REMOTE_SECRET_MISSING = {
        code: 101, name: "remote-secret-missing", summary: "control planes read all clusters of their mesh",
        severity: Error, tags: Tags::empty(),
        needs: [Secret, ServiceEntry, Deployment], closed: [ConfigMap, Secret, Deployment, ServiceEntry], after: [8],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let members = members(mesh);
    let groups = Groups::of(&members, mesh.all_clusters().any(|cluster| uses_admiral(&cluster)));
    for (position, reader) in members.iter().enumerate().filter(|(_, member)| member.reads) {
        for (other, target) in members.iter().enumerate() {
            // A pair that shares an ID is MESH112's: no secret can help before that is mended.
            let shares_id = reader.id.is_some() && reader.id == target.id;
            if position == other || shares_id || !target.is_settled || !groups.joined(position, other) {
                continue;
            }
            if !target.names().any(|name| reader.secrets.contains_key(name)) {
                report(reader, target, out);
            }
        }
    }
}

fn report(reader: &Member<'_>, target: &Member<'_>, out: &mut Sink<'_>) {
    let (here, there) = (reader.view.name(), target.view.name());
    let id = target.id.unwrap_or(there);
    let system = reader.view.control_plane().system_namespace();
    let missing = ObjectRef::new(here.clone(), Kind::Secret, system, format!("{PREFIX}{id}"));
    let message = format!(
        "cluster \"{here}\" has no remote secret for cluster \"{there}\", so it gets no endpoints from there"
    );
    // A Secret of that name may be there and stand for another cluster, or lack the label.
    let origin = reader.view.secrets().find(system, &missing.name).map(|row| row.origin).unwrap_or_default();
    let mut draft = out.report_object(missing, FieldPath::root(), message).read_at(origin).peer(there);
    if let Some(row) = reader.names().find_map(|name| target.secrets.get(name)) {
        draft = draft.evidence(
            row,
            FieldPath::root(),
            format!("links {there} to {here}, in that direction only"),
        );
    }
    if let Some(row) = reader.nameless {
        let value = "names no cluster outside its data; --read-secrets=remote tells which one it is for";
        draft = draft.severity(Severity::Warning).evidence(
            row,
            path!["metadata", "annotations", ANNOTATION],
            value,
        );
    }
    let (context, id) = (word(there), word(id));
    draft.command(
        format!("istioctl create-remote-secret --context={context} --name={id} | kubectl apply -f -"),
        false,
    );
}

const PREFIX: &str = "istio-remote-secret-";
const ANNOTATION: &str = "networking.istio.io/cluster";

/// One cluster as discovery sees it.
struct Member<'a> {
    view: ClusterView<'a>,
    id: Option<&'a str>,
    /// An istiod runs here and its secrets are known.
    reads: bool,
    /// The name others must have a secret for is known.
    is_settled: bool,
    /// Remote secrets by the cluster they stand for.
    secrets: BTreeMap<&'a str, &'a Row<SecretFact>>,
    /// A remote secret that does not say which cluster it stands for.
    nameless: Option<&'a Row<SecretFact>>,
}

impl<'a> Member<'a> {
    fn of(view: ClusterView<'a>, is_judged: bool) -> Self {
        let plane = view.control_plane();
        let id = plane.cluster_id();
        let mut member = Self {
            view,
            id,
            reads: is_judged && !plane.istiods.is_empty() && !reads_files(&view),
            is_settled: id.is_some() || is_judged,
            secrets: BTreeMap::new(),
            nameless: None,
        };
        for row in view.secrets().in_namespace(plane.system_namespace()) {
            // istiod selects by this label alone (istio: pkg/kube/multicluster/secretcontroller.go).
            if !row.labels.is("istio/multiCluster", "true") {
                continue;
            }
            let clusters = named_clusters(row);
            if clusters.is_empty() {
                member.nameless = member.nameless.or(Some(row));
            }
            // An istiod passes over a secret under its own ID.
            let foreign = clusters.into_iter().filter(|cluster| Some(*cluster) != id);
            member.secrets.extend(foreign.map(|cluster| (cluster, row)));
        }
        member
    }

    fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        [Some(self.view.name().as_str()), self.id].into_iter().flatten()
    }
}

/// The data keys are the truth; with metadata alone, what `istioctl create-remote-secret` writes there.
fn named_clusters(row: &Row<SecretFact>) -> Vec<&str> {
    if !row.fact.keys.is_empty() {
        return row.fact.keys.iter().map(|key| &**key).collect();
    }
    let by_annotation = row.annotations.get(ANNOTATION).filter(|name| !name.is_empty());
    by_annotation.or_else(|| row.obj.name.as_str().strip_prefix(PREFIX)).into_iter().collect()
}

fn members<'a>(mesh: &MeshView<'a>) -> Vec<Member<'a>> {
    let judged: BTreeSet<_> = mesh.clusters().iter().map(ClusterView::name).collect();
    let readable = mesh.all_clusters().filter(|view| view.gaps().of_cluster().is_none());
    readable.map(|view| Member::of(view, judged.contains(view.name()))).collect()
}

/// From Istio 1.30 on istiod may read kubeconfigs from a directory, which no object shows.
fn reads_files(view: &ClusterView<'_>) -> bool {
    let reads = |row: &Row<DeploymentFact>| {
        row.fact.containers.iter().any(|one| one.env.get("PILOT_MULTICLUSTER_KUBECONFIG_PATH").is_some())
    };
    let istiods = &view.control_plane().istiods;
    istiods
        .iter()
        .any(|istiod| view.deployments().find(&istiod.obj.namespace, &istiod.obj.name).is_some_and(reads))
}

/// Admiral joins clusters by ServiceEntries: one mesh ID says nothing about remote secrets there.
fn uses_admiral(view: &ClusterView<'_>) -> bool {
    const CREATED_BY: &str = "app.kubernetes.io/created-by";
    let by_admiral = |marks: &mesh_model::Labels| marks.is(CREATED_BY, "admiral");
    view.deployments().rows().iter().any(|row| row.fact.template_labels.is("app", "admiral"))
        || view.secrets().rows().iter().any(|row| row.labels.get("admiral/sync").is_some())
        || view
            .service_entries()
            .rows()
            .iter()
            .any(|row| by_admiral(&row.annotations) || by_admiral(&row.labels))
}

/// Which members belong to one mesh: linked by remote secrets, over third clusters too (given or not), or by a
/// mesh ID set by hand.
struct Groups(Vec<usize>);

impl Groups {
    fn of(members: &[Member<'_>], admiral: bool) -> Self {
        let mut groups = Self((0..members.len()).collect());
        let mut owners: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (position, member) in members.iter().enumerate() {
            for name in member.names() {
                owners.entry(name).or_default().insert(position);
            }
        }
        let mut first_reader = BTreeMap::new();
        let mut first_of_mesh = BTreeMap::new();
        for (position, member) in members.iter().enumerate() {
            for name in member.secrets.keys() {
                match owners.get(name).map(|owners| owners.iter().collect::<Vec<_>>()).as_deref() {
                    Some([owner]) => groups.join(**owner, position),
                    // Several clusters answer to the name: which one is meant cannot be told.
                    Some(_) => {}
                    None => groups.join(*first_reader.entry(*name).or_insert(position), position),
                }
            }
            if let Some(mesh_id) = member.view.control_plane().mesh_id().filter(|_| !admiral) {
                groups.join(*first_of_mesh.entry(mesh_id).or_insert(position), position);
            }
        }
        groups
    }

    fn join(&mut self, a: usize, b: usize) {
        let (keep, change) = (self.0[a], self.0[b]);
        self.0.iter_mut().filter(|group| **group == change).for_each(|group| *group = keep);
    }

    fn joined(&self, a: usize, b: usize) -> bool {
        self.0[a] == self.0[b]
    }
}
