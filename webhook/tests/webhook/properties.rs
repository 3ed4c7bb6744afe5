//! What holds for every review, by random ones.

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
