//! MESH238.

use mesh_model::Row;
use mesh_model::row::DestinationRule;

use super::outlier_detection::{reach, report, unprotected};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "distribute_without_outlier_detection.md",
    pub static DISTRIBUTE_WITHOUT_OUTLIER_DETECTION = {
        code: 238, name: "distribute-without-outlier-detection", summary: "weighted localities have outlierDetection",
        severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for found in unprotected(&row.fact) {
        if found.setting.distribute.is_empty() {
            continue;
        }
        let message = format!(
            "DestinationRule \"{}\" spreads calls over localities by weight but {}, so a dead locality keeps its share",
            row.obj.qualified_name(),
            reach(&found)
        );
        let _ = report(row, &found, message, out);
    }
}
