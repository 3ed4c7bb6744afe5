//! MESH210.

use std::collections::BTreeMap;

use mesh_model::row::{DestinationRule, Distribute, Failover, LoadBalancer, LocalityLbSetting};
use mesh_model::{FieldPath, Row};
use serde_json::{Value, json};

use super::companions::in_force;
use super::locality_pattern::{flaw, is_partial_glob, mended_shares};
use super::outlier_detection::asked;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "locality_setting_dead_entry.md",
    pub static LOCALITY_SETTING_DEAD_ENTRY = {
        code: 210, name: "locality-setting-dead-entry", summary: "every entry of a locality setting can take effect",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for (level, balancer) in in_force(&row.fact, |blocks| blocks.load_balancer.as_ref()) {
        let at = level.path().then("loadBalancer").then("localityLbSetting");
        let mut judge = Judge { row, out };
        if is_passed_by(balancer) {
            judge.beside_passthrough(at);
        } else if let Some(setting) = asked(balancer) {
            judge.labels(setting, &at);
            judge.failover(&setting.failover, &at);
            judge.globs(&setting.distribute, &at);
        }
    }
}

/// A setting that `simple: PASSTHROUGH` leaves aside; one that is disabled says the same as it does.
fn is_passed_by(balancer: &LoadBalancer) -> bool {
    balancer.is_passthrough() && balancer.locality.as_ref().is_some_and(LocalityLbSetting::is_enabled)
}

struct Judge<'a, 'b> {
    row: &'a Row<DestinationRule>,
    out: &'a mut Sink<'b>,
}

impl Judge<'_, '_> {
    fn beside_passthrough(&mut self, at: FieldPath) {
        let mend = remove(&at);
        let text = "has a localityLbSetting beside simple: \"PASSTHROUGH\", which calls the address the client \
                    chose, whatever its locality";
        self.report(at, text, mend, true);
    }

    /// `failoverPriority` beside `distribute`: istiod looks at the weights alone.
    fn labels(&mut self, setting: &LocalityLbSetting, at: &FieldPath) {
        if setting.distribute.is_empty() || setting.failover_priority.is_empty() {
            return;
        }
        let path = at.clone().then("failoverPriority");
        let mend = remove(&path);
        let text = "has failoverPriority beside distribute, and Istio reads the weights alone";
        self.report(path, text, mend, true);
    }

    /// Of the entries for one region the first decides.
    fn failover(&mut self, entries: &[Failover], at: &FieldPath) {
        let mut first: BTreeMap<&str, &Failover> = BTreeMap::new();
        for (position, entry) in entries.iter().enumerate() {
            // Others are refused, which is another rule's business.
            if entry.from == entry.to || [&entry.from, &entry.to].iter().any(|name| name.contains(['*', '/']))
            {
                continue;
            }
            let earlier = *first.entry(&*entry.from).or_insert(entry);
            if std::ptr::eq(earlier, entry) {
                continue;
            }
            let path = at.clone().then("failover").then(position);
            let mend = remove(&path);
            let text = format!(
                "gives region \"{}\" a second failover, to \"{}\": the first, to \"{}\", is the only one Istio reads",
                entry.from, entry.to, earlier.to
            );
            self.report(path, &text, mend, true);
        }
    }

    fn globs(&mut self, entries: &[Distribute], at: &FieldPath) {
        let list = at.clone().then("distribute");
        for (position, entry) in entries.iter().enumerate() {
            let path = list.clone().then(position);
            // Without an entry the setting would order localities, and not spread calls over them.
            let without = || if entries.len() == 1 { remove(at) } else { remove(&path) };
            if is_glob(&entry.from) {
                let text = format!(
                    "spreads the calls from \"{}\", which no client matches: a wildcard stands for a whole region, \
                     zone or subzone",
                    entry.from
                );
                self.report(path.clone().then("from"), &text, without(), false);
                continue;
            }
            if !entry.to.iter().any(|(text, _)| is_glob(text)) {
                continue;
            }
            let to = path.clone().then("to");
            let rest = entry.to.iter().filter(|(other, _)| !is_glob(other));
            let mend = match mended_shares(rest.map(|(other, weight)| (&**other, *weight))) {
                Some(shares) => json!([{"op": "replace", "path": to.to_pointer(), "value": shares}]),
                None => without(),
            };
            for (text, _) in entry.to.iter().filter(|(text, _)| is_glob(text)) {
                let message = format!(
                    "gives a share to \"{text}\", which no endpoint matches: a wildcard stands for a whole region, \
                     zone or subzone, and the share goes to the others"
                );
                self.report(to.clone().then(text.to_string()), &message, mend.clone(), false);
            }
        }
    }

    fn report(&mut self, path: FieldPath, text: &str, mend: Value, safe: bool) {
        let message = format!("DestinationRule \"{}\" {text}", self.row.obj.qualified_name());
        let _ = self.out.report(self.row, path, message).json_patch(mend, safe);
    }
}

/// Istio takes it and never matches it.
fn is_glob(text: &str) -> bool {
    flaw(text).is_none() && is_partial_glob(text)
}

fn remove(path: &FieldPath) -> Value {
    json!([{"op": "remove", "path": path.to_pointer()}])
}
