//! The effective traffic policy: which block of which level reaches a (port, subset).
//!
//! Source: `istio: pilot/pkg/networking/util/util.go: MergeSubsetTrafficPolicy, GetPortLevelTrafficPolicy`, the
//! same from Istio 1.24 to 1.31. A block (connectionPool, outlierDetection, loadBalancer, tls) is taken or
//! dropped whole, never merged field by field:
//!
//! - a port entry *replaces* the level it stands in: blocks it leaves out are unset, not inherited;
//! - a subset inherits block by block from what the top level gives for the port;
//! - a port entry *of a subset* wipes: blocks it leaves out are unset even if the top level has them.

use std::collections::BTreeMap;

use mesh_model::row::{
    ClientTls, ConnectionPool, DestinationRule, LoadBalancer, OutlierDetection, PolicyBlocks, TrafficPolicy,
};
use mesh_model::{FieldPath, path};

/// The level of a rule that a block, or its absence, comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `spec.trafficPolicy`.
    Top,
    /// `spec.trafficPolicy.portLevelSettings[i]`.
    TopPort(usize),
    /// `spec.subsets[s].trafficPolicy`.
    Subset(usize),
    /// `spec.subsets[s].trafficPolicy.portLevelSettings[i]`.
    SubsetPort(usize, usize),
}

impl Level {
    /// It stands in a subset.
    #[must_use]
    pub const fn is_of_subset(self) -> bool {
        matches!(self, Self::Subset(_) | Self::SubsetPort(..))
    }

    /// Path of the level in the DestinationRule.
    #[must_use]
    pub fn path(self) -> FieldPath {
        match self {
            Self::Top => path!["spec", "trafficPolicy"],
            Self::TopPort(port) => path!["spec", "trafficPolicy", "portLevelSettings", port],
            Self::Subset(subset) => path!["spec", "subsets", subset, "trafficPolicy"],
            Self::SubsetPort(subset, port) => {
                path!["spec", "subsets", subset, "trafficPolicy", "portLevelSettings", port]
            }
        }
    }
}

/// One combination that Istio computes a policy for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Position of the subset; `None` for traffic that names no subset.
    pub subset: Option<usize>,
    /// Port of the Service; `None` for every port that no `portLevelSettings` entry names.
    pub port: Option<u16>,
}

/// A block and the level that decided about it.
#[derive(Debug)]
pub struct Block<'a, T> {
    /// The block, if one reaches the scope.
    pub value: Option<&'a T>,
    /// The level it comes from, or the level whose replacement left it out. [`Level::Top`] if no level has it.
    pub level: Level,
}

/// The blocks that reach one scope.
#[derive(Debug)]
pub struct Effective<'a> {
    /// The scope.
    pub scope: Scope,
    /// `loadBalancer`.
    pub load_balancer: Block<'a, LoadBalancer>,
    /// `outlierDetection`.
    pub outlier_detection: Block<'a, OutlierDetection>,
    /// `connectionPool`.
    pub connection_pool: Block<'a, ConnectionPool>,
    /// `tls`.
    pub tls: Block<'a, ClientTls>,
}

impl<'a> Effective<'a> {
    /// What reaches `scope` from the policy at the top and from that of the subset, which need not stand in one rule.
    pub(crate) fn of(scope: Scope, top: Option<&Indexed<'a>>, own: Option<&Indexed<'a>>) -> Self {
        let base = top.map(|policy| policy.layer(scope.port, Level::Top, Level::TopPort));
        let own = own.zip(scope.subset).map(|(policy, subset)| {
            policy.layer(scope.port, Level::Subset(subset), |port| Level::SubsetPort(subset, port))
        });
        Self {
            scope,
            load_balancer: block(base, own, |blocks| blocks.load_balancer.as_ref()),
            outlier_detection: block(base, own, |blocks| blocks.outlier_detection.as_ref()),
            connection_pool: block(base, own, |blocks| blocks.connection_pool.as_ref()),
            tls: block(base, own, |blocks| blocks.tls.as_ref()),
        }
    }
}

/// Every level of a rule that holds blocks, in the order of the document.
#[must_use]
pub fn levels(rule: &DestinationRule) -> Vec<(Level, &PolicyBlocks)> {
    let mut levels = Vec::new();
    if let Some(policy) = &rule.policy {
        push_levels(policy, Level::Top, Level::TopPort, &mut levels);
    }
    for (at, subset) in rule.subsets.iter().enumerate() {
        if let Some(policy) = &subset.policy {
            push_levels(policy, Level::Subset(at), |port| Level::SubsetPort(at, port), &mut levels);
        }
    }
    levels
}

fn push_levels<'a>(
    policy: &'a TrafficPolicy,
    own: Level,
    of_port: impl Fn(usize) -> Level,
    into: &mut Vec<(Level, &'a PolicyBlocks)>,
) {
    into.push((own, &policy.blocks));
    into.extend(policy.ports.iter().enumerate().map(|(at, entry)| (of_port(at), &entry.blocks)));
}

/// The policies of a rule with their port entries by number, so that a look-up does not walk through a list that
/// may hold tens of thousands of entries.
#[derive(Debug)]
pub struct Policies<'a> {
    top: Option<Indexed<'a>>,
    subsets: Vec<Option<Indexed<'a>>>,
}

impl<'a> Policies<'a> {
    /// Indexes the policies of `rule`.
    #[must_use]
    pub fn new(rule: &'a DestinationRule) -> Self {
        Self {
            top: rule.policy.as_ref().map(Indexed::new),
            subsets: rule.subsets.iter().map(|subset| subset.policy.as_ref().map(Indexed::new)).collect(),
        }
    }

    /// The policy that stands at the top, or in a subset; `None` if there is none.
    #[must_use]
    pub fn get(&self, subset: Option<usize>) -> Option<&Indexed<'a>> {
        match subset {
            None => self.top.as_ref(),
            Some(subset) => self.subsets.get(subset)?.as_ref(),
        }
    }

    /// The blocks of the rule that reach `scope`. A subset that is none gets what traffic without a subset gets.
    #[must_use]
    pub fn effective(&self, scope: Scope) -> Effective<'a> {
        let own = scope.subset.and_then(|subset| self.get(Some(subset)));
        Effective::of(scope, self.top.as_ref(), own)
    }
}

/// A policy with its port entries by number.
#[derive(Debug)]
pub struct Indexed<'a> {
    /// The blocks beside the port entries.
    pub blocks: &'a PolicyBlocks,
    /// Of each number the entry that counts, with its position. The first wins, as istiod takes it.
    pub ports: BTreeMap<u16, (usize, &'a PolicyBlocks)>,
}

impl<'a> Indexed<'a> {
    /// Indexes one policy.
    pub(crate) fn new(policy: &'a TrafficPolicy) -> Self {
        let mut ports = BTreeMap::new();
        for (at, entry) in policy.ports.iter().enumerate() {
            ports.entry(entry.number).or_insert((at, &entry.blocks));
        }
        Self { blocks: &policy.blocks, ports }
    }

    fn layer(&self, port: Option<u16>, own: Level, of_port: impl FnOnce(usize) -> Level) -> Layer<'a> {
        match port.and_then(|port| self.ports.get(&port)) {
            Some((at, blocks)) => Layer { blocks, level: of_port(*at), replaces: true },
            None => Layer { blocks: self.blocks, level: own, replaces: false },
        }
    }
}

#[derive(Clone, Copy)]
struct Layer<'a> {
    blocks: &'a PolicyBlocks,
    level: Level,
    replaces: bool,
}

fn block<'a, T>(
    base: Option<Layer<'a>>,
    own: Option<Layer<'a>>,
    pick: impl Fn(&'a PolicyBlocks) -> Option<&'a T>,
) -> Block<'a, T> {
    if let Some(layer) = own {
        let value = pick(layer.blocks);
        if value.is_some() || layer.replaces {
            return Block { value, level: layer.level };
        }
    }
    match base {
        Some(layer) => Block { value: pick(layer.blocks), level: layer.level },
        None => Block { value: None, level: Level::Top },
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::HostPattern;
    use mesh_model::row::{PortPolicy, Subset};

    use super::*;

    fn outlier() -> PolicyBlocks {
        PolicyBlocks { outlier_detection: Some(OutlierDetection::default()), ..PolicyBlocks::default() }
    }

    fn balancer() -> PolicyBlocks {
        PolicyBlocks { load_balancer: Some(LoadBalancer::default()), ..PolicyBlocks::default() }
    }

    fn rule(policy: Option<TrafficPolicy>, subset: Option<TrafficPolicy>) -> DestinationRule {
        DestinationRule {
            host_text: "echo".into(),
            host: HostPattern::parse("echo", "shop"),
            policy,
            subsets: vec![Subset { name: "v1".into(), policy: subset, ..Subset::default() }],
            export_to: Vec::new(),
            workload_selector: mesh_model::Labels::default(),
            created: "".into(),
            deleting: false,
        }
    }

    fn policy(blocks: PolicyBlocks, ports: Vec<(u16, PolicyBlocks)>) -> TrafficPolicy {
        let ports = ports.into_iter().map(|(number, blocks)| PortPolicy { number, blocks }).collect();
        TrafficPolicy { blocks, ports }
    }

    fn outlier_at(rule: &DestinationRule, subset: Option<usize>, port: Option<u16>) -> (bool, Level) {
        let found = Policies::new(rule).effective(Scope { subset, port }).outlier_detection;
        (found.value.is_some(), found.level)
    }

    #[test]
    fn a_port_entry_replaces_its_level() {
        let rule = rule(Some(policy(outlier(), vec![(80, balancer())])), None);
        assert_eq!(outlier_at(&rule, None, None), (true, Level::Top));
        assert_eq!(outlier_at(&rule, None, Some(80)), (false, Level::TopPort(0)));
    }

    #[test]
    fn a_subset_inherits_block_by_block() {
        let rule = rule(Some(policy(outlier(), vec![])), Some(policy(balancer(), vec![])));
        assert_eq!(outlier_at(&rule, Some(0), None), (true, Level::Top));
    }

    #[test]
    fn a_port_entry_of_a_subset_wipes_what_it_leaves_out() {
        let rule = rule(
            Some(policy(outlier(), vec![])),
            Some(policy(PolicyBlocks::default(), vec![(80, balancer())])),
        );
        assert_eq!(outlier_at(&rule, Some(0), Some(80)), (false, Level::SubsetPort(0, 0)));
        assert_eq!(outlier_at(&rule, Some(0), None), (true, Level::Top));
        assert_eq!(outlier_at(&rule, None, Some(80)), (true, Level::Top));
    }

    #[test]
    fn of_two_entries_for_one_port_the_first_counts() {
        let rule = rule(Some(policy(PolicyBlocks::default(), vec![(80, outlier()), (80, balancer())])), None);
        assert_eq!(outlier_at(&rule, None, Some(80)), (true, Level::TopPort(0)));
    }

    #[test]
    fn levels_are_listed_in_the_order_of_the_document() {
        let rule = rule(Some(policy(outlier(), vec![(80, balancer())])), Some(policy(balancer(), vec![])));
        let found: Vec<Level> = levels(&rule).into_iter().map(|(level, _)| level).collect();
        assert_eq!(found, [Level::Top, Level::TopPort(0), Level::Subset(0)]);
    }
}
