//! MESH209.

use mesh_model::row::{DestinationRule, Distribute, Failover, LocalityLbSetting};
use mesh_model::{FieldPath, Row};
use mesh_traffic::levels;
use serde_json::{Value, json};

use super::locality_pattern::{Flaw, Overlap, Patterns, flaw, mended_shares, without_flaw};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "locality_setting_invalid.md",
    pub static LOCALITY_SETTING_INVALID = {
        code: 209, name: "locality-setting-invalid", summary: "locality settings are ones that Istio accepts",
        severity: Error, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    for (level, blocks) in levels(&row.fact) {
        let balancer = blocks.load_balancer.as_ref();
        if let Some(setting) = balancer.and_then(|balancer| balancer.locality.as_ref()) {
            let at = level.path().then("loadBalancer").then("localityLbSetting");
            let mut judge = Judge { row, out };
            judge.lists(setting, &at);
            judge.sources(&setting.distribute, &at.clone().then("distribute"));
            for (position, entry) in setting.distribute.iter().enumerate() {
                judge.shares(entry, &at.clone().then("distribute").then(position));
            }
            for (position, entry) in setting.failover.iter().enumerate() {
                judge.failover(entry, &at.clone().then("failover").then(position));
            }
        }
    }
}

/// Labels that `failover` orders by itself.
const TOPOLOGY: [&str; 3] =
    ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

struct Judge<'a, 'b> {
    row: &'a Row<DestinationRule>,
    out: &'a mut Sink<'b>,
}

impl Judge<'_, '_> {
    fn lists(&mut self, setting: &LocalityLbSetting, at: &FieldPath) {
        if setting.failover.is_empty() {
            return;
        }
        if !setting.distribute.is_empty() {
            let path = at.clone().then("failover");
            let mend = remove(&path);
            self.report(
                path,
                "sets failover beside distribute, and Istio takes one of them only",
                mend,
                false,
            );
        }
        let topology = |label: &&str| TOPOLOGY.contains(label);
        let labels: Vec<&str> = setting.failover_priority.iter().map(|label| &**label).collect();
        if let Some(first) = labels.iter().position(topology) {
            let list = at.clone().then("failoverPriority");
            let rest: Vec<&&str> = labels.iter().filter(|label| !topology(label)).collect();
            let mend = json!([{"op": "replace", "path": list.to_pointer(), "value": rest}]);
            let text = format!(
                "sets failover beside \"{}\" in failoverPriority, and Istio takes one of them only",
                labels[first]
            );
            self.report(list.then(first), &text, mend, false);
        }
    }

    /// The `from` of all entries: a list in which the first that matches wins.
    fn sources(&mut self, entries: &[Distribute], at: &FieldPath) {
        let mut earlier = Patterns::default();
        for (position, entry) in entries.iter().enumerate() {
            let path = at.clone().then(position).then("from");
            if let Some(flaw) = flaw(&entry.from) {
                let mend =
                    json!([{"op": "replace", "path": path.to_pointer(), "value": without_flaw(&entry.from)}]);
                self.flawed(path, &entry.from, flaw, mend);
                continue;
            }
            let clash = earlier.first_overlap(&entry.from);
            earlier.insert(&entry.from, position);
            let Some((other, relation)) = clash else { continue };
            let other = &entries[other];
            let (text, mend, safe) = if relation != Overlap::SecondIsWider {
                let text = format!(
                    "gives \"{}\" a second entry: \"{}\" above it takes all of it",
                    entry.from, other.from
                );
                (text, remove(&at.clone().then(position)), true)
            } else if !entry.from.ends_with('*') {
                let text = format!(
                    "names \"{}\" after its part \"{}\", which Istio refuses",
                    entry.from, other.from
                );
                let wider = format!("{}/*", entry.from);
                (text, json!([{"op": "replace", "path": path.to_pointer(), "value": wider}]), true)
            } else {
                // Narrow first, then the rest by a wildcard: Istio accepts it and it does what it says.
                continue;
            };
            self.report(path, &text, mend, safe);
        }
    }

    /// The `to` of one entry: a map that Istio walks in random order, so overlap counts in both directions.
    fn shares(&mut self, entry: &Distribute, at: &FieldPath) {
        let to = at.clone().then("to");
        let mended = mended_shares(entry.to.iter().map(|(text, weight)| (&**text, *weight)));
        let mend = match mended {
            Some(shares) => json!([{"op": "replace", "path": to.to_pointer(), "value": shares}]),
            None => remove(at),
        };
        let key = |text: &str| to.clone().then(text.to_owned());
        if let Some((text, weight)) = entry.to.iter().find(|(_, weight)| !(1..=100).contains(weight)) {
            let text_of = format!("gives \"{text}\" a weight of {weight}, and a weight is 1 to 100");
            self.report(key(text), &text_of, mend.clone(), false);
        } else {
            let sum: u64 = entry.to.iter().map(|(_, weight)| u64::from(*weight)).sum();
            if sum != 100 {
                let text = format!("spreads {sum} percent of the calls from \"{}\", not 100", entry.from);
                self.report(to.clone(), &text, mend.clone(), false);
            }
        }
        let mut all = Patterns::default();
        for (position, (text, _)) in entry.to.iter().enumerate().filter(|(_, (text, _))| flaw(text).is_none())
        {
            all.insert(text, position);
        }
        for (position, (text, _)) in entry.to.iter().enumerate() {
            if let Some(flaw) = flaw(text) {
                self.flawed(key(text), text, flaw, mend.clone());
                continue;
            }
            let clash =
                all.covering(text).filter(|(at, relation)| *relation != Overlap::Equal || *at < position);
            let clash = clash.min_by_key(|(at, _)| *at).map(|(at, relation)| {
                let other = &entry.to[at].0;
                (other, relation == Overlap::FirstIsWider && other.ends_with('*'))
            });
            if let Some((other, may_pass)) = clash {
                let istio = if may_pass {
                    "Istio may accept it and then shares at random"
                } else {
                    "Istio refuses it"
                };
                let text_of =
                    format!("gives a share to \"{text}\" and to \"{other}\", which overlap; {istio}");
                self.report(key(text), &text_of, mend.clone(), false);
            }
        }
    }

    fn failover(&mut self, entry: &Failover, at: &FieldPath) {
        if entry.from == entry.to {
            let text = format!("fails over from \"{}\" to itself", entry.from);
            self.report(at.clone(), &text, remove(at), true);
        }
        for (field, region) in [("from", &entry.from), ("to", &entry.to)] {
            let path = at.clone().then(field);
            if region.contains('*') {
                let text = format!("has the wildcard \"{region}\" in failover, which takes names of regions");
                self.report(path, &text, remove(at), false);
            } else if let Some((name, _)) = region.split_once('/') {
                let text = format!("has \"{region}\" in failover, which takes names of regions");
                let mend = json!([{"op": "replace", "path": path.to_pointer(), "value": name}]);
                self.report(path, &text, mend, false);
            }
        }
    }

    fn flawed(&mut self, path: FieldPath, text: &str, flaw: Flaw, mend: Value) {
        self.report(path, &format!("names the locality \"{text}\", which {}", flaw.text()), mend, false);
    }

    fn report(&mut self, path: FieldPath, text: &str, mend: Value, safe: bool) {
        let message = format!("DestinationRule \"{}\" {text}", self.row.obj.qualified_name());
        let _ = self.out.report(self.row, path, message).json_patch(mend, safe);
    }
}

fn remove(path: &FieldPath) -> Value {
    json!([{"op": "remove", "path": path.to_pointer()}])
}
