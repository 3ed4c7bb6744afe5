//! The admin port: probes and metrics, in plain HTTP, never behind the Service of the webhook.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::connection::Stage;
use crate::metrics::CONTENT_TYPE;
use crate::router::Shared;
use crate::tls::Certificates;

/// What the pages tell of.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    pub(crate) shared: Arc<Shared>,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) stage: watch::Receiver<Stage>,
}

/// `/livez`, `/readyz`, `/metrics`.
pub(crate) fn router(pages: Pages) -> Router {
    Router::new()
        // That it is answered is the sign of life.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(pages)
}

/// Never depends on an API server: one that blinks would make all replicas unready at once.
async fn ready(State(pages): State<Pages>) -> Response {
    let stage = *pages.stage.borrow();
    let (status, text) = match stage {
        Stage::Serving if pages.certificates.is_valid() => (StatusCode::OK, "ok\n"),
        Stage::Serving => (StatusCode::SERVICE_UNAVAILABLE, "the certificate has expired\n"),
        Stage::LameDuck | Stage::Closing => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n"),
    };
    (status, text).into_response()
}

async fn metrics(State(pages): State<Pages>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], pages.shared.metrics.text()).into_response()
}
