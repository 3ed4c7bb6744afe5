//! MESH214.

use std::collections::BTreeSet;

use mesh_model::row::{DestinationRule, Distribute, LocalityLbSetting};
use mesh_model::{FieldPath, Row};
use serde_json::{Value, json};

use super::companions::detected_balancers;
use super::locality_pattern::{flaw, is_partial_glob, mended_shares, region};
use super::outlier_detection::asked;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "distribute_cannot_fail_over.md",
    pub static DISTRIBUTE_CANNOT_FAIL_OVER = {
        code: 214, name: "distribute-cannot-fail-over", summary: "weights leave a second region to fall back on",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for met in detected_balancers(&row.fact) {
        let Some(setting) = asked(met.block) else { continue };
        let regions = two_regions(setting);
        let list = met.level.path().then("loadBalancer").then("localityLbSetting").then("distribute");
        for (position, entry) in setting.distribute.iter().enumerate() {
            let Some(only) = only_region(entry) else { continue };
            let path = list.clone().then(position).then("to");
            let message = format!(
                "DestinationRule \"{}\" sends all calls from \"{}\" to \"{only}\": weights have no failover, so \
                 they fail when all of \"{only}\" is ejected",
                row.obj.qualified_name(),
                entry.from,
            );
            let backup = regions.iter().copied().flatten().find(|region| *region != only);
            let mend = with_backup(entry, backup.unwrap_or("REGION"), &list, position);
            let draft = out
                .report(row, path, message)
                .evidence(
                    row,
                    met.beside.path().then("outlierDetection"),
                    "ejects hosts, and none is left then",
                )
                .json_patch(mend, false);
            let where_to = "its GlobalTrafficPolicy gives one region all the weight; leave the weights out, or \
                            give another region 1";
            let _ = admiral::point_to(draft, row, where_to);
        }
    }
}

/// The region in which all localities lie that get calls; `None` if there are several, or any.
fn only_region(entry: &Distribute) -> Option<&str> {
    let weighted = entry.to.iter().filter(|(text, weight)| *weight > 0 && !is_partial_glob(text));
    let regions: BTreeSet<&str> = weighted.map(|(text, _)| region(text)).collect();
    let only = regions.first().filter(|_| regions.len() == 1)?;
    (!matches!(*only, "*" | "") && flaw(&entry.from).is_none()).then_some(only)
}

/// The first two regions that the setting names: one of them is another one than any that is asked about.
fn two_regions(setting: &LocalityLbSetting) -> [Option<&str>; 2] {
    let names = setting.distribute.iter().flat_map(|entry| {
        std::iter::once(&entry.from).chain(entry.to.iter().map(|(text, _)| text)).map(|text| region(text))
    });
    let mut names = names.filter(|name| !name.is_empty() && !name.contains('*'));
    let first = names.next();
    [first, names.find(|name| Some(*name) != first)]
}

/// The shares of an entry with a percent for another region.
fn with_backup(entry: &Distribute, backup: &str, list: &FieldPath, position: usize) -> Value {
    let shares = entry.to.iter().map(|(text, weight)| (&**text, *weight));
    match mended_shares(shares.chain([(backup, 1)])) {
        Some(shares) => {
            let to = list.clone().then(position).then("to");
            json!([{"op": "replace", "path": to.to_pointer(), "value": shares}])
        }
        None => json!([{"op": "remove", "path": list.to_pointer()}]),
    }
}
