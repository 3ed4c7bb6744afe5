//! MESH226.

use mesh_model::row::{DestinationRule, OutlierDetection};
use mesh_model::{FieldPath, Row};
use serde_json::{Value, json};

use super::companions::in_force;
use super::outlier_detection_timing::MANY;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "outlier_detection_field_ignored.md",
    pub static OUTLIER_DETECTION_FIELD_IGNORED = {
        code: 226, name: "outlier-detection-field-ignored", summary: "every field of outlierDetection counts",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for (level, detection) in in_force(&row.fact, |blocks| blocks.outlier_detection.as_ref()) {
        let at = level.path().then("outlierDetection");
        if let Some(errors) = detection.consecutive_errors.filter(|errors| *errors > 0) {
            let path = at.clone().then("consecutiveErrors");
            let text = format!(
                "sets consecutiveErrors to {errors}, which Istio ignores: {}",
                in_force_instead(detection)
            );
            report(row, path, &text, move_errors(&at, detection, errors), out);
        }
        let split = detection.split_local_origin;
        if let Some(failures) = detection.consecutive_local_origin.filter(|failures| *failures > 0 && !split)
        {
            let path = at.clone().then("consecutiveLocalOriginFailures");
            let text = format!(
                "sets consecutiveLocalOriginFailures to {failures} without splitExternalLocalOriginErrors, which \
                 Istio refuses, and which counts nothing where it gets through"
            );
            let pointer = at.then("splitExternalLocalOriginErrors").to_pointer();
            report(row, path, &text, json!([{"op": "add", "path": pointer, "value": true}]), out);
        }
    }
}

/// What ejects, since `consecutiveErrors` does not.
fn in_force_instead(detection: &OutlierDetection) -> String {
    match (detection.consecutive_5xx, detection.consecutive_gateway) {
        (None, None) => "hosts are ejected after 5 errors, the default".to_owned(),
        (Some(errors), _) => format!("consecutive5xxErrors, {errors}, counts"),
        (None, Some(errors)) => format!("consecutiveGatewayErrors, {errors}, counts"),
    }
}

/// Takes the field out; where no other says how many errors eject, its number goes to the one that counts.
fn move_errors(at: &FieldPath, detection: &OutlierDetection, errors: u32) -> Value {
    let mut mend = vec![json!({"op": "remove", "path": at.clone().then("consecutiveErrors").to_pointer()})];
    if detection.consecutive_5xx.is_none() && detection.consecutive_gateway.is_none() {
        let pointer = at.clone().then("consecutive5xxErrors").to_pointer();
        mend.push(json!({"op": "add", "path": pointer, "value": errors.min(MANY)}));
    }
    mend.into()
}

fn report(row: &Row<DestinationRule>, path: FieldPath, text: &str, mend: Value, out: &mut Sink<'_>) {
    let message = format!("DestinationRule \"{}\" {text}", row.obj.qualified_name());
    let draft = out.report(row, path, message).json_patch(mend, false);
    let _ = admiral::point_to(draft, row, "change its policy");
}
