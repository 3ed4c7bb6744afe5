//! MESH232.

use mesh_model::row::{DestinationRule, LoadBalancer, PolicyBlocks, ServiceFact};
use mesh_model::{HostPattern, Row, path};
use mesh_traffic::{Features, Level, RuleSet, levels};
use serde_json::{Value, json};

use super::outlier_detection::asked;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "headless_locality.md",
    pub static HEADLESS_LOCALITY = {
        code: 232, name: "headless-locality", summary: "policies of headless Services ask for nothing in vain",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: [DestinationRule, Service], closed: [Service, Deployment], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(view: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    let Some(service) = headless(view, &row.fact.host).filter(|_| !chooses_by_endpoints(view)) else {
        return;
    };
    let found: Vec<Idle<'_>> =
        levels(&row.fact).into_iter().filter_map(|(level, blocks)| idle(level, blocks)).collect();
    let Some(first) = found.first() else { return };
    let fields = |idle: &Idle<'_>| idle.fields.join(" and ");
    let message = format!(
        "DestinationRule \"{}\" sets {} for headless Service \"{}\": sidecars call the pod that the application \
         chose, so it does nothing there",
        row.obj.qualified_name(),
        fields(first),
        service.obj.qualified_name(),
    );
    let mut draft = out
        .report(row, first.level.path().then(first.fields[0]), message)
        .evidence(service, path!["spec", "clusterIP"], "None")
        .json_patch(without(&row.fact, &found), false);
    for idle in &found[1..] {
        draft = draft.evidence(row, idle.level.path(), format!("sets {}", fields(idle)));
    }
}

/// The headless Service that a rule is for. `ExternalName` has no address either and is none.
fn headless<'a>(view: &ClusterView<'a>, host: &HostPattern) -> Option<&'a Row<ServiceFact>> {
    let HostPattern::Exact(host) = host else { return None };
    let (name, rest) = host.split_once('.')?;
    let namespace = rest.strip_suffix(".svc.cluster.local")?;
    view.services().find(namespace, name).filter(|service| service.fact.headless)
}

/// istiod was told to treat headless Services as any other (`PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES`).
fn chooses_by_endpoints(view: &ClusterView<'_>) -> bool {
    let istiods = view.control_plane().istiods.iter();
    istiods
        .map(|istiod| Features::of(Some(istiod), RuleSet::LATEST))
        .any(|features| features.eds_for_headless)
}

/// Blocks of a level that choose among hosts, where there is nothing to choose.
struct Idle<'a> {
    level: Level,
    fields: Vec<&'static str>,
    blocks: &'a PolicyBlocks,
}

fn idle(level: Level, blocks: &PolicyBlocks) -> Option<Idle<'_>> {
    let balancer = blocks.load_balancer.as_ref().filter(|balancer| chooses(balancer)).map(|_| "loadBalancer");
    let detection = blocks.outlier_detection.as_ref().map(|_| "outlierDetection");
    let fields: Vec<&str> = balancer.into_iter().chain(detection).collect();
    (!fields.is_empty()).then_some(Idle { level, fields, blocks })
}

/// `PASSTHROUGH`, and a locality setting that is switched off, say what happens anyway.
fn chooses(balancer: &LoadBalancer) -> bool {
    !balancer.is_passthrough()
        && (asked(balancer).is_some()
            || balancer.consistent_hash.is_some()
            || balancer.simple.is_some()
            || balancer.zone_aware.is_some())
}

/// Takes the blocks out, and levels that would be left empty, which Istio refuses. Back to front, so that positions
/// hold.
fn without(rule: &DestinationRule, found: &[Idle<'_>]) -> Value {
    let remove = |path: mesh_model::FieldPath| json!({"op": "remove", "path": path.to_pointer()});
    let mut steps = Vec::new();
    for idle in found.iter().rev() {
        let blocks = idle.blocks;
        let left = [
            blocks.tls.is_some(),
            blocks.connection_pool.is_some(),
            blocks.load_balancer.is_some() && !idle.fields.contains(&"loadBalancer"),
            ports(rule, idle.level) > 0,
        ];
        if left.contains(&true) {
            steps.extend(idle.fields.iter().map(|field| remove(idle.level.path().then(*field))));
        } else {
            steps.push(remove(idle.level.path()));
        }
    }
    steps.into()
}

/// How many port entries stand in a level.
fn ports(rule: &DestinationRule, level: Level) -> usize {
    let policy = match level {
        Level::Top => rule.policy.as_ref(),
        Level::Subset(at) => rule.subsets.get(at).and_then(|subset| subset.policy.as_ref()),
        Level::TopPort(_) | Level::SubsetPort(..) => None,
    };
    policy.map_or(0, |policy| policy.ports.len())
}
