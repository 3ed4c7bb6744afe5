//! MESH222.

use std::collections::BTreeSet;

use serde_json::json;

use super::ejection::{Watched, watched};
use crate::facts::clients::{self, title};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags, admiral};

declare_rule! {
    "everything_ejectable.md",
    pub static EVERYTHING_EJECTABLE = {
        code: 222, name: "everything-ejectable", summary: "a service in one locality keeps some host",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut told = BTreeSet::new();
        judged.each_ruled(|scene| {
            let Some(found) = watched(scene).find(may_lose_all) else { return };
            if told.insert((found.row.obj.clone(), found.path.clone())) {
                report(&found, &scene.title(), out);
            }
        });
    }
}

/// Panic is off, all hosts stand together, and all of them may go. Of one host nothing can be spared.
fn may_lose_all(found: &Watched<'_, '_>) -> bool {
    let has_panic = found.prediction.settings.panic_threshold.is_none_or(|threshold| threshold > 0);
    let count = found.hosts.len();
    !has_panic && count > 1 && found.most() == count && found.is_in_one_locality()
}

fn report(found: &Watched<'_, '_>, service: &str, out: &mut Sink<'_>) {
    let count = found.hosts.len();
    let locality = found.prediction.assignment.groups.first().map(|group| title(&group.locality));
    let message = format!(
        "DestinationRule \"{}\" may eject all {count} hosts of {service}, which stand in {} alone, and minHealthPercent \
         is 0: a fault that all of them share answers every call with 503 until the first comes back",
        found.row.obj.qualified_name(),
        locality.unwrap_or_default(),
    );
    let limit = found.limit();
    let percent = 100_usize.div_ceil(count).max(50);
    let mend = json!([{"op": "add", "path": limit.to_pointer(), "value": percent}]);
    let draft = out.report(found.row, limit, message).json_patch(mend, false);
    let _ = admiral::point_to(draft, found.row, "set the limit in its policy");
}
