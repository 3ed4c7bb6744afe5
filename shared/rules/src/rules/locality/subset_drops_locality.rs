//! MESH205.

use mesh_model::row::{DestinationRule, LoadBalancer, LocalityLbSetting, Subset};
use mesh_model::{FieldPath, Gap, Kind, Row};
use mesh_traffic::{Level, Scope, effective, scopes};
use serde_json::{Value, json};

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
    for (at, subset) in row.fact.subsets.iter().enumerate() {
        if !has_balancer_without_locality(subset) {
            continue;
        }
        let Some(Hidden { scope, level, setting }) = hidden_setting(&row.fact, at) else { continue };
        let path = Level::Subset(at).path().then("loadBalancer");
        let source = level.path().then("loadBalancer").then("localityLbSetting");
        let mut copies = vec![copy(&source, &path.clone().then("localityLbSetting"))];
        if let Some(detection) = detection_to_take_along(&row.fact, at, scope) {
            let from = detection.path().then("outlierDetection");
            copies.push(copy(&from, &Level::Subset(at).path().then("outlierDetection")));
        }
        let message = format!(
            "DestinationRule \"{}\" gives subset \"{}\" a loadBalancer of its own, which hides {source}",
            row.obj.qualified_name(),
            subset.name,
        );
        let draft = out
            .report(row, path, message)
            .evidence(row, source, summary(setting))
            .json_patch(Value::Array(copies), true);
        if is_bare(setting) && mesh_does_the_same(view) {
            let _ = draft.severity(Severity::Info);
        }
    }
}

fn has_balancer_without_locality(subset: &Subset) -> bool {
    let balancer = subset.policy.as_ref().and_then(|policy| policy.blocks.load_balancer.as_ref());
    balancer.is_some_and(|lb| lb.locality.is_none() && takes_part(lb))
}

/// A locality setting that does not reach a subset.
struct Hidden<'a> {
    /// What traffic without a subset gets it for.
    scope: Scope,
    level: Level,
    setting: &'a LocalityLbSetting,
}

/// The setting that traffic without a subset gets on some port where the subset's own balancer takes its place.
fn hidden_setting(rule: &DestinationRule, subset: usize) -> Option<Hidden<'_>> {
    scopes(rule).into_iter().filter(|scope| scope.subset == Some(subset)).find_map(|own| {
        if effective(rule, own).load_balancer.level != Level::Subset(subset) {
            return None;
        }
        let scope = Scope { subset: None, ..own };
        let base = effective(rule, scope).load_balancer;
        let balancer = base.value.filter(|lb| takes_part(lb))?;
        let setting = balancer.locality.as_ref().filter(|setting| setting.is_enabled())?;
        Some(Hidden { scope, level: base.level, setting })
    })
}

/// On ports where no outlier detection reaches the subset a copied setting would be dead: the level whose
/// detection goes with it.
fn detection_to_take_along(rule: &DestinationRule, subset: usize, scope: Scope) -> Option<Level> {
    let base = effective(rule, scope).outlier_detection;
    let lacks =
        |own: &Scope| own.subset == Some(subset) && effective(rule, *own).outlier_detection.value.is_none();
    (base.value.is_some() && scopes(rule).iter().any(lacks)).then_some(base.level)
}

fn copy(from: &FieldPath, to: &FieldPath) -> Value {
    json!({"op": "copy", "from": from.to_pointer(), "path": to.to_pointer()})
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
    match &view.control_plane().mesh_config {
        Some((_, config)) => config.locality.is_enabled() && is_bare(&config.locality),
        // One that cannot be read is not the default.
        None => view.gaps().of(Kind::ConfigMap).is_none_or(Gap::is_not_given),
    }
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
