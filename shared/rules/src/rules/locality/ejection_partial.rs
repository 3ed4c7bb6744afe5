//! MESH220.

use std::collections::BTreeSet;

use mesh_traffic::envoy;
use serde_json::json;

use super::ejection::{Watched, watched};
use crate::facts::clients::{self, title};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags, admiral};

declare_rule! {
    "ejection_partial.md",
    pub static EJECTION_PARTIAL = {
        code: 220, name: "ejection-partial", summary: "outlier detection may eject all hosts of the nearest locality",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut told = BTreeSet::new();
        judged.each_ruled(|scene| {
            // The client that misses most.
            let short = watched(scene).filter(|found| found.most() > 0).filter_map(|found| {
                let needed = needed(&found)?;
                Some((needed, found))
            });
            let Some((needed, found)) = short.max_by_key(|(needed, _)| *needed) else { return };
            if told.insert((found.row.obj.clone(), found.path.clone())) {
                report(&found, needed, &scene.title(), out);
            }
        });
    }
}

/// The smallest limit that lets the nearest hosts go, where there are others and the limit is lower.
fn needed(found: &Watched<'_, '_>) -> Option<u32> {
    let near = found.hosts.priorities.first()?.hosts().count();
    let all = found.hosts.len();
    let needed = envoy::least_percent(near, all);
    (near > 0 && near < all && found.most() < near).then_some(needed)
}

fn report(found: &Watched<'_, '_>, needed: u32, service: &str, out: &mut Sink<'_>) {
    let near = found.hosts.priorities.first().map_or(0, |nearest| nearest.hosts().count());
    let message = format!(
        "DestinationRule \"{}\" cannot fail over whole: maxEjectionPercent is {} and lets {} of the {} hosts of {service} \
         go, but {near} are nearest to clients in {}; if these die, part of the calls stays with them (from {needed} on \
         all may go)",
        found.row.obj.qualified_name(),
        found.percent(),
        found.most(),
        found.hosts.len(),
        title(&found.client.locality),
    );
    let limit = found.limit();
    let mend = json!([{"op": "add", "path": limit.to_pointer(), "value": 100}]);
    let draft = out.report(found.row, limit, message).json_patch(mend, true);
    let _ = admiral::point_to(draft, found.row, "set the limit in its policy");
}
