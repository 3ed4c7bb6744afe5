//! MESH216.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::NodeFact;
use mesh_model::{FieldPath, Row, path};

use super::pod_locality_label as pod_label;
use crate::facts::membership::meshes;
use crate::rule::declare_rule;
use crate::sink::Draft;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Tags, shell};

declare_rule! {
    "locality_spelling_differs.md",
    pub static LOCALITY_SPELLING_DIFFERS = {
        code: 216, name: "locality-spelling-differs", summary: "regions and zones have one spelling",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::DRIFT),
        needs: [Node, Pod, Secret, ServiceEntry], closed: [Node, Pod], after: [],
        check: Check::Mesh(check),
    };
}

const REGION: [&str; 2] = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
const ZONE: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for group in meshes(mesh) {
        let nodes: Vec<Seen<'_>> = group.iter().flat_map(seen).collect();
        spellings(&nodes, Part::Region, out);
        spellings(&nodes, Part::Zone, out);
        zones_of_two_regions(&nodes, out);
        pod_label::check(&group, &nodes, out);
    }
}

/// A node and the cluster it is in.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    view: ClusterView<'a>,
    pub(super) node: &'a Row<NodeFact>,
}

fn seen<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = Seen<'a>> + use<'a> {
    let view = *view;
    view.nodes().rows().iter().map(move |node| Seen { view, node })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Region,
    Zone,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Zone => "zone",
        }
    }

    fn of<'a>(self, seen: &Seen<'a>) -> &'a str {
        let locality = &seen.node.fact.locality;
        match self {
            Self::Region => &locality.region,
            Self::Zone => &locality.zone,
        }
    }

    /// The label that names it on this node.
    fn label(self, seen: &Seen<'_>) -> &'static str {
        let [new, old] = if self == Self::Region { REGION } else { ZONE };
        if seen.node.labels.get(new).is_some() { new } else { old }
    }
}

/// A name without what people spell in different ways.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Names that differ by case, dashes and underscores only; zones are compared within one region, since elsewhere
/// istiod does not compare them at all.
fn spellings(nodes: &[Seen<'_>], part: Part, out: &mut Sink<'_>) {
    let mut by_plain: BTreeMap<(&str, String), BTreeMap<&str, Vec<&Seen<'_>>>> = BTreeMap::new();
    for seen in nodes.iter().filter(|seen| !part.of(seen).is_empty()) {
        let around = if part == Part::Zone { Part::Region.of(seen) } else { "" };
        let name = part.of(seen);
        by_plain.entry((around, plain(name))).or_default().entry(name).or_default().push(seen);
    }
    for spelled in by_plain.values().filter(|spelled| spelled.len() > 1) {
        let most = spelled.values().map(Vec::len).max().unwrap_or_default();
        let Some((usual, reference)) = spelled.iter().find(|(_, nodes)| nodes.len() == most) else {
            continue;
        };
        for (name, nodes) in spelled.iter().filter(|(name, _)| *name != usual) {
            for nodes in by_label(nodes, part) {
                let text = format!(
                    "while {} of the mesh {} in \"{usual}\": istiod compares letter by letter, so these are two {}s",
                    count(reference.len()),
                    if reference.len() == 1 { "is" } else { "are" },
                    part.word()
                );
                let draft = report(&nodes, part, name, &text, out);
                let draft = relabel(draft, &nodes, part, &[(part, name)], usual);
                let _ = unless_clouds_differ(draft, &nodes, reference);
            }
        }
    }
}

/// One zone name in two regions. Left out are names that say nothing of a place, which any region may have.
fn zones_of_two_regions(nodes: &[Seen<'_>], out: &mut Sink<'_>) {
    let mut by_zone: BTreeMap<&str, BTreeMap<&str, Vec<&Seen<'_>>>> = BTreeMap::new();
    let is_whole = |seen: &&Seen<'_>| !Part::Region.of(seen).is_empty() && !is_generic(Part::Zone.of(seen));
    for seen in nodes.iter().filter(is_whole) {
        by_zone.entry(Part::Zone.of(seen)).or_default().entry(Part::Region.of(seen)).or_default().push(seen);
    }
    for (zone, regions) in by_zone.iter().filter(|(_, regions)| regions.len() > 1) {
        let is_named_after = |region: &str| plain(zone).starts_with(&plain(region));
        let rank = |(region, nodes): &(&&str, &Vec<&Seen<'_>>)| (is_named_after(region), nodes.len());
        let most = regions.iter().map(|entry| rank(&entry)).max().unwrap_or_default();
        let Some((home, _)) = regions.iter().find(|entry| rank(entry) == most) else { continue };
        // Two spellings of one region have a finding already.
        let others = regions.iter().filter(|(region, _)| plain(region) != plain(home));
        for (region, nodes) in others {
            for nodes in by_label(nodes, Part::Region) {
                let text = format!(
                    "with zone \"{zone}\", which is in region \"{home}\" elsewhere: zones of different regions are \
                     never the same to istiod"
                );
                let draft = report(&nodes, Part::Region, region, &text, out);
                let _ =
                    relabel(draft, &nodes, Part::Region, &[(Part::Region, region), (Part::Zone, zone)], home);
            }
        }
    }
}

/// The name is made of numbers, letters, and words for parts of any building.
fn is_generic(zone: &str) -> bool {
    const WORDS: [&str; 9] = ["az", "cell", "dc", "floor", "hall", "rack", "room", "row", "zone"];
    let words = zone.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1);
    words.map(str::to_lowercase).all(|word| WORDS.contains(&word.as_str()))
}

/// The nodes of one cluster that one command can relabel, since one label names the part on each.
fn by_label<'s, 'a>(nodes: &[&'s Seen<'a>], part: Part) -> Vec<Vec<&'s Seen<'a>>> {
    let mut groups: BTreeMap<(&str, &str), Vec<&'s Seen<'a>>> = BTreeMap::new();
    for seen in nodes {
        groups.entry((seen.view.name(), part.label(seen))).or_default().push(seen);
    }
    groups.into_values().collect()
}

/// Reports some nodes of one cluster under the first of them.
fn report<'o>(nodes: &[&Seen<'_>], part: Part, name: &str, text: &str, out: &'o mut Sink<'_>) -> Draft<'o> {
    let first = nodes[0];
    let others = match nodes.len() - 1 {
        0 => String::new(),
        more => format!(" (and {} of this cluster)", count(more)),
    };
    let message = format!("Node \"{}\"{others} is in {} \"{name}\" {text}", first.node.obj.name, part.word());
    out.report(first.node, at(first, part), message)
}

fn at(seen: &Seen<'_>, part: Part) -> FieldPath {
    path!["metadata", "labels", part.label(seen)]
}

fn count(nodes: usize) -> String {
    if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") }
}

/// The command that gives the nodes chosen by the labels `of` another name for `part`.
fn relabel<'o>(
    draft: Draft<'o>,
    nodes: &[&Seen<'_>],
    part: Part,
    of: &[(Part, &str)],
    name: &str,
) -> Draft<'o> {
    let selector: Vec<String> =
        of.iter().map(|(part, value)| format!("{}={value}", part.label(nodes[0]))).collect();
    let line = format!(
        "kubectl label nodes -l {} {} --overwrite",
        shell::word(&selector.join(",")),
        shell::word(&format!("{}={name}", part.label(nodes[0]))),
    );
    draft.command(line, false)
}

/// Each cloud names its regions by itself, and that two of them look alike may be chance: worth knowing, no more.
fn unless_clouds_differ<'o>(draft: Draft<'o>, nodes: &[&Seen<'_>], others: &[&Seen<'_>]) -> Draft<'o> {
    let clouds = |nodes: &[&Seen<'_>]| -> BTreeSet<String> {
        let of_node = |seen: &&Seen<'_>| {
            seen.node.fact.provider_id.split_once("://").map(|(cloud, _)| cloud.to_owned())
        };
        nodes.iter().filter_map(of_node).collect()
    };
    let (own, theirs) = (clouds(nodes), clouds(others));
    if own.is_empty() || theirs.is_empty() || !own.is_disjoint(&theirs) {
        return draft;
    }
    let value = "another cloud than that of the other nodes, which may mean another place";
    draft.severity(Severity::Info).evidence(nodes[0].node, path!["spec", "providerID"], value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_of_any_building_say_nothing_of_a_place() {
        for zone in ["1", "a", "zone-a", "az2", "rack_17", "dc1-rack2", ""] {
            assert!(is_generic(zone), "{zone}");
        }
        for zone in ["us-west-2a", "eastus-1", "fra1", "europe-west1-b"] {
            assert!(!is_generic(zone), "{zone}");
        }
    }

    #[test]
    fn case_dashes_and_underscores_are_spelling() {
        assert_eq!(plain("US_East-1"), plain("us-east1"));
        assert_ne!(plain("us-east-1"), plain("us-east-2"));
    }
}
