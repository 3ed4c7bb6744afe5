//! Reviews as API servers send them, and the router as the server calls it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use mesh_rules::admission::Modes;
use mesh_webhook::router::{FailurePolicy, Shared, router};
use mesh_webhook::verdict::Judge;
use serde_json::{Value, json};
use tower::Service as _;

pub(crate) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// A webhook with these modes, `MESH238=warn` for example.
pub(crate) fn shared(modes: &[&str]) -> Arc<Shared> {
    with_modes(modes.iter().fold(Modes::default(), |modes, mode| modes.with(mode.parse().unwrap())))
}

pub(crate) fn with_modes(modes: Modes) -> Arc<Shared> {
    Arc::new(Shared::new(Judge::new(modes, "west"), FailurePolicy::Ignore))
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) async fn send(shared: &Arc<Shared>, request: Request<Body>) -> Answer {
    let response = router(Arc::clone(shared)).call(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) fn request(body: impl Into<Body>) -> Request<Body> {
    Request::post("/validate?timeout=3s")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// Sends a review that must be answered, checks what the API server checks of every reply, and gives the
/// `response`.
pub(crate) async fn review(shared: &Arc<Shared>, review: &Value) -> Value {
    let answer = send(shared, request(review.to_string())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    verified(review, &answer.json())
}

/// `apiserver: pkg/admission/plugin/webhook/request/admissionreview.go: VerifyAdmissionResponse` for a
/// validating webhook, and the limits of warnings and audit annotations.
pub(crate) fn verified(review: &Value, reply: &Value) -> Value {
    assert_eq!(reply["apiVersion"], review["apiVersion"]);
    assert_eq!(reply["kind"], "AdmissionReview");
    let response = &reply["response"];
    assert_eq!(response["uid"], review["request"]["uid"]);
    assert!(response["allowed"].is_boolean());
    assert!(response.get("patch").is_none() && response.get("patchType").is_none());
    if response["allowed"] == false {
        let status = &response["status"];
        assert!(status["code"].as_u64().unwrap() >= 400, "{status}");
        let message = status["message"].as_str().unwrap();
        assert!(!message.is_empty() && message.len() <= 1024, "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
    let warnings = response["warnings"].as_array().cloned().unwrap_or_default();
    assert!(warnings.len() <= 11);
    for warning in &warnings {
        let warning = warning.as_str().unwrap();
        assert!(warning.chars().count() <= 256 && !warning.chars().any(char::is_control), "{warning:?}");
    }
    for key in response["auditAnnotations"].as_object().into_iter().flat_map(|all| all.keys()) {
        assert!(key.len() <= 63 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{key}");
    }
    response.clone()
}

/// A CREATE as kube-apiserver sends it.
pub(crate) fn create(object: &Value) -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": UID,
            "kind": {"group": "networking.istio.io", "version": "v1", "kind": "DestinationRule"},
            "resource": {"group": "networking.istio.io", "version": "v1", "resource": "destinationrules"},
            "requestKind": {"group": "networking.istio.io", "version": "v1beta1", "kind": "DestinationRule"},
            "requestResource":
                {"group": "networking.istio.io", "version": "v1beta1", "resource": "destinationrules"},
            "name": "payments",
            "namespace": "shop",
            "operation": "CREATE",
            "userInfo": {"username": "alice", "groups": ["system:masters", "system:authenticated"],
                "extra": {"authentication.kubernetes.io/credential-id": ["X509SHA256=00"]}},
            "object": object,
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl"},
        },
    })
}

pub(crate) fn update(old: &Value, new: &Value) -> Value {
    let mut review = create(new);
    review["request"]["operation"] = "UPDATE".into();
    review["request"]["oldObject"] = old.clone();
    review["request"]["options"]["kind"] = "UpdateOptions".into();
    review
}

/// A DestinationRule with this spec beside its host.
pub(crate) fn rule(mut spec: Value) -> Value {
    spec["host"] = "payments".into();
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {
            "name": "payments", "namespace": "shop", "uid": "d2", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {".": {}, "f:host": {}}}}],
        },
        "spec": spec,
    })
}

pub(crate) fn failover() -> Value {
    json!({"localityLbSetting": {"failover": [{"from": "us-east", "to": "us-west"}]}})
}

pub(crate) fn distribute() -> Value {
    json!({"localityLbSetting": {"distribute": [{"from": "us-east/*", "to": {"us-east/*": 80, "us-west/*": 20}}]}})
}

pub(crate) fn detection() -> Value {
    json!({"consecutive5xxErrors": 5, "maxEjectionPercent": 100})
}

pub(crate) fn failover_alone() -> Value {
    rule(json!({"trafficPolicy": {"loadBalancer": failover()}}))
}

pub(crate) fn failover_with_detection() -> Value {
    rule(json!({"trafficPolicy": {"loadBalancer": failover(), "outlierDetection": detection()}}))
}
