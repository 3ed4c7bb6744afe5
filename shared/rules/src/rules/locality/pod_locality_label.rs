//! The part of MESH216 about pods that name their locality themselves: a form that is read otherwise than it is
//! meant, and a place where another node is.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::PodFact;
use mesh_model::{Locality, Row, path};
use mesh_traffic::{Gate, RuleSet};

use super::locality_spelling_differs::Seen;
use crate::facts::{localities, pods};
use crate::{ClusterView, Sink, shell};

/// Looks at the pods of one mesh, whose nodes are `nodes`.
pub(super) fn check(group: &[ClusterView<'_>], nodes: &[Seen<'_>], out: &mut Sink<'_>) {
    let places = Places::of(nodes);
    for view in group {
        let mut found: BTreeMap<(&str, &str, &str), Found<'_>> = BTreeMap::new();
        for pod in view.pods().rows().iter().filter(|pod| pods::is_in_mesh(pod)) {
            let Some((key, value)) = localities::label(pod, localities::rules(view)) else { continue };
            let Some(wrong) = wrong(value, &localities::of_node(view, &pod.fact.node), &places) else {
                continue;
            };
            let entry = found.entry((&pod.obj.namespace, key, value));
            entry.or_insert(Found { pod, wrong, count: 0 }).count += 1;
        }
        for ((namespace, key, value), found) in found {
            report(view, namespace, key, value, &found, out);
        }
    }
}

/// The regions that nodes stand in, and their zones.
struct Places<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Places<'a> {
    fn of(nodes: &[Seen<'a>]) -> Self {
        let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for Locality { region, zone, .. } in nodes.iter().map(|seen| &seen.node.fact.locality) {
            places.entry(region).or_default().insert(zone);
        }
        Self(places)
    }
}

/// Pods of one namespace with the same label and the same fault.
struct Found<'a> {
    pod: &'a Row<PodFact>,
    wrong: String,
    count: usize,
}

/// What is wrong with a label on a pod of that node. A label may well say something else than the node: names of its
/// own are what it is for. But where other nodes bear the name, the pod is not there.
fn wrong(value: &str, node: &Locality, places: &Places<'_>) -> Option<String> {
    let parts: Vec<&str> = localities::parts(value).collect();
    if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
        return Some(
            "which has not the form region.zone.subzone, so that istiod reads parts that nobody meant"
                .to_owned(),
        );
    }
    let (region, zone) = (parts[0], parts.get(1).copied().unwrap_or_default());
    if node.region.is_empty() {
        return None;
    }
    let zones = places.0.get(region)?;
    let is_elsewhere = if region == node.region.as_str() {
        !zone.is_empty() && !node.zone.is_empty() && zone != node.zone.as_str() && zones.contains(zone)
    } else {
        true
    };
    is_elsewhere
        .then(|| format!("where other nodes are, but its node is in \"{}/{}\"", node.region, node.zone))
}

fn report(
    view: &ClusterView<'_>,
    namespace: &str,
    key: &'static str,
    value: &str,
    found: &Found<'_>,
    out: &mut Sink<'_>,
) {
    let others = match found.count - 1 {
        0 => String::new(),
        1 => " (and 1 more pod)".to_owned(),
        more => format!(" (and {more} more pods)"),
    };
    let version = view.control_plane().version;
    let gated = key == localities::LABEL
        && RuleSet::in_question(version).iter().any(|rules| !rules.has(Gate::PodLocalityLabel));
    let note = if gated { "; the label counts from Istio 1.29 on, and the version is not known" } else { "" };
    let message = format!(
        "Pod \"{}\"{others} names its locality \"{value}\", {}{note}",
        found.pod.obj.qualified_name(),
        found.wrong
    );
    let line = format!(
        "kubectl label pods -n {} -l {} {key}-",
        shell::name(namespace),
        shell::word(&format!("{key}={value}"))
    );
    let _ = out.report(found.pod, path!["metadata", "labels", key], message).command(line, false);
}
