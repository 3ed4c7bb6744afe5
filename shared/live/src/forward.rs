//! HTTP to a port of a pod: a port-forward through the API server, over WebSocket.
//!
//! Envoy's admin port and istiod's debug pages answer only those that come from localhost, so this is the one way to
//! them that needs no program in the pod (`istio: istioctl/pkg/proxyconfig`; pod proxies arrive from elsewhere).
//! It changes nothing in the cluster, but the API server wants more than reading: by WebSocket a port-forward is a
//! GET, so the verb is `get`, and since Kubernetes 1.35 `create` as well, both on `pods/portforward`
//! (`kubernetes: AuthorizePodWebsocketUpgradeCreatePermission`).
//!
//! Every step has a deadline, and each page a size. The end of a forwarded connection may never be told, so pages
//! end by their lengths. What fails here says nothing about the cluster: it is not given up.

use std::fmt;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, Fuse, select};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use kube::core::Status;
use mesh_model::{Gap, Name, Namespace};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

use crate::client::{timeout, unreachable};
use crate::request::{Failure, Requests};

/// Longest page that is held in memory, in bytes. A proxy that knows 10,000 services writes some 60 MB.
const LONGEST_PAGE: usize = 256 << 20;

/// Longest part of what a server says that is told.
const LONGEST_TEXT: usize = 300;

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodPort {
    pub(crate) namespace: Namespace,
    pub(crate) pod: Name,
    pub(crate) port: u16,
}

impl fmt::Display for PodPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {} of pod \"{}/{}\"", self.port, self.namespace, self.pod)
    }
}

/// An open port-forward; it ends with this value.
pub(crate) struct Forward<'a> {
    requests: &'a Requests,
    target: PodPort,
    sender: SendRequest<String>,
    /// What the kubelet says when it cannot reach the port.
    refusal: Fuse<Pin<Box<dyn Future<Output = Option<String>>>>>,
    forwarder: Portforwarder,
    connection: JoinHandle<hyper::Result<()>>,
}

impl<'a> Forward<'a> {
    /// Opens a port-forward. That the port listens is not known before the first page is asked for.
    ///
    /// # Errors
    /// Why the port cannot be reached; a refusal names the permissions that are missing.
    pub(crate) async fn open(requests: &'a Requests, target: PodPort) -> Result<Self, Gap> {
        let opened = requests.patiently(async || dial(requests, &target).await).await;
        let mut forwarder = opened.map_err(|failure| gap_of(failure, &target))?;
        let unusable = || unreachable(format!("{target}: the port-forward gives no connection"));
        let stream = forwarder.take_stream(target.port).ok_or_else(unusable)?;
        let refusal = forwarder.take_error(target.port).ok_or_else(unusable)?;
        let refusal: Pin<Box<dyn Future<Output = Option<String>>>> = Box::pin(refusal);
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| unusable())?;
        let connection = tokio::spawn(connection);
        Ok(Self { requests, target, sender, refusal: refusal.fuse(), forwarder, connection })
    }

    /// The body of a GET of `path` (with its query), if the answer is 200.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Vec<u8>, Gap> {
        let end = self.requests.end().map_err(|failure| gap_of(failure, &self.target))?;
        timeout_at(end.at, self.exchange(path))
            .await
            .unwrap_or_else(|_| Err(too_late(&self.target, end.after)))
    }

    async fn exchange(&mut self, path: &str) -> Result<Vec<u8>, Gap> {
        let request = Request::get(path).header(header::HOST, "localhost").body(String::new());
        let request = request.expect("paths are made of words of ours and of escaped ones");
        let outcome = {
            let answer = pin!(answer(&mut self.sender, request));
            match select(answer, &mut self.refusal).await {
                Either::Left((answer, _)) => answer,
                Either::Right((Some(refusal), _)) => Err(refusal),
                // The forwarder has ended; what it brought may still be read.
                Either::Right((None, answer)) => answer.await,
            }
        };
        outcome.map_err(|cause| {
            // A connection that breaks off is only the echo of a refusal.
            let refusal = (&mut self.refusal).now_or_never().flatten();
            unreachable(format!("{}: {}", self.target, shortened(&refusal.unwrap_or(cause))))
        })
    }
}

impl Drop for Forward<'_> {
    fn drop(&mut self) {
        // Without this both would wait for a server that never ends the connection.
        self.forwarder.abort();
        self.connection.abort();
    }
}

async fn dial(requests: &Requests, target: &PodPort) -> Result<Portforwarder, Failure> {
    let pods: Api<Pod> = Api::namespaced(requests.client(), &target.namespace);
    pods.portforward(&target.pod, &[target.port]).await.map_err(|error| match error {
        kube::Error::Api(status) => Failure::Status {
            code: StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            message: message_of(&status),
            retry_after: None,
        },
        kube::Error::UpgradeConnection(error) => Failure::Rejected(format!(
            "no WebSocket: {error}; a proxy on the way to the API server may not let it through"
        )),
        other => requests.failure(&other),
    })
}

/// What the API server says; empty for anything else, for example a proxy's page, which kube takes for a message.
fn message_of(status: &Status) -> String {
    if status.reason == "Failed to parse error data" { String::new() } else { shortened(&status.message) }
}

/// The body of the answer, or what is wrong with it.
async fn answer(sender: &mut SendRequest<String>, request: Request<String>) -> Result<Vec<u8>, String> {
    let path = request.uri().path().to_owned();
    let cut = |_| format!("GET {path}: the connection ended before the answer did");
    let response = sender.send_request(request).await.map_err(cut)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LONGEST_PAGE).collect().await;
    let body = body.map_err(|_| format!("GET {path}: the answer is cut off, or larger than 256 MiB"))?;
    let body = body.to_bytes();
    if status == StatusCode::OK {
        return Ok(body.into());
    }
    let text = String::from_utf8_lossy(&body);
    let text = text.lines().next().map(str::trim).unwrap_or_default();
    Err(if text.is_empty() {
        format!("GET {path}: {status}")
    } else {
        format!("GET {path}: {status}: {text}")
    })
}

fn gap_of(failure: Failure, target: &PodPort) -> Gap {
    match failure {
        Failure::Status { code: StatusCode::FORBIDDEN, message, .. } => Gap::Forbidden {
            message: format!(
                "{target} needs the verbs get and create on pods/portforward in namespace \"{}\": {message}",
                target.namespace
            ),
        },
        Failure::Status { code: StatusCode::UNAUTHORIZED, .. } => failure.into(),
        Failure::Status { code, message, .. } => {
            let colon = if message.is_empty() { "" } else { ": " };
            unreachable(format!("{target}: {code}{colon}{message}"))
        }
        Failure::Rejected(cause) | Failure::Connection(cause) => unreachable(format!("{target}: {cause}")),
        Failure::Timeout(after) => too_late(target, after),
        other => other.into(),
    }
}

/// Names the pod, which [`Gap::Timeout`], made for whole clusters and kinds, does not.
fn too_late(target: &PodPort, after: Duration) -> Gap {
    unreachable(format!("{target}: {}", timeout(after)))
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests;
