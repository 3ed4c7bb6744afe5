//! One object gives one row, whatever it was written in.

use mesh_model::{Cluster, Origin};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{cluster, load_texts, unreadable};

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9]{0,8}", "[0-9]{1,3}", "true|no|null|1e3|0x1", "\\PC{0,12}"]
}

fn labels() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(name(), name(), 0..4).prop_map(|labels| json!(labels))
}

fn service() -> impl Strategy<Value = Value> {
    let target =
        prop_oneof![any::<u16>().prop_map(|number| json!(number)), name().prop_map(|name| json!(name))];
    let port = (name(), any::<u16>(), prop::option::of(name()), target).prop_map(|(name, port, app, target)| {
        json!({"name": name, "port": port, "appProtocol": app, "targetPort": target})
    });
    let ports = prop::collection::vec(port, 0..3);
    (name(), labels(), labels(), ports).prop_map(|(name, labels, selector, ports)| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels},
               "spec": {"selector": selector, "ports": ports, "unread": [1.5, {"a": null}]}})
    })
}

fn destination_rule() -> impl Strategy<Value = Value> {
    let subset = (name(), labels()).prop_map(|(name, labels)| json!({"name": name, "labels": labels}));
    let outlier = prop::option::of(any::<u32>().prop_map(|number| json!({"consecutive5xxErrors": number})));
    (name(), name(), outlier, prop::collection::vec(subset, 0..3)).prop_map(|(name, host, outlier, subsets)| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": name},
               "spec": {"host": host, "trafficPolicy": {"outlierDetection": outlier}, "subsets": subsets}})
    })
}

/// The rows without their origins, as text.
fn rows(cluster: &Cluster) -> String {
    let mut services = cluster.services.rows().to_vec();
    for row in &mut services {
        row.origin = Origin::Live;
    }
    let mut rules = cluster.destination_rules.rows().to_vec();
    for row in &mut rules {
        row.origin = Origin::Live;
    }
    format!("{services:#?} {rules:#?}")
}

proptest! {
    #[test]
    fn json_yaml_and_lists_of_both_give_the_same_rows(objects in prop::collection::vec(prop_oneof![service(), destination_rule()], 1..4)) {
        let json: Vec<_> = objects.iter().map(Value::to_string).collect();
        let yaml = |value: &Value| serde_yaml::to_string(value).expect("JSON can be written as YAML");
        let list = json!({"apiVersion": "v1", "items": objects, "kind": "List"});
        let texts = [
            json.join("\n"),
            format!("# read as YAML\n{}", json.join("\n---\n# read as YAML\n")),
            objects.iter().map(yaml).collect::<Vec<_>>().join("---\n"),
            list.to_string(),
            format!("# read as YAML\n{list}"),
            yaml(&list),
        ];
        let (first, notes) = cluster(load_texts(&[&texts[0]]));
        let expected = unreadable(&notes).len();
        for text in &texts[1..] {
            let (other, notes) = cluster(load_texts(&[text]));
            prop_assert_eq!(unreadable(&notes).len(), expected, "{}", text);
            prop_assert_eq!(rows(&other), rows(&first), "{}", text);
        }
    }
}
