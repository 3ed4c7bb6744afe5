//! MESH201.

use mesh_model::Row;
use mesh_model::row::DestinationRule;

use super::outlier_detection::{reach, report, unprotected};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "failover_without_outlier_detection.md",
    pub static FAILOVER_WITHOUT_OUTLIER_DETECTION = {
        code: 201, name: "failover-without-outlier-detection", summary: "locality failover has outlierDetection",
        severity: Error, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for found in unprotected(&row.fact) {
        if !found.setting.distribute.is_empty() {
            continue;
        }
        let asked = if !found.setting.failover.is_empty() {
            "locality failover"
        } else if !found.setting.failover_priority.is_empty() {
            "failoverPriority"
        } else {
            "localityLbSetting"
        };
        let message = format!(
            "DestinationRule \"{}\" asks for {asked} but {}, so it never happens",
            row.obj.qualified_name(),
            reach(&found)
        );
        let _ = report(row, &found, message, out);
    }
}
