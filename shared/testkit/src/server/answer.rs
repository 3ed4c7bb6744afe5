//! From a request to its answer.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::cluster::State;
use super::{FakeCluster, Fault};

/// Bytes of a token that must be escaped in a query, so that a client which does not do it fails.
const TOKEN: &str = "at/+=&";

/// What makes an object this object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

pub(super) fn identity(object: &Value) -> Identity {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api_version = text("/apiVersion");
    let group = api_version.rsplit_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    assert!(!api_version.is_empty() && !kind.is_empty() && !name.is_empty(), "no object: {object}");
    Identity { group, kind, namespace: text("/metadata/namespace"), name }
}

pub(super) fn router(cluster: FakeCluster) -> Router {
    Router::new().fallback(move |request: Request| {
        let decided = decide(&cluster, &request);
        async move { answer(decided).await }
    })
}

/// Looks at the request; the answer as it should be, and what goes wrong with it.
fn decide(cluster: &FakeCluster, request: &Request) -> (Option<Fault>, Response) {
    let mut state = cluster.state();
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = Asked::new(request.uri().path(), request.uri().query().unwrap_or_default(), accept);
    state.requests.push(asked.log_line(request.uri().query()));
    let fault = state
        .faults
        .iter_mut()
        .find_map(|(when, fault)| when.takes(asked.path, asked.after.is_some()).then(|| fault.clone()));
    (fault, right(&state, &asked))
}

async fn answer((fault, right): (Option<Fault>, Response)) -> Response {
    match fault {
        None => right,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status { code, reason, message, retry_after }) => {
            let mut response = status(code, reason, &message);
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Some(Fault::SlowBody(pause)) => in_parts(right, 4, Some(pause), false).await,
        Some(Fault::CutBody) => in_parts(right, 2, None, true).await,
        Some(Fault::Body(text)) => text.into_response(),
    }
}

/// A request, taken apart.
struct Asked<'a> {
    path: &'a str,
    limit: Option<usize>,
    after: Option<usize>,
    labels: Option<String>,
    fields: Option<String>,
    metadata_only: bool,
    aggregated: bool,
    bad_token: bool,
}

impl<'a> Asked<'a> {
    fn new(path: &'a str, query: &str, accept: &str) -> Self {
        let uri = format!("/?{query}").parse().expect("the query was parsed once");
        let pairs: Vec<(String, String)> =
            axum::extract::Query::try_from_uri(&uri).map(|query| query.0).unwrap_or_default();
        let value = |key: &str| pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1.clone());
        let token = value("continue");
        let after = token.as_deref().map(|token| token.strip_prefix(TOKEN).and_then(|at| at.parse().ok()));
        Self {
            path,
            limit: value("limit").and_then(|limit| limit.parse().ok()),
            after: after.flatten(),
            labels: value("labelSelector"),
            fields: value("fieldSelector"),
            metadata_only: accept.contains("as=PartialObjectMetadata"),
            aggregated: accept.contains("as=APIGroupDiscoveryList"),
            bad_token: after == Some(None),
        }
    }

    fn log_line(&self, query: Option<&str>) -> String {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let metadata = if self.metadata_only { " (metadata)" } else { "" };
        format!("{}{query}{metadata}", self.path)
    }
}

fn right(state: &State, asked: &Asked<'_>) -> Response {
    match asked.path {
        "/version" => json_of(&json!({"major": "1", "gitVersion": state.git_version})),
        "/apis" if state.aggregated && asked.aggregated => json_of(&discovery(state)),
        "/apis" => json_of(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups(state)})),
        _ => objects(state, asked),
    }
}

fn groups(state: &State) -> Vec<Value> {
    let mut groups: Vec<&str> = state.served.iter().map(|served| served.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
        .into_iter()
        .filter(|group| !group.is_empty())
        .map(|group| {
            let of_group = state.served.iter().filter(|served| served.group == group);
            let mut versions: Vec<&str> =
                of_group.flat_map(|served| served.versions.iter().map(String::as_str)).collect();
            versions.sort_unstable();
            versions.dedup();
            let versions: Vec<_> = versions.into_iter().map(|version| json!({"version": version})).collect();
            json!({"name": group, "versions": versions})
        })
        .collect()
}

fn discovery(state: &State) -> Value {
    let items: Vec<_> = groups(state)
        .into_iter()
        .map(|group| {
            let name = group["name"].as_str().unwrap_or_default().to_owned();
            let versions = group["versions"].as_array().into_iter().flatten().map(|version| {
                let version = version["version"].as_str().unwrap_or_default();
                let resources: Vec<_> = state
                    .served
                    .iter()
                    .filter(|served| served.group == name && served.versions.iter().any(|other| other == version))
                    .map(|served| json!({
                        "resource": served.plural, "scope": if served.namespaced { "Namespaced" } else { "Cluster" },
                        "responseKind": {"group": name, "version": version, "kind": served.kind},
                        "verbs": ["get", "list", "watch"],
                    }))
                    .collect();
                json!({"version": version, "freshness": "Current", "resources": resources})
            });
            json!({"metadata": {"name": name}, "versions": versions.collect::<Vec<_>>()})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
}

/// Lists and single objects.
fn objects(state: &State, asked: &Asked<'_>) -> Response {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return not_found(),
    };
    let (namespace, plural, name) = match *rest {
        ["namespaces", namespace, plural] => (Some(namespace), plural, None),
        ["namespaces", namespace, plural, name] => (Some(namespace), plural, Some(name)),
        [plural] => (None, plural, None),
        [plural, name] => (None, plural, Some(name)),
        _ => return not_found(),
    };
    let known = state.served.iter().find(|served| {
        served.group == group
            && served.plural == plural
            && served.versions.iter().any(|other| other == version)
    });
    let Some(served) = known else { return not_found() };
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut found: Vec<(Identity, &Value)> = state
        .objects
        .iter()
        .map(|object| (identity(object), object))
        .filter(|(of, _)| of.group == group && of.kind == served.kind)
        .filter(|(of, _)| namespace.is_none_or(|wanted| wanted == of.namespace))
        .filter(|(of, _)| name.is_none_or(|wanted| wanted == of.name))
        .filter(|(of, object)| selected(asked, of, object))
        .collect();
    found.sort_by(|(a, _), (b, _)| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let shaped = |object: &Value| shape(object, &api_version, asked.metadata_only);
    if name.is_some() {
        return found.first().map_or_else(not_found, |(_, object)| json_of(&shaped(object)));
    }
    if asked.bad_token {
        return status(400, "BadRequest", "continue key is not valid");
    }
    let start = asked.after.unwrap_or(0).min(found.len());
    let size = asked.limit.map_or(usize::MAX, |limit| limit.min(state.page));
    let end = start.saturating_add(size).min(found.len());
    let mut metadata = json!({"resourceVersion": "1000"});
    if end < found.len() {
        metadata["continue"] = format!("{TOKEN}{end}").into();
        metadata["remainingItemCount"] = (found.len() - end).into();
    }
    let items: Vec<_> = found[start..end].iter().map(|(_, object)| shaped(object)).collect();
    let kind = if asked.metadata_only { "PartialObjectMetadata".to_owned() } else { served.kind.clone() };
    json_of(&json!({
        "kind": format!("{kind}List"), "apiVersion": api_version, "metadata": metadata, "items": items,
    }))
}

fn selected(asked: &Asked<'_>, of: &Identity, object: &Value) -> bool {
    let fields = asked.fields.as_deref().and_then(|fields| fields.strip_prefix("metadata.name="));
    let labels = asked.labels.as_deref().and_then(|labels| labels.split_once('='));
    fields.is_none_or(|name| name == of.name)
        && labels.is_none_or(|(key, value)| object["metadata"]["labels"][key].as_str() == Some(value))
}

fn shape(object: &Value, api_version: &str, metadata_only: bool) -> Value {
    if metadata_only {
        return json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
        });
    }
    let mut object = object.clone();
    object["apiVersion"] = api_version.into();
    object
}

fn json_of(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn not_found() -> Response {
    status(404, "NotFound", "the server could not find the requested resource")
}

fn status(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code,
    });
    (StatusCode::from_u16(code).expect("tests give valid codes"), json_of(&body)).into_response()
}

/// The body of `response` in parts, with a pause before each; with `cut` only the first of them, then an error
/// that makes the server close the connection.
async fn in_parts(response: Response, parts: usize, pause: Option<Duration>, cut: bool) -> Response {
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the body is in memory");
    let size = bytes.len().div_ceil(parts).max(1);
    let chunks: Vec<Bytes> =
        (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect();
    let body =
        Body::from_stream(stream::unfold(chunks.into_iter().enumerate(), move |mut rest| async move {
            let (number, chunk) = rest.next()?;
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            let part =
                if cut && number > 0 { Err(std::io::Error::other("cut by the test")) } else { Ok(chunk) };
            Some((part, rest))
        }));
    Response::from_parts(head, body)
}
