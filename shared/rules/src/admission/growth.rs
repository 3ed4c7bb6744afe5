//! Where a rule finds more after a change than before, although the finding keeps its place: one port before,
//! every port now.
//!
//! What a finding covers is a set of (subset, port), subsets told apart by name. The set is not built: ports whose
//! entries at the top are alike before and after are asked once for each subset, so that the work grows with the
//! object and not with subsets times ports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mesh_model::FieldPath;
use mesh_model::row::DestinationRule;
use mesh_traffic::{Level, Policies, Scope};

use crate::Code;
use crate::rules::extent::{self, Extent};

/// Places in `new` at which the findings of `code` cover more than in `old`.
pub(super) fn grown(code: Code, old: &DestinationRule, new: &DestinationRule) -> BTreeSet<FieldPath> {
    let extents = extent::of(code);
    if extents.is_empty() {
        return BTreeSet::new();
    }
    let sides = Sides::new(old, new);
    let levels = extents.iter().flat_map(|extent| sides.grown(*extent));
    levels.map(|level| extent::place(code, level)).collect()
}

struct Sides<'a> {
    old: Policies<'a>,
    new: Policies<'a>,
    /// Position in the new rule, and in the old one if the subset was there.
    subsets: Vec<(usize, Option<usize>)>,
    classes: Vec<Vec<u16>>,
    class_of: BTreeMap<u16, usize>,
}

impl<'a> Sides<'a> {
    fn new(old_rule: &'a DestinationRule, new_rule: &'a DestinationRule) -> Self {
        let (old, new) = (Policies::new(old_rule), Policies::new(new_rule));
        let mut positions = HashMap::new();
        for (at, subset) in old_rule.subsets.iter().enumerate() {
            positions.entry(&*subset.name).or_insert(at);
        }
        let both = new_rule.subsets.iter().enumerate();
        let both = both.map(|(at, subset)| (at, positions.get(&*subset.name).copied()));
        // Without a policy before and after, a subset gets what traffic without a subset gets.
        let has_policy = |(at, before): &(usize, Option<usize>)| {
            new.get(Some(*at)).is_some() || before.is_some_and(|before| old.get(Some(before)).is_some())
        };
        let subsets = both.filter(has_policy).collect();
        let mut by_form: BTreeMap<_, Vec<u16>> = BTreeMap::new();
        for port in ports(&old, None).chain(ports(&new, None)).collect::<BTreeSet<_>>() {
            by_form.entry((form(&old, port), form(&new, port))).or_default().push(port);
        }
        let classes: Vec<Vec<u16>> = by_form.into_values().collect();
        let numbered = classes.iter().enumerate();
        let class_of = numbered.flat_map(|(at, ports)| ports.iter().map(move |port| (*port, at))).collect();
        Self { old, new, subsets, classes, class_of }
    }

    fn grown(&self, extent: Extent) -> BTreeSet<Level> {
        let more = |subset, before, port| {
            let level = extent(&self.new, Scope { subset, port })?;
            extent(&self.old, Scope { subset: before, port }).is_none().then_some(level)
        };
        let named = self.class_of.keys().map(|port| Some(*port));
        let mut levels: BTreeSet<Level> =
            std::iter::once(None).chain(named).filter_map(|port| more(None, None, port)).collect();
        let mut top = TopPorts::new(self);
        for (at, before) in &self.subsets {
            let own: BTreeSet<u16> = ports(&self.new, Some(*at))
                .chain(before.iter().flat_map(|before| ports(&self.old, Some(*before))))
                .collect();
            let ports = std::iter::once(None).chain(own.iter().map(|port| Some(*port)));
            levels.extend(ports.filter_map(|port| more(Some(*at), *before, port)));
            for (class, members) in self.classes.iter().enumerate() {
                let Some(port) = members.iter().find(|port| !own.contains(port)) else { continue };
                match more(Some(*at), *before, Some(*port)) {
                    Some(Level::TopPort(_)) => top.grew(class, &own),
                    level => levels.extend(level),
                }
            }
        }
        levels.extend(top.levels());
        levels
    }
}

/// Entries at the top that a subset grew, counted by class: each subset grows all members but those for which it
/// has an entry of its own.
struct TopPorts<'a> {
    sides: &'a Sides<'a>,
    subsets: Vec<usize>,
    without: BTreeMap<u16, usize>,
}

impl<'a> TopPorts<'a> {
    fn new(sides: &'a Sides<'a>) -> Self {
        Self { sides, subsets: vec![0; sides.classes.len()], without: BTreeMap::new() }
    }

    fn grew(&mut self, class: usize, own: &BTreeSet<u16>) {
        self.subsets[class] += 1;
        for port in own.iter().filter(|port| self.sides.class_of.get(port) == Some(&class)) {
            *self.without.entry(*port).or_default() += 1;
        }
    }

    fn levels(&self) -> impl Iterator<Item = Level> {
        self.sides.class_of.iter().filter_map(|(port, class)| {
            let without = self.without.get(port).copied().unwrap_or_default();
            let (at, _) = self.sides.new.get(None)?.ports.get(port)?;
            (self.subsets[*class] > without).then_some(Level::TopPort(*at))
        })
    }
}

fn ports(policies: &Policies<'_>, subset: Option<usize>) -> impl Iterator<Item = u16> {
    policies.get(subset).into_iter().flat_map(|policy| policy.ports.keys().copied())
}

/// What a subset can tell about the entry of a port at the top; `None` without an entry.
fn form(policies: &Policies<'_>, port: u16) -> Option<(Option<bool>, bool)> {
    let (_, blocks) = policies.get(None)?.ports.get(&port)?;
    let asks = blocks.load_balancer.as_ref().map(|balancer| extent::asked(balancer).is_some());
    Some((asks, blocks.outlier_detection.is_some()))
}
