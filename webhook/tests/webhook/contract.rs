//! The admission contract: what is not judged, what cannot be read, and HTTP around it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::common::{
    UID, create, detection, failover, failover_alone, request, review, rule, send, shared, update, verified,
    with_modes,
};
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::{StreamExt as _, stream};
use mesh_rules::admission::{Mode, Modes};
use mesh_webhook::router::{FailurePolicy, Shared};
use mesh_webhook::verdict::Judge;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn deletes_connects_and_subresources_are_never_judged() {
    let shared = shared(&[]);
    for operation in ["DELETE", "CONNECT", "FUTURE"] {
        let mut review_of = create(&Value::Null);
        review_of["request"]["operation"] = operation.into();
        review_of["request"]["oldObject"] = failover_alone();
        assert_eq!(review(&shared, &review_of).await, json!({"uid": UID, "allowed": true}));
    }
    let mut status = update(&failover_alone(), &failover_alone());
    status["request"]["subResource"] = "status".into();
    assert_eq!(review(&shared, &status).await, json!({"uid": UID, "allowed": true}));
}

#[tokio::test]
async fn an_object_on_its_way_out_keeps_its_finalizers_removable() {
    let mut object = failover_alone();
    object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(review(&shared(&[]), &update(&object, &object)).await, json!({"uid": UID, "allowed": true}));
}

#[tokio::test]
async fn foreign_kinds_pass_with_a_hint_even_when_they_make_no_sense() {
    for (group, kind) in [
        ("", "Pod"),
        ("networking.istio.io", "VirtualService"),
        ("example.com", "DestinationRule"),
        ("x", "\u{7}\n"),
    ] {
        let mut review_of = create(&json!({"spec": 7}));
        review_of["request"]["kind"] = json!({"group": group, "version": "v1", "kind": kind});
        let response = review(&shared(&[]), &review_of).await;
        assert_eq!(response["allowed"], true);
        assert!(response["warnings"][0].as_str().unwrap().contains("is not judged"), "{response}");
    }
}

#[tokio::test]
async fn the_older_version_is_answered_in_its_own() {
    let mut review_of = create(&failover_alone());
    review_of["apiVersion"] = "admission.k8s.io/v1beta1".into();
    assert_eq!(review(&shared(&[]), &review_of).await["allowed"], false);
}

#[tokio::test]
async fn fields_that_may_be_absent_may_be_null_or_absent() {
    let mut review_of = create(&failover_alone());
    let request = review_of["request"].as_object_mut().unwrap();
    for field in ["dryRun", "namespace", "oldObject", "options", "userInfo", "name", "requestKind"] {
        request.insert(field.to_owned(), Value::Null);
    }
    assert_eq!(review(&shared(&[]), &review_of).await["allowed"], false);
    let request = review_of["request"].as_object_mut().unwrap();
    request.retain(|field, _| ["uid", "kind", "operation", "object"].contains(&field.as_str()));
    assert_eq!(review(&shared(&[]), &review_of).await["allowed"], false);
    review_of["request"]["object"] = Value::Null;
    assert_eq!(review(&shared(&[]), &review_of).await["allowed"], true);
}

#[tokio::test]
async fn an_object_of_our_kind_that_cannot_be_read_is_invalid() {
    for broken in [
        json!({"metadata": {"name": "payments"}, "spec": {"subsets": "all"}}),
        json!({"spec": 7}),
        json!("DestinationRule"),
        json!(7),
    ] {
        let response = review(&shared(&[]), &create(&broken)).await;
        assert_eq!(response["allowed"], false, "{broken}");
        assert_eq!(
            (&response["status"]["code"], &response["status"]["reason"]),
            (&422.into(), &"Invalid".into())
        );
    }
    let broken = json!({"metadata": {"name": "payments"}, "spec": {"subsets": "all"}});
    let response = review(&shared(&[]), &create(&broken)).await;
    assert!(response["status"]["message"].as_str().unwrap().contains("spec.subsets"), "{response}");

    let response = review(&shared(&["MESH201=warn", "MESH238=warn"]), &create(&broken)).await;
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("cannot read"), "{response}");

    let response = review(&shared(&[]), &update(&broken, &broken)).await;
    assert_eq!(response["allowed"], true, "it was unreadable before: {response}");
}

#[tokio::test]
async fn a_request_of_another_shape_is_answered_with_its_uid() {
    let mut review_of = create(&failover_alone());
    review_of["request"]["dryRun"] = "perhaps".into();
    let response = review(&shared(&[]), &review_of).await;
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 422);
    let response = review(&shared(&["MESH201=audit", "MESH238=off"]), &review_of).await;
    assert_eq!(response["allowed"], true);
    assert!(response["auditAnnotations"]["unreadable"].is_string(), "{response}");
}

#[tokio::test]
async fn names_from_hell_come_back_harmless() {
    let hostile = "\u{1b}[2J\r\nX-Injected: 1\u{202e}\u{0}";
    let mut review_of = create(&failover_alone());
    review_of["request"]["uid"] = hostile.into();
    for place in ["name", "namespace", "operation"] {
        let mut one = review_of.clone();
        one["request"][place] = hostile.into();
        review(&shared(&[]), &one).await;
    }
    review_of["request"]["object"]["metadata"]["name"] = hostile.repeat(500).into();
    review_of["request"]["object"]["spec"]["host"] = hostile.into();
    let response = review(&shared(&[]), &review_of).await;
    assert_eq!(response["allowed"], false);
}

#[tokio::test]
async fn http_faults_are_told_apart_and_counted() {
    let shared = shared(&[]);
    let post = || Request::post("/validate").header("content-type", "application/json");
    let cases: Vec<(Request<Body>, StatusCode)> = vec![
        (Request::get("/validate").body(Body::empty()).unwrap(), StatusCode::METHOD_NOT_ALLOWED),
        (Request::post("/mutate").body(Body::empty()).unwrap(), StatusCode::NOT_FOUND),
        (Request::post("/validate").body(Body::empty()).unwrap(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            Request::post("/validate").header("content-type", "text/json").body(Body::empty()).unwrap(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (post().body(Body::empty()).unwrap(), StatusCode::BAD_REQUEST),
        (post().body(Body::from("{\"request\": {}}")).unwrap(), StatusCode::BAD_REQUEST),
        (post().body(Body::from(vec![0xff; 100])).unwrap(), StatusCode::BAD_REQUEST),
        (
            post().header("content-length", 8 * MIB).body(Body::empty()).unwrap(),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (post().body(Body::from(vec![b' '; 7 * MIB + 1])).unwrap(), StatusCode::PAYLOAD_TOO_LARGE),
        (post().body(broken_off()).unwrap(), StatusCode::BAD_REQUEST),
    ];
    for (request, expected) in cases {
        let what = format!("{request:?}");
        assert_eq!(send(&shared, request).await.status, expected, "{what}");
    }
    let metrics = shared.metrics.text();
    for (reason, count) in
        [("Method", 1), ("Path", 1), ("ContentType", 2), ("NoReview", 3), ("TooLarge", 2), ("Aborted", 1)]
    {
        let line = format!("mesh_webhook_rejected_input_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} in\n{metrics}");
    }
}

fn broken_off() -> Body {
    let parts = [Ok(Bytes::from_static(b"{")), Err(io::Error::other("gone"))];
    Body::from_stream(stream::iter(parts))
}

#[tokio::test]
async fn a_review_just_below_the_limit_is_judged() {
    let mut object = failover_alone();
    object["metadata"]["annotations"] = json!({"padding": "x".repeat(7 * MIB - 4096)});
    let response = review(&shared(&[]), &create(&object)).await;
    assert_eq!(response["allowed"], false);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let answer = send(&shared(&[]), request(endless())).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_budget_callers_are_told_to_come_again() {
    let shared = shared(&[]);
    let waiting: Vec<_> = (0..9)
        .map(|_| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { send(&shared, request(endless())).await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = send(&shared, request(endless())).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(shared.metrics.shed.get(), 1);
    for task in waiting {
        assert_eq!(task.await.unwrap(), StatusCode::REQUEST_TIMEOUT);
    }
    let review_of = create(&failover_alone());
    assert_eq!(review(&shared, &review_of).await["allowed"], false);
    assert_eq!(shared.metrics.in_flight.get(), 0);
}

fn endless() -> Body {
    let first = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"{"))]);
    Body::from_stream(first.chain(stream::pending()))
}

#[tokio::test]
async fn without_time_the_configured_policy_decides() {
    let review_of = create(&failover_alone());
    let late = || {
        let builder = Request::post("/validate?timeout=0s").header("content-type", "application/json");
        builder.body(Body::from(review_of.to_string())).unwrap()
    };
    let answer = send(&shared(&[]), late()).await;
    let response = verified(&review_of, &answer.json());
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("not judged"), "{response}");
    let strict = Arc::new(Shared::new(Judge::new(Modes::default(), "west"), FailurePolicy::Fail));
    assert_eq!(send(&strict, late()).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

/// Subsets with an empty entry for a port of their own each, below a top with an entry for each of other ports.
fn of_one_mebibyte() -> Value {
    let entry = |number: usize| json!({"port": {"number": number}, "loadBalancer": {"simple": "RANDOM"}});
    let subset = |number: usize| {
        let policy = json!({"loadBalancer": failover(), "portLevelSettings": [entry(number)]});
        json!({"name": format!("v{number}"), "labels": {"version": number.to_string()}, "trafficPolicy": policy})
    };
    let object = rule(json!({
        "trafficPolicy": {
            "outlierDetection": detection(),
            "portLevelSettings": (10_001..17_001).map(entry).collect::<Vec<_>>(),
        },
        "subsets": (1..3001).map(subset).collect::<Vec<_>>(),
    }));
    assert!(object.to_string().len() > MIB);
    object
}

#[tokio::test]
async fn a_large_rule_of_many_subsets_and_ports_is_judged_and_its_ratchet_too() {
    let object = of_one_mebibyte();
    let shared = shared(&["MESH205=deny", "MESH206=deny"]);
    let send_review = async |review_of: Value| {
        let request = Request::post("/validate").header("content-type", "application/json");
        let answer = send(&shared, request.body(Body::from(review_of.to_string())).unwrap()).await;
        verified(&review_of, &answer.json())
    };
    assert_eq!(send_review(create(&object)).await["allowed"], false);
    assert_eq!(send_review(update(&object, &object)).await["allowed"], true);
    let mut wider = object.clone();
    wider["spec"]["trafficPolicy"]["outlierDetection"].take();
    assert_eq!(send_review(update(&object, &wider)).await["allowed"], false);
}

#[tokio::test]
async fn a_verdict_that_takes_longer_than_the_deadline_is_not_waited_for() {
    let review_of = create(&of_one_mebibyte());
    let shared = shared(&[]);
    // One millisecond more than what is kept for the way back.
    let request = Request::post("/validate?timeout=201ms").header("content-type", "application/json");
    let answer = send(&shared, request.body(Body::from(review_of.to_string())).unwrap()).await;
    let response = verified(&review_of, &answer.json());
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("not judged"), "{response}");
}

#[tokio::test]
async fn what_admiral_writes_is_no_more_than_warned_of_even_when_it_cannot_be_read() {
    for marks in ["annotations", "labels"] {
        let mut object = failover_alone();
        object["metadata"][marks] = json!({"app.kubernetes.io/created-by": "admiral"});
        object["spec"] = json!(7);
        let response = review(&shared(&[]), &create(&object)).await;
        assert_eq!(response["allowed"], true, "{response}");
        assert!(response["warnings"][0].as_str().unwrap().contains("cannot read"), "{response}");
        let strict = with_modes(Modes::default().with_admiral(Mode::Deny));
        assert_eq!(review(&strict, &create(&object)).await["status"]["code"], 422);
    }
}
