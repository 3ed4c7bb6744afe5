//! MESH008.

use std::collections::BTreeMap;

use mesh_model::path;

use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags};

declare_rule! {
    "cluster_given_twice.md",
    pub static CLUSTER_GIVEN_TWICE = {
        code: 8, name: "cluster-given-twice", summary: "every cluster is given once",
        severity: Error, tags: Tags::empty(), needs: [Namespace], closed: [Namespace], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let mut first_of = BTreeMap::new();
    for cluster in mesh.clusters() {
        let Some(row) = cluster.namespaces().find("", "kube-system") else { continue };
        if row.fact.uid.is_empty() {
            continue;
        }
        let Some(first) = first_of.get(&row.fact.uid) else {
            first_of.insert(row.fact.uid.clone(), cluster.name());
            continue;
        };
        out.report_cluster(
            cluster.name(),
            format!("cluster \"{}\" is the same as cluster \"{first}\"", cluster.name()),
        )
        .peer(first)
        .evidence(row, path!["metadata", "uid"], format!("{} in both", row.fact.uid))
        .command("kubectl get namespace kube-system -o jsonpath={.metadata.uid}", true);
    }
}
