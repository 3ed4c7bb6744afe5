//! MESH005.

use mesh_model::row::DeploymentFact;
use mesh_model::{FieldPath, Gap, Kind, Labels, Row, path};

use crate::rule::declare_rule;
use crate::rules::control_plane::revisions::{INJECTION, POD_INJECTION, REVISION, Served};
use crate::shell::word;
use crate::{Check, ClusterView, Line, MeshView, Sink, Tags};

declare_rule! {
    "mesh_not_found.md",
    pub static MESH_NOT_FOUND = {
        code: 5, name: "mesh-not-found", summary: "every cluster has a control plane",
        severity: Warning, tags: Tags::empty(),
        needs: [Namespace, Pod, Deployment, MutatingWebhookConfiguration, ControlPlaneRevision],
        closed: [Deployment, MutatingWebhookConfiguration], after: [],
        check: Check::Cluster(check),
    };
}

/// Labelled objects that are named one by one; a cluster may have thousands.
const NAMED: usize = 5;

fn check(_: &MeshView<'_>, cluster: &ClusterView<'_>, out: &mut Sink<'_>) {
    if !Served::of(cluster).is_empty() || hides_managed(cluster) {
        return;
    }
    let namespaces = cluster.namespaces().rows().iter().filter_map(|row| {
        let key = [INJECTION, REVISION].into_iter().find(|key| asks_for_injection(&row.labels, key))?;
        Some((&row.obj, &row.labels, key))
    });
    let pods = cluster.pods().rows().iter().filter(|row| !row.fact.finished).filter_map(|row| {
        let key = [POD_INJECTION, REVISION].into_iter().find(|key| asks_for_injection(&row.labels, key))?;
        Some((&row.obj, &row.labels, key))
    });
    let labelled: Vec<_> = namespaces.chain(pods).collect();
    if labelled.is_empty() && cluster.deployments().rows().iter().any(is_admiral) {
        return;
    }
    let name = cluster.name();
    let mut draft = out.report_cluster(
        name,
        format!("cluster \"{name}\" has no istiod, no injection webhook and no managed control plane"),
    );
    for (object, labels, key) in labelled.iter().take(NAMED) {
        let value = format!("{key}={}, but nothing injects here", labels.get(key).unwrap_or_default());
        let subject = crate::Subject::Object((*object).clone());
        draft = draft.evidence_of(subject, path!["metadata", "labels", *key], value);
    }
    if labelled.len() > NAMED {
        let subject = crate::Subject::Cluster(name.clone());
        let value = format!("{} more are labelled for injection", labelled.len() - NAMED);
        draft = draft.evidence_of(subject, FieldPath::root(), value);
    }
    let setting = format!(" --set values.global.multiCluster.clusterName={}", word(name));
    draft.command(Line::from("istioctl install --context=").then_context(name).then(setting), false);
}

fn asks_for_injection(labels: &Labels, key: &str) -> bool {
    match labels.get(key) {
        Some(value) if key == INJECTION => value == "enabled",
        Some(value) if key == POD_INJECTION => value == "true",
        Some(value) => !value.is_empty(),
        None => false,
    }
}

/// A managed control plane leaves its webhooks too, so files without its own kind still tell; a cluster that
/// forbids the kind does not.
fn hides_managed(cluster: &ClusterView<'_>) -> bool {
    cluster.gaps().of(Kind::ControlPlaneRevision).is_some_and(|gap| *gap != Gap::NotGiven)
}

/// Admiral writes into other clusters and needs no mesh of its own.
fn is_admiral(row: &Row<DeploymentFact>) -> bool {
    let image_name = |image: &str| {
        let last = image.rsplit('/').next().unwrap_or_default();
        last.split([':', '@']).next().unwrap_or_default().to_owned()
    };
    row.fact.template_labels.is("app", "admiral")
        || row.fact.containers.iter().any(|container| image_name(&container.image) == "admiral")
}
