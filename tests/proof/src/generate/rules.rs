//! DestinationRules.

use serde_json::{Value, json};

use super::policy::{self, Level};
use super::services::NAMES;
use super::{Dice, NAMESPACES, Objects, ROOT, entries, istio};

const SUBSETS: [(&str, &str, &str); 5] = [
    ("v1", "version", "v1"),
    ("v2", "version", "v2"),
    ("near", "topology.istio.io/cluster", "west"),
    ("zone", "topology.kubernetes.io/zone", "z1"),
    ("network", "topology.istio.io/network", "n1"),
];

pub(super) fn draw(dice: &mut Dice, used: &[usize], clusters: &mut [Objects]) {
    let count = dice.number(1, 5);
    if dice.chance(65) {
        let rules: Vec<_> = (0..count).map(|number| rule(dice, number)).collect();
        for &at in used {
            clusters[at].objects.extend(rules.iter().cloned());
        }
    } else {
        for &at in used {
            let rules = (0..count).map(|number| rule(dice, number));
            clusters[at].objects.extend(rules);
        }
    }
}

fn rule(dice: &mut Dice, number: usize) -> Value {
    let namespace = dice.pick(&["shop", "bank", "ops", "shop", "bank", "ops", ROOT]);
    let mut spec = json!({"host": rule_host(dice)});
    if dice.chance(90) {
        spec["trafficPolicy"] = policy::draw(dice, Level::Top);
    }
    let chance = dice.pick(&[0, 35]);
    let subsets: Vec<_> = dice.some(chance, &SUBSETS).into_iter().map(|of| subset(dice, of)).collect();
    if !subsets.is_empty() {
        spec["subsets"] = subsets.into();
    }
    if dice.chance(6) {
        spec["workloadSelector"] = json!({"matchLabels": {"version": dice.pick(&["v1", "v2"])}});
        if dice.chance(50) {
            spec["exportTo"] = json!(["."]);
        }
    } else if let Some(list) = entries::export_to(dice, namespace) {
        spec["exportTo"] = list;
    }
    istio("networking", "DestinationRule", namespace, &format!("rule-{number}"), &spec)
}

fn rule_host(dice: &mut Dice) -> String {
    match dice.number(0, 9) {
        0 => dice.pick(&["*.local", "*.svc.cluster.local", "*.com"]).to_owned(),
        1 => format!("*.{}.svc.cluster.local", dice.pick(&NAMESPACES)),
        2 => dice.pick(&NAMES).to_owned(),
        _ => entries::any_host(dice),
    }
}

fn subset(dice: &mut Dice, (name, key, value): (&str, &str, &str)) -> Value {
    let mut subset = json!({"name": name, "labels": {key: value}});
    if dice.chance(40) {
        subset["trafficPolicy"] = policy::draw(dice, Level::Subset);
    }
    subset
}
