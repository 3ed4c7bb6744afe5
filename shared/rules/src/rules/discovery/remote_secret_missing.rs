//! MESH101.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{DeploymentFact, SecretFact};
use mesh_model::{FieldPath, Kind, ObjectRef, Row, path};

use crate::facts::membership::{
    CLUSTER_ANNOTATION, Joined, SECRET_PREFIX, names, registered, remote_secrets,
};
use crate::rule::declare_rule;
use crate::shell::word;
use crate::{Check, ClusterView, Line, MeshView, Severity, Sink, Tags};

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
    for (position, reader) in members.iter().enumerate().filter(|(_, member)| member.reads) {
        for (other, target) in members.iter().enumerate() {
            // A pair that shares an ID is MESH112's: no secret can help before that is mended.
            let shares_id = reader.id.is_some() && reader.id == target.id;
            if position == other || shares_id || !target.is_settled {
                continue;
            }
            let joined = mesh.membership().joined(reader.view.name(), target.view.name());
            let belong = match joined {
                Joined::No => false,
                Joined::Perhaps(doubt) => doubt.is_tied,
                Joined::Yes => true,
            };
            if belong && !names(&target.view).any(|name| reader.secrets.contains_key(name)) {
                report(reader, target, joined, out);
            }
        }
    }
}

fn report(reader: &Member<'_>, target: &Member<'_>, joined: Joined<'_>, out: &mut Sink<'_>) {
    let (here, there) = (reader.view.name(), target.view.name());
    let id = target.id.unwrap_or(there);
    let system = reader.view.control_plane().system_namespace();
    let missing = ObjectRef::new(here.clone(), Kind::Secret, system, format!("{SECRET_PREFIX}{id}"));
    let message = format!(
        "cluster \"{here}\" has no remote secret for cluster \"{there}\", so it gets no endpoints from there"
    );
    // A Secret of that name may be there and stand for another cluster, or lack the label.
    let origin = reader.view.secrets().find(system, &missing.name).map(|row| row.origin).unwrap_or_default();
    let mut draft = out
        .report_object(missing, FieldPath::root(), message)
        .read_at(origin)
        .peer(there)
        .unless_sure(joined);
    if let Some(row) = names(&reader.view).find_map(|name| target.secrets.get(name)) {
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
            path!["metadata", "annotations", CLUSTER_ANNOTATION],
            value,
        );
    }
    let line = Line::from("istioctl create-remote-secret --context=").then_context(there);
    draft.command(line.then(format!(" --name={} | kubectl apply -f -", word(id))), false);
}

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
        for row in remote_secrets(&view) {
            let clusters = registered(row);
            if clusters.is_empty() {
                member.nameless = member.nameless.or(Some(row));
            }
            // An istiod passes over a secret under its own ID.
            let foreign = clusters.into_iter().filter(|cluster| Some(*cluster) != id);
            member.secrets.extend(foreign.map(|cluster| (cluster, row)));
        }
        member
    }
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
