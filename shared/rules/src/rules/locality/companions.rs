//! Which blocks of a DestinationRule reach a (port, subset) together: an `outlierDetection` and the `loadBalancer`
//! it serves, or the other way round.
//!
//! Asking each (port, subset) takes subsets times ports. Here each block looks for one companion that counts, and
//! what it passes over on the way is an entry of the object each time, so that the work grows with the object.

use mesh_model::row::{DestinationRule, LoadBalancer, OutlierDetection, PolicyBlocks};
use mesh_traffic::{Indexed, Level, Policies};

/// A kind of block, by the field that holds it.
type Pick<'a, T> = fn(&'a PolicyBlocks) -> Option<&'a T>;

/// A block that meets a companion on some (port, subset).
pub(super) struct Met<'a, A> {
    /// The level the block stands in.
    pub(super) level: Level,
    /// The block.
    pub(super) block: &'a A,
    /// The level its companion stands in; that which leaves it out, if there is none.
    pub(super) beside: Level,
}

/// The outlier detections of `rule` that some load balancer for which `counts` holds goes with, by level. A balancer
/// may be absent: then the mesh's own settings go with the detection.
pub(super) fn detections(
    rule: &DestinationRule,
    counts: impl Fn(Option<&LoadBalancer>) -> bool,
) -> Vec<Met<'_, OutlierDetection>> {
    meet(rule, |blocks| blocks.outlier_detection.as_ref(), |blocks| blocks.load_balancer.as_ref(), counts)
}

/// The load balancers of `rule` that some outlier detection goes with, by level.
pub(super) fn detected_balancers(rule: &DestinationRule) -> Vec<Met<'_, LoadBalancer>> {
    let is_there = |detection: Option<&OutlierDetection>| detection.is_some();
    meet(rule, |blocks| blocks.load_balancer.as_ref(), |blocks| blocks.outlier_detection.as_ref(), is_there)
}

/// The blocks of one kind that istiod takes, by level: of two entries for one port the first.
pub(super) fn in_force<'a, T>(
    rule: &'a DestinationRule,
    pick: impl Fn(&'a PolicyBlocks) -> Option<&'a T>,
) -> Vec<(Level, &'a T)> {
    let policies = Policies::new(rule);
    let mut found: Vec<(Level, &T)> = sites(&policies, rule.subsets.len())
        .filter_map(|site| Some((site.level, pick(site.blocks)?)))
        .collect();
    found.sort_by_key(|(level, _)| *level);
    found
}

fn meet<'a, A, B>(
    rule: &'a DestinationRule,
    of_block: Pick<'a, A>,
    of_companion: Pick<'a, B>,
    counts: impl Fn(Option<&B>) -> bool,
) -> Vec<Met<'a, A>> {
    let policies = Policies::new(rule);
    let subsets = rule.subsets.len();
    let company = Company::new(&policies, subsets, of_block, of_companion, &counts);
    let mut found: Vec<Met<'a, A>> = sites(&policies, subsets)
        .filter_map(|site| {
            let block = of_block(site.blocks)?;
            Some(Met { level: site.level, block, beside: company.of(&site)? })
        })
        .collect();
    found.sort_by_key(|met| met.level);
    found
}

/// The blocks of one level, and where they stand.
struct Site<'p, 'a> {
    level: Level,
    blocks: &'a PolicyBlocks,
    /// The port, in an entry of `portLevelSettings`.
    port: Option<u16>,
    /// The policy around it.
    policy: &'p Indexed<'a>,
}

fn sites<'p, 'a>(policies: &'p Policies<'a>, subsets: usize) -> impl Iterator<Item = Site<'p, 'a>> {
    let all = std::iter::once(None).chain((0..subsets).map(Some));
    all.filter_map(|subset| Some((subset, policies.get(subset)?))).flat_map(|(subset, policy)| {
        let level = subset.map_or(Level::Top, Level::Subset);
        let entries = policy.ports.iter().map(move |(port, (at, blocks))| {
            let level = subset.map_or(Level::TopPort(*at), |subset| Level::SubsetPort(subset, *at));
            Site { level, blocks, port: Some(*port), policy }
        });
        std::iter::once(Site { level, blocks: policy.blocks, port: None, policy }).chain(entries)
    })
}

/// The companions that count, sorted by whom they can meet.
struct Company<'p, 'a, B, F> {
    of_companion: Pick<'a, B>,
    counts: &'p F,
    /// Subsets that inherit blocks from the top and have a companion of their own.
    of_subsets: Vec<(Level, &'p Indexed<'a>)>,
    /// The top has one for subsets without one of their own, on ports that no entry names.
    of_top: bool,
    /// The entries of ports at the top that have one for such subsets.
    of_ports: Vec<(u16, Level)>,
}

impl<'p, 'a, B, F: Fn(Option<&B>) -> bool> Company<'p, 'a, B, F> {
    fn new<A>(
        policies: &'p Policies<'a>,
        subsets: usize,
        of_block: Pick<'a, A>,
        of_companion: Pick<'a, B>,
        counts: &'p F,
    ) -> Self {
        let of_subset = |at| {
            let own = policies.get(Some(at)).filter(|own| of_block(own.blocks).is_none())?;
            of_companion(own.blocks).filter(|block| counts(Some(block)))?;
            Some((Level::Subset(at), own))
        };
        let top = policies.get(None);
        let entries = top.into_iter().flat_map(|top| &top.ports);
        let entries = entries.filter(|(_, (_, blocks))| counts(of_companion(blocks)));
        Self {
            of_companion,
            counts,
            of_subsets: (0..subsets).filter_map(of_subset).collect(),
            of_top: counts(top.and_then(|top| of_companion(top.blocks))),
            of_ports: entries.map(|(port, (at, _))| (*port, Level::TopPort(*at))).collect(),
        }
    }

    /// The level of the first companion of the block at `site`.
    fn of(&self, site: &Site<'p, 'a>) -> Option<Level> {
        let own = (self.of_companion)(site.blocks);
        let beside = || (self.counts)(own).then_some(site.level);
        match site.level {
            Level::Top | Level::TopPort(_) => beside().or_else(|| self.among_subsets(site.port)),
            Level::Subset(_) if own.is_none() => {
                self.of_top.then_some(Level::Top).or_else(|| self.among_ports(site.policy))
            }
            Level::Subset(_) | Level::SubsetPort(..) => beside(),
        }
    }

    /// A subset that inherits the block of the top for `port`.
    fn among_subsets(&self, port: Option<u16>) -> Option<Level> {
        let inherits = |own: &Indexed<'_>| port.is_none_or(|port| !own.ports.contains_key(&port));
        self.of_subsets.iter().find(|(_, own)| inherits(own)).map(|(level, _)| *level)
    }

    /// An entry at the top for a port that the subset itself has no entry for.
    fn among_ports(&self, own: &Indexed<'_>) -> Option<Level> {
        self.of_ports.iter().find(|(port, _)| !own.ports.contains_key(port)).map(|(_, level)| *level)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mesh_model::HostPattern;
    use mesh_model::row::{LocalityLbSetting, PortPolicy, Subset, TrafficPolicy};
    use mesh_traffic::Scope;
    use proptest::prelude::*;

    use super::*;

    /// Without a balancer, with one that counts, with one that does not; each with and without detection.
    fn blocks() -> impl Strategy<Value = PolicyBlocks> {
        let balancer = prop::option::of(any::<bool>().prop_map(|counts| LoadBalancer {
            locality: counts.then(LocalityLbSetting::default),
            ..LoadBalancer::default()
        }));
        (balancer, any::<bool>()).prop_map(|(load_balancer, detects)| PolicyBlocks {
            load_balancer,
            outlier_detection: detects.then(OutlierDetection::default),
            ..PolicyBlocks::default()
        })
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

    fn counts(balancer: Option<&LoadBalancer>) -> bool {
        balancer.is_some_and(|balancer| balancer.locality.is_some())
    }

    /// Asks every (port, subset) by itself: the levels of detections beside a balancer that counts, of detections
    /// beside none at all, and of balancers beside a detection.
    fn reference(rule: &DestinationRule) -> [BTreeSet<Level>; 3] {
        let policies = Policies::new(rule);
        let mut found = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
        for subset in std::iter::once(None).chain((0..rule.subsets.len()).map(Some)) {
            for port in std::iter::once(None).chain((80..84).map(Some)) {
                let policy = policies.effective(Scope { subset, port });
                let (balancer, detection) = (policy.load_balancer, policy.outlier_detection);
                if detection.value.is_none() {
                    continue;
                }
                if counts(balancer.value) {
                    found[0].insert(detection.level);
                }
                if balancer.value.is_none() {
                    found[1].insert(detection.level);
                } else {
                    found[2].insert(balancer.level);
                }
            }
        }
        found
    }

    fn levels<A>(met: Vec<Met<'_, A>>) -> BTreeSet<Level> {
        met.into_iter().map(|met| met.level).collect()
    }

    proptest! {
        #[test]
        fn it_finds_what_asking_each_port_and_subset_finds(
            top in policy(),
            subsets in prop::collection::vec(policy(), 0..4),
        ) {
            let rule = rule(top, subsets);
            let found = [
                levels(detections(&rule, counts)),
                levels(detections(&rule, |balancer| balancer.is_none())),
                levels(detected_balancers(&rule)),
            ];
            prop_assert_eq!(found, reference(&rule));
        }
    }
}
