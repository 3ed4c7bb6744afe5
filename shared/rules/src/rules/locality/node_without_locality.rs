//! MESH215.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{NodeFact, PodFact};
use mesh_model::{Name, Row, path};
use serde_json::{Map, Value, json};

use crate::facts::{localities, pods};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "node_without_locality.md",
    pub static NODE_WITHOUT_LOCALITY = {
        code: 215, name: "node-without-locality", summary: "nodes with mesh pods have region and zone labels",
        severity: Warning, tags: Tags::FAILOVER,
        needs: [Node, Pod], closed: [Node, Pod], after: [],
        check: Check::Cluster(check),
    };
}

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";

fn check(_: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    let mut pods_on: BTreeMap<&Name, usize> = BTreeMap::new();
    let rules = localities::rules(view);
    // A pod with a label of its own does not look at its node.
    let looks = |pod: &&Row<PodFact>| pods::is_in_mesh(pod) && localities::label(pod, rules).is_none();
    for pod in view.pods().rows().iter().filter(looks) {
        *pods_on.entry(&pod.fact.node).or_default() += 1;
    }
    let regions: BTreeSet<&str> = view
        .nodes()
        .rows()
        .iter()
        .map(|node| node.fact.locality.region.as_str())
        .filter(|region| !region.is_empty())
        .collect();
    for node in view.nodes().rows() {
        if let Some(count) = pods_on.get(&node.obj.name) {
            judge(node, *count, &regions, out);
        }
    }
}

fn judge(node: &Row<NodeFact>, pods: usize, regions: &BTreeSet<&str>, out: &mut Sink<'_>) {
    let locality = &node.fact.locality;
    // The region of the only region there is can be told; a zone is known to its owner alone.
    let region = match regions.iter().collect::<Vec<_>>().as_slice() {
        [only] => (**only).to_owned(),
        _ => "REGION".to_owned(),
    };
    let mut labels = Map::new();
    if locality.region.is_empty() {
        labels.insert(REGION.to_owned(), Value::from(region));
    }
    if locality.zone.is_empty() {
        labels.insert(ZONE.to_owned(), Value::from("ZONE"));
    }
    let Some(first) = labels.keys().next().cloned() else { return };
    let missing = labels.keys().map(String::as_str).collect::<Vec<_>>().join(" and ");
    let effect = match (locality.region.is_empty(), locality.zone.is_empty()) {
        (true, _) if !regions.is_empty() => "; other nodes have a region, so it counts as another one",
        (true, false) => "; a zone counts only inside its region",
        _ => "",
    };
    let pods = if pods == 1 { "1 pod".to_owned() } else { format!("{pods} pods") };
    let message =
        format!("Node \"{}\" runs {pods} of the mesh without the label {missing}{effect}", node.obj.name);
    let path =
        if node.labels.is_empty() { path!["metadata", "labels"] } else { path!["metadata", "labels", first] };
    let _ = out.report(node, path, message).patch(json!({"metadata": {"labels": labels}}), false);
}
