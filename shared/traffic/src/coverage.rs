//! Which load balancers of a rule get outlier detection, and where they do not.
//!
//! Asking each (port, subset) by itself takes subsets times ports, which an object of the largest size turns into
//! minutes. Here the work grows with the object: port entries at the top fall into those with and those without
//! outlier detection, and a subset only looks up the entries of its own.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{DestinationRule, LoadBalancer, PolicyBlocks};

use crate::{Indexed, Level, Policies};

/// Most entries of a [`Few`]: each of thousands of subsets could list each of thousands of ports.
pub const SHOWN: usize = 32;

/// The first of several things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T> {
    /// At most [`SHOWN`], in order.
    pub first: Vec<T>,
    /// How many there are beyond these.
    pub more: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

/// A load balancer that counts somewhere and misses outlier detection on some (port, subset) it decides about.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage<'a> {
    /// The level it stands in.
    pub level: Level,
    /// The load balancer.
    pub balancer: &'a LoadBalancer,
    /// Ports on which outlier detection is missing though the balancer has it on other ports or for other
    /// subsets; empty when it is missing wherever the balancer counts, or on ports that no entry names.
    pub only_ports: Few<u16>,
    /// Port entries at the top that give the level below them no outlier detection.
    pub dropped_by: Few<Level>,
}

/// The load balancers of `rule` that miss outlier detection, by level.
#[must_use]
pub fn coverage(rule: &DestinationRule) -> Vec<Coverage<'_>> {
    let policies = Policies::new(rule);
    let subsets: Vec<(usize, &Indexed<'_>)> =
        (0..rule.subsets.len()).filter_map(|at| Some((at, policies.get(Some(at))?))).collect();
    let mut found = Vec::new();
    let bare = policies.get(None).map(|top| {
        of_top(top, &subsets, &mut found);
        Bare::new(top)
    });
    for (at, own) in &subsets {
        of_subset(*at, own, bare.as_ref(), &mut found);
    }
    found.sort_by_key(|coverage| coverage.level);
    found
}

fn of_top<'a>(top: &Indexed<'a>, subsets: &[(usize, &Indexed<'a>)], found: &mut Vec<Coverage<'a>>) {
    found.extend(uncovered(top.blocks, Level::Top));
    // A subset with outlier detection and without a balancer protects the balancer of a port entry at the top,
    // unless it has an entry of its own for the port.
    let mut protectors = 0_usize;
    let mut with_own_entry: BTreeMap<u16, usize> = BTreeMap::new();
    for (_, own) in subsets {
        if own.blocks.outlier_detection.is_some() && own.blocks.load_balancer.is_none() {
            protectors += 1;
            for port in own.ports.keys() {
                *with_own_entry.entry(*port).or_default() += 1;
            }
        }
    }
    for (port, (at, blocks)) in &top.ports {
        let Some(mut coverage) = uncovered(blocks, Level::TopPort(*at)) else { continue };
        if protectors > with_own_entry.get(port).copied().unwrap_or_default() {
            coverage.only_ports.first.push(*port);
        }
        found.push(coverage);
    }
}

fn of_subset<'a>(at: usize, own: &Indexed<'a>, bare: Option<&Bare>, found: &mut Vec<Coverage<'a>>) {
    if let Some(coverage) = uncovered(own.blocks, Level::Subset(at)) {
        match bare {
            None => found.push(coverage),
            Some(bare) => found.extend(bare.under(own, coverage)),
        }
    }
    for (entry, blocks) in own.ports.values() {
        found.extend(uncovered(blocks, Level::SubsetPort(at, *entry)));
    }
}

/// The balancer of a level without outlier detection of its own.
fn uncovered(blocks: &PolicyBlocks, level: Level) -> Option<Coverage<'_>> {
    let balancer = blocks.load_balancer.as_ref().filter(|_| blocks.outlier_detection.is_none())?;
    Some(Coverage { level, balancer, only_ports: Few::default(), dropped_by: Few::default() })
}

/// What the top gives to subsets without outlier detection of their own.
struct Bare {
    /// It has outlier detection for the ports that it does not name.
    detects: bool,
    /// Ports whose entry has none.
    ports: BTreeSet<u16>,
    /// The same by position, with the port.
    entries: Vec<(usize, u16)>,
}

impl Bare {
    fn new(top: &Indexed<'_>) -> Self {
        let bare = top.ports.iter().filter(|(_, (_, blocks))| blocks.outlier_detection.is_none());
        let mut entries: Vec<(usize, u16)> = bare.map(|(port, (at, _))| (*at, *port)).collect();
        entries.sort_unstable();
        let ports = entries.iter().map(|(_, port)| *port).collect();
        Self { detects: top.blocks.outlier_detection.is_some(), ports, entries }
    }

    /// Completes the coverage of a subset's balancer; `None` if outlier detection reaches it on every port.
    fn under<'a>(&self, own: &Indexed<'_>, mut coverage: Coverage<'a>) -> Option<Coverage<'a>> {
        let hidden = own.ports.keys().filter(|port| self.ports.contains(port)).count();
        let count = self.ports.len() - hidden;
        if self.detects && count == 0 {
            return None;
        }
        let is_seen = |port: &u16| !own.ports.contains_key(port);
        if self.detects {
            coverage.only_ports = few(self.ports.iter().copied().filter(is_seen), count);
        }
        let entries = self.entries.iter().filter(|(_, port)| is_seen(port));
        coverage.dropped_by = few(entries.map(|(at, _)| Level::TopPort(*at)), count);
        Some(coverage)
    }
}

fn few<T>(all: impl Iterator<Item = T>, count: usize) -> Few<T> {
    Few { first: all.take(SHOWN).collect(), more: count.saturating_sub(SHOWN) }
}

#[cfg(test)]
mod tests {
    use mesh_model::HostPattern;
    use mesh_model::row::{OutlierDetection, PortPolicy, Subset, TrafficPolicy};
    use proptest::prelude::*;

    use super::*;
    use crate::Scope;

    fn blocks() -> impl Strategy<Value = PolicyBlocks> {
        (any::<bool>(), any::<bool>()).prop_map(|(balances, detects)| blocks_of(balances, detects))
    }

    fn blocks_of(balances: bool, detects: bool) -> PolicyBlocks {
        PolicyBlocks {
            load_balancer: balances.then(LoadBalancer::default),
            outlier_detection: detects.then(OutlierDetection::default),
            ..PolicyBlocks::default()
        }
    }

    /// Numbers repeat on purpose: the first entry of a port must win.
    fn policy() -> impl Strategy<Value = Option<TrafficPolicy>> {
        let entry = (80_u16..84, blocks()).prop_map(|(number, blocks)| PortPolicy { number, blocks });
        let policy = (blocks(), prop::collection::vec(entry, 0..4));
        prop::option::weighted(0.8, policy.prop_map(|(blocks, ports)| TrafficPolicy { blocks, ports }))
    }

    fn rule(policy: Option<TrafficPolicy>, subsets: Vec<Option<TrafficPolicy>>) -> DestinationRule {
        DestinationRule {
            host_text: "echo".into(),
            host: HostPattern::parse("echo", "shop"),
            policy,
            subsets: subsets.into_iter().map(|policy| Subset { policy, ..Subset::default() }).collect(),
            export_to: Vec::new(),
            workload_selector: mesh_model::Labels::default(),
            created: "".into(),
            deleting: false,
        }
    }

    /// Whether outlier detection reaches a level somewhere, the ports where not, and what drops it.
    type Tally = (bool, BTreeSet<Option<u16>>, BTreeSet<Level>);

    /// Asks every (port, subset) by itself.
    fn reference(rule: &DestinationRule) -> Vec<(Level, Vec<u16>, Vec<Level>)> {
        let policies = Policies::new(rule);
        let all = rule.policy.iter().chain(rule.subsets.iter().filter_map(|subset| subset.policy.as_ref()));
        let named: BTreeSet<u16> =
            all.flat_map(|policy| policy.ports.iter().map(|port| port.number)).collect();
        let ports: Vec<Option<u16>> = std::iter::once(None).chain(named.into_iter().map(Some)).collect();
        let mut tallies: BTreeMap<Level, Tally> = BTreeMap::new();
        for subset in std::iter::once(None).chain((0..rule.subsets.len()).map(Some)) {
            for port in &ports {
                let policy = policies.effective(Scope { subset, port: *port });
                if policy.load_balancer.value.is_none() {
                    continue;
                }
                let level = policy.load_balancer.level;
                let (protected, missing, dropped_by) = tallies.entry(level).or_default();
                if policy.outlier_detection.value.is_some() {
                    *protected = true;
                    continue;
                }
                missing.insert(*port);
                let dropping = policy.outlier_detection.level;
                if dropping != level && matches!(dropping, Level::TopPort(_)) {
                    dropped_by.insert(dropping);
                }
            }
        }
        let found = tallies.into_iter().filter(|(_, (_, missing, _))| !missing.is_empty());
        found
            .map(|(level, (protected, missing, dropped_by))| {
                let ports: Option<Vec<u16>> = missing.into_iter().collect();
                let ports = ports.filter(|_| protected).unwrap_or_default();
                (level, ports, dropped_by.into_iter().collect())
            })
            .collect()
    }

    proptest! {
        #[test]
        fn it_says_what_asking_each_port_and_subset_says(
            top in policy(),
            subsets in prop::collection::vec(policy(), 0..4),
        ) {
            let rule = rule(top, subsets);
            let found: Vec<_> = coverage(&rule)
                .into_iter()
                .map(|found| (found.level, found.only_ports.first, found.dropped_by.first))
                .collect();
            prop_assert_eq!(found, reference(&rule));
        }
    }

    #[test]
    fn thousands_of_subsets_and_ports_are_counted_and_only_the_first_are_listed() {
        let ports = (1..=2000).map(|number| PortPolicy { number, blocks: PolicyBlocks::default() }).collect();
        let top = TrafficPolicy { blocks: blocks_of(false, true), ports };
        let own = TrafficPolicy { blocks: blocks_of(true, false), ports: Vec::new() };
        let rule = rule(Some(top), vec![Some(own); 2000]);
        let found = coverage(&rule);
        assert_eq!(found.len(), 2000);
        for (at, found) in found.iter().enumerate() {
            assert_eq!(found.level, Level::Subset(at));
            assert_eq!((found.only_ports.first.len(), found.only_ports.more), (SHOWN, 2000 - SHOWN));
            assert_eq!((found.dropped_by.first.len(), found.dropped_by.more), (SHOWN, 2000 - SHOWN));
        }
    }
}
