//! MESH225.

use mesh_model::Row;
use mesh_model::row::{DestinationRule, OutlierDetection};
use serde_json::{Value, json};

use super::companions::in_force;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "outlier_detection_timing.md",
    pub static OUTLIER_DETECTION_TIMING = {
        code: 225, name: "outlier-detection-timing", summary: "outlierDetection acts within a minute or so",
        since: "0.2.0", severity: Info, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

/// Milliseconds.
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;

/// More consecutive errors of one host than one proxy may ever see.
pub(super) const MANY: u32 = 50;

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for (level, detection) in in_force(&row.fact, |blocks| blocks.outlier_detection.as_ref()) {
        for odd in odd_fields(detection) {
            let path = level.path().then("outlierDetection").then(odd.field);
            let message = format!(
                "DestinationRule \"{}\" sets {} to {}, {}",
                row.obj.qualified_name(),
                odd.field,
                odd.value,
                odd.effect
            );
            let mend = json!([{"op": "replace", "path": path.to_pointer(), "value": odd.usual}]);
            let draft = out.report(row, path, message).json_patch(mend, false);
            let _ = admiral::point_to(draft, row, "change the value in its policy");
        }
    }
}

struct Odd {
    field: &'static str,
    value: String,
    effect: &'static str,
    usual: Value,
}

fn odd_fields(detection: &OutlierDetection) -> Vec<Odd> {
    let interval = detection.interval.and_then(|interval| {
        let effect = if interval < SECOND {
            "so that Envoy looks at all hosts that often, though errors in a row eject at once"
        } else if interval > MINUTE {
            "so that an ejected host waits that long for the look that lets it back"
        } else {
            return None;
        };
        Some(Odd { field: "interval", value: duration(interval), effect, usual: json!("10s") })
    });
    let base = detection.base_ejection_time.filter(|base| *base > 5 * MINUTE).map(|base| Odd {
        field: "baseEjectionTime",
        value: duration(base),
        effect: "so that a host that is well again stays out that long, and longer each time",
        usual: json!("30s"),
    });
    let local_origin = detection.consecutive_local_origin.filter(|_| detection.split_local_origin);
    let counters = [
        ("consecutive5xxErrors", detection.consecutive_5xx),
        ("consecutiveGatewayErrors", detection.consecutive_gateway),
        ("consecutiveLocalOriginFailures", local_origin),
    ];
    let many = counters.into_iter().filter_map(|(field, value)| {
        let value = value.filter(|value| *value > MANY)?;
        let effect = "which one proxy must see in a row from one host before it acts";
        Some(Odd { field, value: value.to_string(), effect, usual: json!(5) })
    });
    interval.into_iter().chain(base).chain(many).collect()
}

/// As the object would write it.
fn duration(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(SECOND) {
        format!("{}s", milliseconds / SECOND)
    } else {
        format!("{milliseconds}ms")
    }
}
