//! What MESH201 and MESH238 share: policy blocks that ask for locality load balancing and get no outlier
//! detection on some (port, subset).

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{DestinationRule, LocalityLbSetting};
use mesh_model::{FieldPath, Row, path};
use mesh_traffic::{Level, effective, scopes};
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
    pub(super) only_ports: Vec<u16>,
    /// Port overrides that drop the outlier detection of the level above them.
    pub(super) dropped_by: Vec<Level>,
}

/// The unprotected blocks of a rule, by level.
pub(super) fn unprotected(rule: &DestinationRule) -> Vec<Unprotected<'_>> {
    let mut blocks: BTreeMap<Level, Tally<'_>> = BTreeMap::new();
    for scope in scopes(rule) {
        let policy = effective(rule, scope);
        let Some(balancer) = policy.load_balancer.value.filter(|lb| !lb.is_passthrough() && !lb.zone_aware)
        else {
            continue;
        };
        let Some(setting) = balancer.locality.as_ref().filter(|setting| setting.is_enabled()) else {
            continue;
        };
        let level = policy.load_balancer.level;
        let tally = blocks.entry(level).or_insert_with(|| Tally::new(setting));
        if policy.outlier_detection.value.is_some() {
            tally.protected = true;
        } else {
            tally.missing.push(scope.port);
            let dropping = policy.outlier_detection.level;
            if dropping != level && matches!(dropping, Level::TopPort(_)) {
                tally.dropped_by.insert(dropping);
            }
        }
    }
    blocks.into_iter().filter_map(|(level, tally)| tally.finish(level)).collect()
}

/// What the scopes that one block decides about have in common.
struct Tally<'a> {
    setting: &'a LocalityLbSetting,
    protected: bool,
    missing: Vec<Option<u16>>,
    dropped_by: BTreeSet<Level>,
}

impl<'a> Tally<'a> {
    const fn new(setting: &'a LocalityLbSetting) -> Self {
        Self { setting, protected: false, missing: Vec::new(), dropped_by: BTreeSet::new() }
    }

    fn finish(self, level: Level) -> Option<Unprotected<'a>> {
        if self.missing.is_empty() {
            return None;
        }
        let ports: Option<BTreeSet<u16>> = self.missing.iter().copied().collect();
        let only_ports =
            ports.filter(|_| self.protected).map_or_else(Vec::new, |ports| ports.into_iter().collect());
        Some(Unprotected {
            level,
            setting: self.setting,
            only_ports,
            dropped_by: self.dropped_by.into_iter().collect(),
        })
    }
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
    for level in &found.dropped_by {
        draft = draft.evidence(
            row,
            level.path(),
            "this override replaces spec.trafficPolicy and drops its outlierDetection",
        );
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
    match found.only_ports.as_slice() {
        [] => "no outlierDetection reaches it".to_owned(),
        [port] => format!("no outlierDetection reaches it on port {port}"),
        ports => {
            let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            format!("no outlierDetection reaches it on ports {list}")
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
