//! MESH221.

use mesh_model::Row;
use mesh_model::row::DestinationRule;
use serde_json::json;

use super::companions::detections;
use super::outlier_detection::fails_over;
use super::outlier_detection_never_ejects::never_ejects;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "ejection_default_with_failover.md",
    pub static EJECTION_DEFAULT_WITH_FAILOVER = {
        code: 221, name: "ejection-default-with-failover", summary: "failover says how many hosts may be ejected",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for met in detections(&row.fact, |balancer| balancer.is_some_and(fails_over)) {
        let percent = met.block.max_ejection_percent;
        // Where nothing is ejected, how much of it may be is no question.
        if percent.unwrap_or_default() != 0 || never_ejects(met.block) {
            continue;
        }
        let path = met.level.path().then("outlierDetection").then("maxEjectionPercent");
        let message = format!(
            "DestinationRule \"{}\" fails over by locality with maxEjectionPercent {}, which means 10: of fewer than ten \
             hosts none is ejected, of more a tenth, so dead ones keep their calls",
            row.obj.qualified_name(),
            if percent.is_some() { "0" } else { "unset" },
        );
        let mend = json!([{"op": "add", "path": path.to_pointer(), "value": 100}]);
        let draft = out
            .report(row, path, message)
            .evidence(
                row,
                met.beside.path().then("loadBalancer").then("localityLbSetting"),
                "asks for failover",
            )
            .json_patch(mend, true);
        let _ = admiral::point_to(draft, row, "set the limit in its policy");
    }
}
