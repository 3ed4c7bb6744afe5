//! One GET: deadline, tries, and what a failure means.
//!
//! Three tries on 429, 503, 504 and broken connections, `Retry-After` honoured, all within the deadline of the
//! request. Only GETs are sent, so that a second try is always safe. No second try after a connect timeout (the
//! kernel has sent several packets by then) nor after a TLS error (it would come again).

use std::error::Error as StdError;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::{AuthError, Body};
use mesh_model::Gap;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{Connection, credentials_cause, timeout, unreachable};

const TRIES: u32 = 3;

/// Pause before the second try; doubles. With both pauses a server that answers 503 costs 0.3 s.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest `Retry-After` that is believed: any number of seconds can be sent, and time that overflows panics.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Longest body that is held in memory, in bytes; a page of 500 large Pods has some 25 MiB.
const LONGEST_BODY: usize = 256 << 20;

/// The usual `Accept`.
pub(crate) const JSON: &str = "application/json";

/// Why a request gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: refused, no such name, broken off before an answer.
    Connection(String),
    /// TLS or credentials: no second try helps.
    Rejected(String),
    /// No answer in time.
    Timeout(Duration),
    /// Not 200.
    Status { code: StatusCode, message: String, retry_after: Option<Duration> },
    /// The body ended early.
    Cut,
    /// More than is taken, or without an end.
    TooMuch(&'static str),
    /// The body is complete, but not what was asked for.
    NoList(String),
}

impl Failure {
    pub(crate) fn is(&self, wanted: StatusCode) -> bool {
        matches!(self, Self::Status { code, .. } if *code == wanted)
    }

    /// True when it says nothing about what was asked for, only about the cluster.
    pub(crate) fn is_of_cluster(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Rejected(_) | Self::Timeout(_))
            || self.is(StatusCode::UNAUTHORIZED)
    }

    fn deserves_another_try(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Cut => true,
            Self::Status { code, .. } => matches!(code.as_u16(), 429 | 503 | 504),
            Self::Rejected(_) | Self::Timeout(_) | Self::TooMuch(_) | Self::NoList(_) => false,
        }
    }

    fn pause(&self, tries: u32) -> Duration {
        match self {
            Self::Status { retry_after: Some(asked), .. } => asked.mul_f64(1.0 + 0.1 * fastrand::f64()),
            _ => FIRST_PAUSE.mul_f64(f64::from(1 << (tries - 1)) * (0.5 + 0.5 * fastrand::f64())),
        }
    }
}

impl From<Failure> for Gap {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connection(cause) | Failure::Rejected(cause) => unreachable(cause),
            Failure::Timeout(after) => timeout(after),
            Failure::Status { code: StatusCode::FORBIDDEN, message, .. } => Self::Forbidden { message },
            Failure::Status { code: StatusCode::UNAUTHORIZED, .. } => unreachable(
                "401 Unauthorized: the server does not take the credentials of the context; log in again"
                    .to_owned(),
            ),
            Failure::Status { code, message, .. } => {
                let colon = if message.is_empty() { "" } else { ": " };
                unreachable(format!("{code}{colon}{message}"))
            }
            Failure::NoList(cause) => unreachable(format!("the answer is no list: {cause}")),
            Failure::TooMuch(cause) => Self::Truncated { cause: cause.to_owned() },
            Failure::Cut => Self::Truncated { cause: "the answer ended early".to_owned() },
        }
    }
}

/// When everything ends, however far it got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) at: Instant,
    /// The deadline as it was given.
    pub(crate) after: Duration,
}

impl End {
    pub(crate) fn in_time(after: Duration) -> Self {
        Self { at: later(Instant::now(), after), after }
    }
}

/// `after` later. What the clock cannot count to lies a year ahead: no run gets there.
fn later(now: Instant, after: Duration) -> Instant {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    now.checked_add(after).unwrap_or_else(|| now + YEAR)
}

/// Sends the requests of one cluster.
pub(crate) struct Requests {
    connection: Connection,
    /// Of one request, all its tries included.
    timeout: Duration,
    /// Nothing is sent after this.
    end: Option<End>,
    /// How many answers the cluster has begun.
    answers: AtomicUsize,
    /// Why the cluster was given up.
    dead: Mutex<Option<Failure>>,
}

impl Requests {
    pub(crate) const fn new(connection: Connection, timeout: Duration, end: Option<End>) -> Self {
        Self { connection, timeout, end, answers: AtomicUsize::new(0), dead: Mutex::new(None) }
    }

    /// The body of a GET of `path` (with its query), if the answer is 200.
    pub(crate) async fn get(&self, path: &str, accept: &str) -> Result<Vec<u8>, Failure> {
        let answers = self.answers.load(Ordering::Relaxed);
        let outcome = self.patiently(async || self.once(path, accept).await).await;
        if let Err(failure) = &outcome
            && failure.is_of_cluster()
            && self.answers.load(Ordering::Relaxed) == answers
        {
            self.dead().get_or_insert_with(|| failure.clone());
        }
        outcome
    }

    /// When a request that begins now ends.
    ///
    /// # Errors
    /// If the run has ended.
    pub(crate) fn end(&self) -> Result<End, Failure> {
        let now = Instant::now();
        let own = End { at: later(now, self.timeout), after: self.timeout };
        let end = self.end.filter(|end| end.at < own.at).unwrap_or(own);
        if end.at <= now { Err(Failure::Timeout(end.after)) } else { Ok(end) }
    }

    /// Does something once, or more often where another try may help, until its deadline; never in a cluster that
    /// was given up.
    pub(crate) async fn patiently<T>(
        &self,
        once: impl AsyncFn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(failure) = self.dead().clone() {
            return Err(failure);
        }
        let end = self.end()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = timeout_at(end.at, once()).await;
            match outcome.unwrap_or(Err(Failure::Timeout(end.after))) {
                Ok(done) => return Ok(done),
                Err(failure) => {
                    let pause = failure.pause(tries);
                    if tries == TRIES
                        || !failure.deserves_another_try()
                        || later(Instant::now(), pause) >= end.at
                    {
                        return Err(failure);
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    /// For what is more than a GET.
    pub(crate) fn client(&self) -> kube::Client {
        self.connection.client.clone()
    }

    /// Takes back that the cluster was given up: a request that ran beside the failed one was answered.
    pub(crate) fn revive(&self) {
        *self.dead() = None;
    }

    fn dead(&self) -> std::sync::MutexGuard<'_, Option<Failure>> {
        self.dead.lock().expect("no holder of this lock panics")
    }

    async fn once(&self, path: &str, accept: &str) -> Result<Vec<u8>, Failure> {
        let request = Request::get(path).header(header::ACCEPT, accept).body(Body::empty());
        let request = request.expect("paths are made of names of the kind table and escaped words");
        let response = self.connection.client.send(request).await.map_err(|error| self.failure(&error))?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = collect(response.into_body(), LONGEST_BODY).await;
        if status != StatusCode::OK {
            let message = body.ok().map(|body| status_message(&body)).unwrap_or_default();
            return Err(Failure::Status { code: status, message, retry_after });
        }
        body
    }

    pub(crate) fn failure(&self, error: &kube::Error) -> Failure {
        let server = &self.connection.server;
        for cause in chain(error) {
            if let Some(error) = cause.downcast_ref::<AuthError>() {
                return Failure::Rejected(credentials_cause(error));
            }
            if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                return Failure::Rejected(format!("{server}: TLS: {error}"));
            }
            if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
            {
                return Failure::Timeout(crate::client::CONNECT_TIMEOUT.min(self.timeout));
            }
        }
        let last = chain(error).last().map(ToString::to_string).unwrap_or_default();
        let text = last.split(" (os error").next().unwrap_or(&last);
        Failure::Connection(format!("{server}: {text}"))
    }
}

/// The error and its sources; an `io::Error` hides the error it wraps from `source`.
fn chain(error: &kube::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

/// The whole body, unless it is longer than `limit`. Each piece is freed as soon as it is copied, which a collection of pieces would not do.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.map_err(|_| Failure::Cut)?.data_ref() {
            if bytes.len() + data.len() > limit {
                return Err(Failure::TooMuch("the answer is larger than 256 MiB"));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// `message` of a `Status`; empty for anything else, for example a proxy's page.
fn status_message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        message: String,
    }
    const LONGEST: usize = 500;
    let message = serde_json::from_slice(body).map(|status: Status| status.message).unwrap_or_default();
    message.chars().take(LONGEST).collect()
}
