//! HTTP around a verdict: path, method, content type, size, budget, deadline, panics. No socket here: a test
//! calls the router as the server does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tracing::dispatcher;

use crate::body::{self, Budget, Refusal, Taken};
use crate::metrics::{Decision, Metrics, Operation, Rejection};
use crate::record;
use crate::reply::Reply;
use crate::review::{self, Review, ReviewError};
use crate::verdict::Judge;

/// Path that API servers call.
pub const PATH: &str = "/validate";

/// Bytes of bodies that may be in memory at once.
pub const IN_FLIGHT_LIMIT: usize = 64 << 20;

/// The API server's deadline comes as `?timeout`; the reply must be on its way this much earlier.
const MARGIN: Duration = Duration::from_millis(200);

/// What the configuration at the API server says for calls that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FailurePolicy {
    /// The object is stored.
    #[default]
    Ignore,
    /// The object is refused.
    Fail,
}

/// What all requests share.
#[derive(Debug)]
pub struct Shared {
    judge: Judge,
    policy: FailurePolicy,
    budget: Budget,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl Shared {
    /// Shares `judge` among all requests.
    #[must_use]
    pub fn new(judge: Judge, policy: FailurePolicy) -> Self {
        let metrics = Arc::new(Metrics::new(judge.rules()));
        Self { judge, policy, budget: Budget::new(IN_FLIGHT_LIMIT), metrics }
    }
}

/// The webhook as an HTTP service.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(PATH, post(validate))
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .with_state(shared)
}

async fn wrong_path(State(shared): State<Arc<Shared>>) -> Response {
    refused(&shared.metrics, Refusal::Rejected(Rejection::Path))
}

async fn wrong_method(State(shared): State<Arc<Shared>>) -> Response {
    refused(&shared.metrics, Refusal::Rejected(Rejection::Method))
}

fn refused(metrics: &Metrics, refusal: Refusal) -> Response {
    let reason = match refusal {
        Refusal::Rejected(reason) => reason,
        Refusal::Shed => {
            metrics.shed.inc();
            // An API server tries again within its deadline when it is told when.
            let again = [(header::RETRY_AFTER, "1")];
            return (StatusCode::SERVICE_UNAVAILABLE, again, "too busy\n").into_response();
        }
    };
    metrics.rejected(reason);
    let (status, text) = match reason {
        Rejection::Path => (StatusCode::NOT_FOUND, "reviews are taken at /validate\n"),
        Rejection::Method => (StatusCode::METHOD_NOT_ALLOWED, "reviews are taken by POST\n"),
        Rejection::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a review is application/json\n"),
        Rejection::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "a review is at most 7 MiB\n"),
        Rejection::SlowBody => (StatusCode::REQUEST_TIMEOUT, "the body comes too slowly\n"),
        Rejection::Aborted => (StatusCode::BAD_REQUEST, "the body ends early\n"),
        Rejection::NoReview => (StatusCode::BAD_REQUEST, "no AdmissionReview\n"),
    };
    (status, text).into_response()
}

async fn validate(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let arrived = Instant::now();
    let body = match body::take(&shared.budget, &shared.metrics, &headers, body).await {
        Ok(body) => body,
        Err(refusal) => return refused(&shared.metrics, refusal),
    };
    let deadline = query.as_deref().and_then(timeout);
    let left = deadline.map(|given| given.saturating_sub(arrived.elapsed() + MARGIN));
    judged(shared, body, left).await
}

/// Judges a body beside the threads that serve connections: a large object must not hold up the others.
async fn judged(shared: Arc<Shared>, body: Taken, left: Option<Duration>) -> Response {
    let bytes = body.bytes.clone();
    if left == Some(Duration::ZERO) {
        body.release(&shared.metrics);
        return guarded(&shared.metrics, || late_answer(&shared, &bytes));
    }
    let turn = Arc::new(Turn::default());
    let mut work = tokio::task::spawn_blocking({
        let (shared, turn) = (Arc::clone(&shared), Arc::clone(&turn));
        let log = dispatcher::get_default(Clone::clone);
        move || {
            let judge = || guarded(&shared.metrics, || answer(&shared, &body.bytes, &turn));
            let response = dispatcher::with_default(&log, judge);
            body.release(&shared.metrics);
            response
        }
    });
    let done = match left {
        None => (&mut work).await,
        Some(left) => match tokio::time::timeout(left, &mut work).await {
            Ok(done) => done,
            Err(_) if turn.take() => return guarded(&shared.metrics, || late_answer(&shared, &bytes)),
            // The verdict has been counted: its reply is about to come.
            Err(_) => work.await,
        },
    };
    done.unwrap_or_else(|_| internal_fault(&shared.metrics))
}

/// Whose turn it is to answer: the verdict's or the deadline's. What comes second is neither counted nor logged.
#[derive(Debug, Default)]
struct Turn(AtomicBool);

impl Turn {
    /// True for the first who asks.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// `?timeout` as Go prints a duration; API servers round it up to whole seconds.
fn timeout(query: &str) -> Option<Duration> {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s')?, 1.0),
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

/// A fault in judging one request must not end the others.
fn guarded(metrics: &Metrics, work: impl FnOnce() -> Response) -> Response {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| internal_fault(metrics))
}

fn internal_fault(metrics: &Metrics) -> Response {
    metrics.panics.inc();
    tracing::error!("a review ended in a panic; please report it with the lines above");
    (StatusCode::INTERNAL_SERVER_ERROR, "internal fault\n").into_response()
}

fn answer(shared: &Shared, body: &[u8], turn: &Turn) -> Response {
    let began = Instant::now();
    match review::parse(body) {
        Ok(Review { version, request }) => {
            let verdict = shared.judge.judge(&request);
            if !turn.take() {
                // The deadline has answered; nobody reads this.
                return StatusCode::REQUEST_TIMEOUT.into_response();
            }
            record::verdict(&shared.metrics, &request, &verdict, began.elapsed());
            json(&Reply::to(version, &request, &verdict))
        }
        Err(_) if !turn.take() => StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(error) => unreadable(shared, error, began),
    }
}

fn late_answer(shared: &Shared, body: &[u8]) -> Response {
    let began = Instant::now();
    match review::parse(body) {
        Ok(review) => too_late(shared, &review, began),
        Err(error) => unreadable(shared, error, began),
    }
}

fn unreadable(shared: &Shared, error: ReviewError, began: Instant) -> Response {
    match error {
        ReviewError::Request { version, uid, cause } => {
            let mode = shared.judge.mode_of_unreadable();
            shared.metrics.request(Operation::Other, Decision::Unreadable, false, began.elapsed());
            tracing::warn!(uid, cause, "a review could not be read");
            json(&Reply::to_unreadable(version, &uid, mode, &cause))
        }
        ReviewError::Unanswerable(_) => {
            shared.metrics.rejected(Rejection::NoReview);
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
    }
}

/// Without time for a verdict the policy of the configuration decides, as if the call had failed.
fn too_late(shared: &Shared, review: &Review<'_>, began: Instant) -> Response {
    let Review { version, request } = review;
    let dry_run = request.dry_run == Some(true);
    shared.metrics.request(record::operation(request), Decision::TooLate, dry_run, began.elapsed());
    tracing::warn!(uid = &*request.uid, "a review came too late to be judged");
    match shared.policy {
        FailurePolicy::Ignore => json(&Reply::too_late(*version, &request.uid)),
        FailurePolicy::Fail => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the review came too late\n").into_response()
        }
    }
}

fn json(reply: &Reply<'_>) -> Response {
    let body = serde_json::to_vec(reply).expect("a reply holds text and numbers only");
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_api_servers_write_them() {
        assert_eq!(timeout("timeout=3s"), Some(Duration::from_secs(3)));
        assert_eq!(timeout("a=b&timeout=2.5s"), Some(Duration::from_millis(2500)));
        assert_eq!(timeout("timeout=150ms"), Some(Duration::from_millis(150)));
        for odd in ["", "timeout=", "timeout=s", "timeout=-1s", "timeout=NaNs", "timeout=1e99s", "timeout=3"]
        {
            assert_eq!(timeout(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_panic_becomes_an_error_of_one_request() {
        let metrics = Metrics::new(&[]);
        let response = guarded(&metrics, || panic!("on purpose"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(metrics.panics.get(), 1);
    }
}
