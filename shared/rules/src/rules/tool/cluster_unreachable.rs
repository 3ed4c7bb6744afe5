//! MESH003.

use mesh_model::Gap;

use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags};

declare_rule! {
    "cluster_unreachable.md",
    pub static CLUSTER_UNREACHABLE = {
        code: 3, name: "cluster-unreachable", summary: "API server of every cluster answers",
        severity: Error, tags: Tags::empty(), needs: [], closed: [], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for cluster in mesh.all_clusters() {
        if let Some(gap) = cluster.gaps().of_cluster() {
            let draft = out.report_cluster(
                cluster.name(),
                format!("cluster \"{}\" could not be read: {gap}", cluster.name()),
            );
            // Of files: there is no server to ask.
            if !matches!(gap, Gap::Truncated { .. }) {
                draft.command("kubectl get --raw /readyz".to_owned(), true);
            }
        }
    }
}
