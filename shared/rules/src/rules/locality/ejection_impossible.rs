//! MESH219.

use std::collections::BTreeSet;

use serde_json::json;

use super::ejection::{Watched, watched};
use crate::facts::clients;
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags, admiral};

declare_rule! {
    "ejection_impossible.md",
    pub static EJECTION_IMPOSSIBLE = {
        code: 219, name: "ejection-impossible", summary: "outlier detection may eject at least one host",
        since: "0.2.0", severity: Error, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut told = BTreeSet::new();
        judged.each_ruled(|scene| {
            // Of one host nothing can be spared, with or without detection.
            let stuck = watched(scene).filter(|found| found.hosts.len() > 1 && found.most() == 0);
            let Some(found) = stuck.min_by_key(|found| found.hosts.len()) else { return };
            if told.insert((found.row.obj.clone(), found.path.clone())) {
                report(&found, &scene.title(), out);
            }
        });
    }
}

fn report(found: &Watched<'_, '_>, title: &str, out: &mut Sink<'_>) {
    let count = found.hosts.len();
    let message = format!(
        "DestinationRule \"{}\" never ejects a host of {title}: maxEjectionPercent is {} and of {count} hosts not one \
         may go, so dead ones keep their calls; only endpoints that istiod takes away leave",
        found.row.obj.qualified_name(),
        found.percent(),
    );
    // Where there is no other locality to go to, not all may go: see MESH222.
    let percent = if found.is_in_one_locality() { 100_usize.div_ceil(count).max(50) } else { 100 };
    let limit = found.limit();
    let mend = json!([{"op": "add", "path": limit.to_pointer(), "value": percent}]);
    let draft = out.report(found.row, limit, message).json_patch(mend, true);
    let _ = admiral::point_to(draft, found.row, "set the limit in its policy");
}
