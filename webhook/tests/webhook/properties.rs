//! What holds for every review, by random ones.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::common::{
    Answer, create, detection, distribute, failover, request, review, rule, send, shared, update, verified,
};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

fn reply(body: &[u8]) -> Answer {
    RUNTIME.block_on(send(&shared(&[]), request(body.to_vec())))
}

fn response(of: &Value) -> Value {
    RUNTIME.block_on(review(&shared(&[]), of))
}

const RECORDED: [&str; 3] = [
    include_str!("reviews/create.json"),
    include_str!("reviews/update.json"),
    include_str!("reviews/create_generated_name.json"),
];

/// The blocks of one level, and those of its port entries.
fn policy() -> impl Strategy<Value = Value> {
    let blocks = || {
        let balancer = prop_oneof![
            Just(None),
            Just(Some(failover())),
            Just(Some(distribute())),
            Just(Some(json!({"localityLbSetting": {"enabled": false}}))),
            Just(Some(json!({"simple": "PASSTHROUGH", "localityLbSetting": {}}))),
        ];
        (balancer, any::<bool>()).prop_map(|(balancer, detects)| {
            let mut blocks = json!({});
            if let Some(balancer) = balancer {
                blocks["loadBalancer"] = balancer;
            }
            if detects {
                blocks["outlierDetection"] = detection();
            }
            blocks
        })
    };
    (blocks(), prop::collection::btree_map(80_u16..83, blocks(), 0..3)).prop_map(|(mut blocks, ports)| {
        let entries = ports.into_iter().map(|(number, mut entry)| {
            entry["port"] = json!({"number": number});
            entry
        });
        blocks["portLevelSettings"] = entries.collect();
        blocks
    })
}

fn rules() -> impl Strategy<Value = Value> {
    (policy(), prop::collection::vec(policy(), 0..3)).prop_map(|(top, subsets)| {
        let subsets: Vec<_> = subsets
            .into_iter()
            .enumerate()
            .map(|(number, policy)| json!({"name": format!("v{number}"), "trafficPolicy": policy}))
            .collect();
        rule(json!({"trafficPolicy": top, "subsets": subsets}))
    })
}

/// One block of a rule, and what becomes of it.
#[derive(Clone, Debug)]
struct Edit {
    subset: Option<usize>,
    entry: Option<usize>,
    change: u8,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (prop::option::of(0_usize..3), prop::option::of(0_usize..3), 0_u8..4)
        .prop_map(|(subset, entry, change)| Edit { subset, entry, change });
    prop::collection::vec(edit, 1..4)
}

fn block<'v>(object: &'v mut Value, edit: &Edit) -> Option<&'v mut Value> {
    let policy = match edit.subset {
        None => &mut object["spec"]["trafficPolicy"],
        Some(at) => &mut object["spec"]["subsets"].get_mut(at)?["trafficPolicy"],
    };
    match edit.entry {
        None => Some(policy),
        Some(at) => policy["portLevelSettings"].get_mut(at),
    }
}

fn edited(mut object: Value, edit: &Edit) -> Value {
    if let Some(block) = block(&mut object, edit) {
        match edit.change {
            0 => drop(block.as_object_mut().unwrap().remove("outlierDetection")),
            1 => block["loadBalancer"] = failover(),
            2 => drop(block.as_object_mut().unwrap().remove("loadBalancer")),
            _ => {
                if let Some(entries) = block.get_mut("portLevelSettings") {
                    entries.as_array_mut().unwrap().pop();
                }
            }
        }
    }
    object
}

/// Subsets (by number) and ports that ask for locality load balancing without outlier detection, each asked by
/// itself. Port 0 stands for those that no entry names.
fn unprotected(object: &Value) -> BTreeSet<(Option<usize>, u16)> {
    let top = &object["spec"]["trafficPolicy"];
    let subsets = object["spec"]["subsets"].as_array().unwrap();
    let mut found = BTreeSet::new();
    for subset in std::iter::once(None).chain((0..subsets.len()).map(Some)) {
        for port in [0_u16, 80, 81, 82] {
            let block = |name: &str| {
                if let Some(at) = subset {
                    let (level, is_entry) = level_for(&subsets[at]["trafficPolicy"], port);
                    if is_entry || !level[name].is_null() {
                        return level[name].clone();
                    }
                }
                level_for(top, port).0[name].clone()
            };
            let balancer = block("loadBalancer");
            let setting = &balancer["localityLbSetting"];
            let asks =
                setting.is_object() && setting["enabled"] != false && balancer["simple"] != "PASSTHROUGH";
            if asks && block("outlierDetection").is_null() {
                found.insert((subset, port));
            }
        }
    }
    found
}

fn level_for(policy: &Value, port: u16) -> (&Value, bool) {
    let mut entries = policy["portLevelSettings"].as_array().into_iter().flatten();
    entries.find(|entry| entry["port"]["number"] == port).map_or((policy, false), |entry| (entry, true))
}

proptest! {
    #[test]
    fn a_damaged_review_is_answered_or_called_bad(
        which in 0..RECORDED.len(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut body = RECORDED[which].as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if cut {
            body.truncate(end.index(body.len()));
        }
        let answer = reply(&body);
        if answer.status == StatusCode::OK {
            // Text that nobody reads may be broken UTF-8.
            verified(&serde_json::from_str(&String::from_utf8_lossy(&body)).unwrap(), &answer.json());
        } else {
            prop_assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn every_uid_comes_back_whatever_the_object(uid in "\\PC{1,40}", object in json_values()) {
        let mut review_of = create(&object);
        review_of["request"]["uid"] = uid.into();
        let answer = reply(review_of.to_string().as_bytes());
        prop_assert_eq!(answer.status, StatusCode::OK);
        verified(&review_of, &answer.json());
    }

    #[test]
    fn an_update_that_only_reorders_is_never_refused(old in rules()) {
        let mut new = old.clone();
        for list in ["/spec/subsets", "/spec/trafficPolicy/portLevelSettings"] {
            new.pointer_mut(list).unwrap().as_array_mut().unwrap().reverse();
        }
        let created = response(&create(&old));
        let updated = response(&update(&old, &new));
        prop_assert_eq!(&updated["allowed"], &json!(true), "{}", updated);
        prop_assert!(created["allowed"] == true || updated["warnings"].is_array(), "{}", updated);
    }

    #[test]
    fn a_change_that_only_adds_detection_is_always_admitted(old in rules(), places in edits()) {
        let new = places.iter().fold(old.clone(), |mut object, edit| {
            if let Some(block) = block(&mut object, edit) {
                block["outlierDetection"] = detection();
            }
            object
        });
        let updated = response(&update(&old, &new));
        prop_assert_eq!(&updated["allowed"], &json!(true), "{} to {}: {}", old, new, updated);
    }

    #[test]
    fn detection_in_every_block_satisfies_the_webhook(mut object in rules()) {
        let add = |policy: &mut Value| {
            policy["outlierDetection"] = detection();
            for entry in policy["portLevelSettings"].as_array_mut().unwrap() {
                entry["outlierDetection"] = detection();
            }
        };
        add(&mut object["spec"]["trafficPolicy"]);
        for subset in object["spec"]["subsets"].as_array_mut().unwrap() {
            add(&mut subset["trafficPolicy"]);
        }
        prop_assert_eq!(&response(&create(&object))["allowed"], &json!(true));
    }
}

proptest! {
    // Few changes take protection away and give none.
    #![proptest_config(ProptestConfig { max_global_rejects: 65_536, ..ProptestConfig::default() })]

    #[test]
    fn a_change_that_only_takes_protection_away_is_never_admitted(old in rules(), new in edits()) {
        let new = new.iter().fold(old.clone(), edited);
        let (before, after) = (unprotected(&old), unprotected(&new));
        prop_assume!(before != after && before.is_subset(&after));
        let updated = response(&update(&old, &new));
        prop_assert_eq!(&updated["allowed"], &json!(false), "{} to {}: {}", old, new, updated);
    }
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("metadata".to_owned()),
        Just("spec".to_owned()),
        Just("name".to_owned()),
        Just("trafficPolicy".to_owned()),
        Just("loadBalancer".to_owned()),
        Just("localityLbSetting".to_owned()),
        Just("portLevelSettings".to_owned()),
        Just("subsets".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
