//! MESH205.

use mesh_model::Row;
use mesh_model::row::{DestinationRule, LoadBalancer, LocalityLbSetting, Subset};
use mesh_traffic::{Level, Scope, effective, scopes};
use serde_json::json;

use crate::rule::declare_rule;
use crate::{Check, ClusterView, Severity, Sink, Tags};

declare_rule! {
    "subset_drops_locality.md",
    pub static SUBSET_DROPS_LOCALITY = {
        code: 205, name: "subset-drops-locality", summary: "subsets keep the locality setting of their rule",
        severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(view: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    if row.fact.deleting {
        return;
    }
    for (at, subset) in row.fact.subsets.iter().enumerate() {
        if !has_balancer_without_locality(subset) {
            continue;
        }
        let Some((hidden_at, hidden)) = hidden_setting(&row.fact, at) else { continue };
        let path = Level::Subset(at).path().then("loadBalancer");
        let source = hidden_at.path().then("loadBalancer").then("localityLbSetting");
        let target = path.clone().then("localityLbSetting").to_pointer();
        let copy = json!([{"op": "copy", "from": source.to_pointer(), "path": target}]);
        let message = format!(
            "DestinationRule \"{}\" gives subset \"{}\" a loadBalancer of its own, which hides {source}",
            row.obj.qualified_name(),
            subset.name,
        );
        let draft =
            out.report(row, path, message).evidence(row, source, summary(hidden)).json_patch(copy, true);
        if is_bare(hidden) && mesh_does_the_same(view) {
            let _ = draft.severity(Severity::Info);
        }
    }
}

fn has_balancer_without_locality(subset: &Subset) -> bool {
    let balancer = subset.policy.as_ref().and_then(|policy| policy.blocks.load_balancer.as_ref());
    balancer.is_some_and(|lb| lb.locality.is_none() && takes_part(lb))
}

/// The setting that traffic without a subset gets on some port where the subset's own balancer takes its place.
fn hidden_setting(rule: &DestinationRule, subset: usize) -> Option<(Level, &LocalityLbSetting)> {
    scopes(rule).into_iter().filter(|scope| scope.subset == Some(subset)).find_map(|scope| {
        if effective(rule, scope).load_balancer.level != Level::Subset(subset) {
            return None;
        }
        let base = effective(rule, Scope { subset: None, port: scope.port }).load_balancer;
        let balancer = base.value.filter(|lb| takes_part(lb))?;
        let setting = balancer.locality.as_ref().filter(|setting| setting.is_enabled())?;
        Some((base.level, setting))
    })
}

/// `PASSTHROUGH` and zone-aware balancers leave locality settings aside on purpose.
fn takes_part(balancer: &LoadBalancer) -> bool {
    !balancer.is_passthrough() && !balancer.zone_aware
}

fn is_bare(setting: &LocalityLbSetting) -> bool {
    setting.distribute.is_empty() && setting.failover.is_empty() && setting.failover_priority.is_empty()
}

/// The mesh's own setting takes over; by default it is on and names no list.
fn mesh_does_the_same(view: &ClusterView<'_>) -> bool {
    view.control_plane()
        .mesh_config
        .as_ref()
        .is_none_or(|(_, config)| config.locality.is_enabled() && is_bare(&config.locality))
}

fn summary(setting: &LocalityLbSetting) -> &'static str {
    if !setting.distribute.is_empty() {
        "distribute, not seen by the subset"
    } else if !setting.failover.is_empty() {
        "failover, not seen by the subset"
    } else if !setting.failover_priority.is_empty() {
        "failoverPriority, not seen by the subset"
    } else {
        "enabled, not seen by the subset"
    }
}
