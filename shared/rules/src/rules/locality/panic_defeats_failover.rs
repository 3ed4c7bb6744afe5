//! MESH223.

use mesh_model::Row;
use mesh_model::row::DestinationRule;
use serde_json::json;

use super::companions::detections;
use super::outlier_detection::fails_over;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "panic_defeats_failover.md",
    pub static PANIC_DEFEATS_FAILOVER = {
        code: 223, name: "panic-defeats-failover", summary: "failover goes without minHealthPercent",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for met in detections(&row.fact, |balancer| balancer.is_some_and(fails_over)) {
        let Some(percent) = met.block.min_health_percent.filter(|percent| *percent > 0) else { continue };
        let path = met.level.path().then("outlierDetection").then("minHealthPercent");
        let message = format!(
            "DestinationRule \"{}\" fails over by locality and sets minHealthPercent to {percent}: once all localities \
             together run short of healthy hosts, Envoy calls the dead ones again",
            row.obj.qualified_name(),
        );
        let mend = json!([{"op": "remove", "path": path.to_pointer()}]);
        let draft = out
            .report(row, path, message)
            .evidence(
                row,
                met.beside.path().then("loadBalancer").then("localityLbSetting"),
                "asks for failover",
            )
            .json_patch(mend, true);
        let _ = admiral::point_to(draft, row, "take the limit out of its policy");
    }
}
