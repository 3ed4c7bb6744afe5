//! What MESH201 and MESH238 share: policy blocks that ask for locality load balancing and get no outlier
//! detection on some (port, subset).

use std::fmt::Write as _;

use mesh_model::row::{DestinationRule, LoadBalancer, LocalityLbSetting};
use mesh_model::{FieldPath, Row, path};
use mesh_traffic::{Few, Level, Policies, Scope, coverage};
use serde_json::{Value, json};

use crate::sink::Draft;
use crate::{Severity, Sink, admiral};

/// A policy block with a locality setting that no outlier detection reaches.
pub(super) struct Unprotected<'a> {
    /// The level the setting stands in; outlier detection belongs beside it.
    pub(super) level: Level,
    /// The setting.
    pub(super) setting: &'a LocalityLbSetting,
    /// Ports on which outlier detection is missing though other ports of the same level have it; empty when it
    /// is missing everywhere.
    only_ports: Few<u16>,
    /// Port overrides that drop the outlier detection of the level above them.
    dropped_by: Few<Level>,
}

/// The unprotected blocks of a rule, by level.
pub(super) fn unprotected(rule: &DestinationRule) -> Vec<Unprotected<'_>> {
    let found = coverage(rule).into_iter().filter_map(|found| {
        Some(Unprotected {
            level: found.level,
            setting: asked(found.balancer)?,
            only_ports: found.only_ports,
            dropped_by: found.dropped_by,
        })
    });
    found.collect()
}

/// Whether the scope asks for locality load balancing and gets no outlier detection; the level that asks.
pub(crate) fn lacks_outlier_detection(policies: &Policies<'_>, scope: Scope) -> Option<Level> {
    let policy = policies.effective(scope);
    policy.load_balancer.value.and_then(asked)?;
    policy.outlier_detection.value.is_none().then_some(policy.load_balancer.level)
}

/// The locality setting that a load balancer follows.
pub(crate) fn asked(balancer: &LoadBalancer) -> Option<&LocalityLbSetting> {
    let setting = balancer.locality.as_ref().filter(|setting| setting.is_enabled())?;
    takes_part(balancer).then_some(setting)
}

/// The balancer orders localities, so that the next one takes over where one fails; `distribute` never does.
pub(super) fn fails_over(balancer: &LoadBalancer) -> bool {
    asked(balancer).is_some_and(|setting| setting.distribute.is_empty())
}

/// `PASSTHROUGH` and zone-aware balancers leave locality settings aside on purpose.
pub(crate) fn takes_part(balancer: &LoadBalancer) -> bool {
    !balancer.is_passthrough() && balancer.zone_aware.is_none()
}

/// Reports one block with the remedy both rules share.
pub(super) fn report<'s>(
    row: &Row<DestinationRule>,
    found: &Unprotected<'_>,
    message: String,
    out: &'s mut Sink<'_>,
) -> Draft<'s> {
    let at = found.level.path();
    let mut draft = out.report(row, at.clone(), message);
    let dropped_by = &found.dropped_by;
    for (at, level) in dropped_by.first.iter().enumerate() {
        let mut value = "this override replaces spec.trafficPolicy and drops its outlierDetection".to_owned();
        if dropped_by.more > 0 && at + 1 == dropped_by.first.len() {
            let _ = write!(value, ", as do {} more", dropped_by.more);
        }
        draft = draft.evidence(row, level.path(), value);
    }
    if admiral::wrote(row) {
        draft = draft.severity(Severity::Info).evidence(
            row,
            path!["metadata", "annotations", admiral::CREATED_BY],
            "Admiral writes this rule: set outlier_detection in its GlobalTrafficPolicy or OutlierDetection",
        );
    }
    mend(draft, &at)
}

/// How a message ends: where outlier detection is missing.
pub(super) fn reach(found: &Unprotected<'_>) -> String {
    let Few { first, more } = &found.only_ports;
    match first.as_slice() {
        [] => "no outlierDetection reaches it".to_owned(),
        [port] => format!("no outlierDetection reaches it on port {port}"),
        ports => {
            let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let rest = if *more > 0 { format!(" and {more} more") } else { String::new() };
            format!("no outlierDetection reaches it on ports {list}{rest}")
        }
    }
}

fn mend<'s>(draft: Draft<'s>, at: &FieldPath) -> Draft<'s> {
    let detection = remedy();
    if *at == path!["spec", "trafficPolicy"] {
        draft.patch(json!({"spec": {"trafficPolicy": {"outlierDetection": detection}}}), true)
    } else {
        let pointer = at.clone().then("outlierDetection").to_pointer();
        draft.json_patch(json!([{"op": "add", "path": pointer, "value": detection}]), true)
    }
}

/// Detection that lets a whole locality leave: with Envoy's default of 10 percent fewer than ten hosts never do.
fn remedy() -> Value {
    json!({"consecutive5xxErrors": 5, "interval": "10s", "baseEjectionTime": "30s", "maxEjectionPercent": 100})
}
