//! MESH112.

use std::collections::BTreeMap;

use mesh_model::{ObjectRef, path};

use crate::facts::membership::Joined;
use crate::rule::declare_rule;
use crate::shell::{self, word};
use crate::{Check, ClusterView, Line, MeshView, Sink, Subject, Tags};

declare_rule! {
    "cluster_id_not_unique.md",
    pub static CLUSTER_ID_NOT_UNIQUE = {
        code: 112, name: "cluster-id-not-unique", summary: "no two clusters of a mesh run istiod with one cluster ID",
        severity: Error, tags: Tags::empty(), needs: [Deployment, Secret, ServiceEntry], closed: [ConfigMap, Deployment], after: [8],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let mut by_id: BTreeMap<&str, Vec<(&ClusterView<'_>, &ObjectRef)>> = BTreeMap::new();
    for cluster in mesh.clusters() {
        // Revisions beside each other in one cluster share its ID.
        let mut seen = Vec::new();
        for istiod in &cluster.control_plane().istiods {
            let Some(id) = istiod.cluster_id.as_deref().filter(|id| !seen.contains(id)) else { continue };
            seen.push(id);
            by_id.entry(id).or_default().push((cluster, &istiod.obj));
        }
    }
    for (id, holders) in by_id.iter().filter(|(_, holders)| holders.len() > 1) {
        for (cluster, istiod) in holders {
            let joined = |(other, _): &(&ClusterView<'_>, &ObjectRef)| {
                mesh.membership().joined(cluster.name(), other.name())
            };
            let peer = holders.iter().find(|holder| joined(holder).is_sure());
            // Clusters that nothing joins may share an ID: every install without one has the default.
            if let Some(peer) = peer.or_else(|| holders.iter().find(|holder| joined(holder).is_possible())) {
                report(id, cluster, istiod, peer, joined(peer), out);
            }
        }
    }
}

fn report(
    id: &str,
    cluster: &ClusterView<'_>,
    istiod: &ObjectRef,
    (peer, other): &(&ClusterView<'_>, &ObjectRef),
    joined: Joined<'_>,
    out: &mut Sink<'_>,
) {
    let message = format!(
        "{} \"{}\" runs as cluster ID \"{id}\", and so does istiod of cluster \"{}\"",
        istiod.kind,
        istiod.qualified_name(),
        peer.name()
    );
    let row = cluster.deployments().find(&istiod.namespace, &istiod.name).filter(|row| row.obj == *istiod);
    let container = row.and_then(|row| row.fact.containers.iter().position(|one| &*one.name == "discovery"));
    let draft = match (row, container) {
        (Some(row), Some(at)) => {
            out.report(row, path!["spec", "template", "spec", "containers", at, "env"], message)
        }
        _ => out.report_object(istiod.clone(), path!["spec"], message),
    };
    let (release, namespace) = (shell::name(&istiod.name), shell::name(&istiod.namespace));
    let setting = format!(" --reuse-values --set global.multiCluster.clusterName={}", word(cluster.name()));
    let line = Line::from(format!("helm upgrade {release} istio/istiod -n {namespace} --kube-context="));
    draft
        .peer(peer.name())
        .unless_sure(joined)
        .evidence_of(Subject::Object((*other).clone()), path!["spec"], format!("CLUSTER_ID {id}"))
        .command(line.then_context(cluster.name()).then(setting), false);
}
