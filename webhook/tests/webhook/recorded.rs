//! Reviews recorded byte for byte from kube-apiserver 1.36.3 with Istio's CRDs: kubectl apply, patch, label,
//! server-side dry run, delete, and create with generateName and nulls.

use axum::http::StatusCode;
use serde_json::Value;

use super::common::{request, send, shared, verified};

async fn answer(recorded: &'static str) -> Value {
    let answer = send(&shared(&[]), request(recorded)).await;
    assert_eq!(answer.status, StatusCode::OK);
    verified(&serde_json::from_str(recorded).unwrap(), &answer.json())
}

#[tokio::test]
async fn kubectl_apply_of_failover_alone_is_refused() {
    let response = answer(include_str!("reviews/create.json")).await;
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["details"]["causes"][0]["reason"], "MESH201");
}

#[tokio::test]
async fn edits_of_an_object_that_was_bad_before_are_warned_of() {
    for recorded in [
        include_str!("reviews/update.json"),
        include_str!("reviews/update_label.json"),
        include_str!("reviews/server_side_dry_run.json"),
    ] {
        let response = answer(recorded).await;
        assert_eq!(response["allowed"], true);
        assert!(response["warnings"][0].as_str().unwrap().starts_with("[MESH201] "), "{response}");
    }
}

#[tokio::test]
async fn a_delete_passes_in_silence() {
    let response = answer(include_str!("reviews/delete.json")).await;
    assert_eq!((response["allowed"].clone(), response.get("warnings")), (true.into(), None));
}

#[tokio::test]
async fn a_generated_name_and_nulls_are_read() {
    let response = answer(include_str!("reviews/create_generated_name.json")).await;
    assert_eq!(response["status"]["details"]["name"], "payments-6ffql");
    assert_eq!(response["status"]["details"]["causes"][0]["reason"], "MESH238");
}
