//! MESH206.

use std::collections::BTreeSet;

use mesh_model::Row;
use mesh_model::row::{DestinationRule, LoadBalancer, PolicyBlocks, TrafficPolicy};
use mesh_traffic::{Block, Level, Policies, Scope};
use serde_json::{Value, json};

use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "port_policy_drops_outlier_detection.md",
    pub static PORT_POLICY_DROPS_OUTLIER_DETECTION = {
        code: 206, name: "port-policy-drops-outlier-detection",
        summary: "port entries repeat the outlierDetection and loadBalancer that they replace",
        severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    let rule = &row.fact;
    let policies = Policies::new(rule);
    if let Some(policy) = &rule.policy {
        for entry in entries_in_force(policy, Level::TopPort) {
            let lost = entry.lost(|pick| pick.at(&policy.blocks).then_some(Level::Top));
            report(row, &entry, &lost, out);
        }
    }
    for (subset, policy) in rule.subsets.iter().enumerate() {
        let Some(policy) = &policy.policy else { continue };
        for entry in entries_in_force(policy, |at| Level::SubsetPort(subset, at)) {
            let lost = entry.lost(|pick| pick.above(&policies, &policy.blocks, subset, entry.port));
            report(row, &entry, &lost, out);
        }
    }
}

/// Whether an entry for the scope's port stands in the scope's own policy and loses `outlierDetection`; its level.
pub(crate) fn drops_outlier_detection(policies: &Policies<'_>, scope: Scope) -> Option<Level> {
    drops(policies, scope, Pick::OutlierDetection)
}

/// The same for `loadBalancer`.
pub(crate) fn drops_load_balancer(policies: &Policies<'_>, scope: Scope) -> Option<Level> {
    drops(policies, scope, Pick::LoadBalancer)
}

fn drops(policies: &Policies<'_>, scope: Scope, pick: Pick) -> Option<Level> {
    let (port, policy) = (scope.port?, policies.get(scope.subset)?);
    let (at, entry) = policy.ports.get(&port)?;
    if pick.is_set(entry) {
        return None;
    }
    match scope.subset {
        None => pick.at(policy.blocks).then_some(Level::TopPort(*at)),
        Some(subset) => {
            pick.above(policies, policy.blocks, subset, port).map(|_| Level::SubsetPort(subset, *at))
        }
    }
}

/// One entry of `portLevelSettings` that istiod takes.
struct Entry<'a> {
    level: Level,
    port: u16,
    blocks: &'a PolicyBlocks,
}

impl Entry<'_> {
    /// The blocks the entry leaves out although `source` names a level that would have given them.
    fn lost(&self, source: impl Fn(Pick) -> Option<Level>) -> Vec<(Pick, Level)> {
        let left_out =
            [Pick::OutlierDetection, Pick::LoadBalancer].into_iter().filter(|pick| !pick.is_set(self.blocks));
        left_out.filter_map(|pick| source(pick).map(|level| (pick, level))).collect()
    }
}

#[derive(Clone, Copy)]
enum Pick {
    OutlierDetection,
    LoadBalancer,
}

impl Pick {
    const fn field(self) -> &'static str {
        match self {
            Self::OutlierDetection => "outlierDetection",
            Self::LoadBalancer => "loadBalancer",
        }
    }

    const fn is_set(self, blocks: &PolicyBlocks) -> bool {
        match self {
            Self::OutlierDetection => blocks.outlier_detection.is_some(),
            Self::LoadBalancer => blocks.load_balancer.is_some(),
        }
    }

    /// The block is there and losing it makes a difference.
    fn at(self, blocks: &PolicyBlocks) -> bool {
        match self {
            Self::OutlierDetection => blocks.outlier_detection.is_some(),
            Self::LoadBalancer => blocks.load_balancer.as_ref().is_some_and(differs_from_default),
        }
    }

    /// The level that would give the block to `port` of `subset`, whose own blocks are `own`.
    fn above(self, policies: &Policies<'_>, own: &PolicyBlocks, subset: usize, port: u16) -> Option<Level> {
        if self.is_set(own) {
            self.at(own).then_some(Level::Subset(subset))
        } else {
            self.of_rule(policies, port)
        }
    }

    /// The level at the top of the rule that gives the block to `port`.
    fn of_rule(self, policies: &Policies<'_>, port: u16) -> Option<Level> {
        let policy = policies.effective(Scope { subset: None, port: Some(port) });
        match self {
            Self::OutlierDetection => found(&policy.outlier_detection, |_| true),
            Self::LoadBalancer => found(&policy.load_balancer, differs_from_default),
        }
    }
}

fn found<T>(block: &Block<'_, T>, counts: impl Fn(&T) -> bool) -> Option<Level> {
    block.value.filter(|value| counts(value)).map(|_| block.level)
}

/// `LEAST_REQUEST` is what a port without a balancer gets anyway.
fn differs_from_default(balancer: &LoadBalancer) -> bool {
    balancer.locality.is_some()
        || balancer.consistent_hash.is_some()
        || balancer.zone_aware.is_some()
        || balancer.simple.as_deref().is_some_and(|simple| !matches!(simple, "UNSPECIFIED" | "LEAST_REQUEST"))
}

/// Of two entries for one port the first counts.
fn entries_in_force(policy: &TrafficPolicy, level: impl Fn(usize) -> Level) -> Vec<Entry<'_>> {
    let mut seen = BTreeSet::new();
    let first = policy.ports.iter().enumerate().filter(|(_, entry)| seen.insert(entry.number));
    first.map(|(at, entry)| Entry { level: level(at), port: entry.number, blocks: &entry.blocks }).collect()
}

fn report(row: &Row<DestinationRule>, entry: &Entry<'_>, lost: &[(Pick, Level)], out: &mut Sink<'_>) {
    if lost.is_empty() {
        return;
    }
    let path = entry.level.path();
    let fields = lost.iter().map(|(pick, _)| pick.field()).collect::<Vec<_>>().join(" and ");
    let message = format!(
        "DestinationRule \"{}\" loses {fields} on port {}: the entry replaces its level whole and leaves them out",
        row.obj.qualified_name(),
        entry.port,
    );
    let copies: Vec<Value> = lost
        .iter()
        .map(|(pick, level)| {
            let from = level.path().then(pick.field()).to_pointer();
            json!({"op": "copy", "from": from, "path": path.clone().then(pick.field()).to_pointer()})
        })
        .collect();
    let mut draft = out.report(row, path, message).json_patch(Value::Array(copies), true);
    for (pick, level) in lost {
        let value = format!("does not reach port {}", entry.port);
        draft = draft.evidence(row, level.path().then(pick.field()), value);
    }
}
