//! The body of a call: how large, how slow, and how many bytes at once over all calls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::metrics::{Metrics, Rejection};

/// Largest body, bytes: an API server takes 3 MiB, and a review holds the object twice and an envelope.
pub(crate) const LIMIT: usize = 7 << 20;

/// Time for the body after the header.
const TIME: Duration = Duration::from_secs(5);

/// Bytes that one permit stands for; the semaphore counts in 32 bits.
const UNIT: usize = 1024;

/// Why a call gets no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is at fault.
    Rejected(Rejection),
    /// Too much is in flight.
    Shed,
}

/// A cap on bytes in flight.
#[derive(Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Takes room for a body until the permit is dropped; `None` when there is none now.
    fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(units).ok()
    }
}

/// A body and the room it takes. Goes with the work on it, which may outlast the call.
pub(crate) struct Taken {
    pub(crate) bytes: Bytes,
    counted: i64,
    _room: OwnedSemaphorePermit,
}

impl Taken {
    /// Gives the room back.
    pub(crate) fn release(self, metrics: &Metrics) {
        metrics.in_flight.dec_by(self.counted);
    }
}

/// Reads the body of a call whose header promises a review.
pub(crate) async fn take(
    budget: &Budget,
    metrics: &Metrics,
    headers: &HeaderMap,
    body: Body,
) -> Result<Taken, Refusal> {
    let rejected = |reason| Err(Refusal::Rejected(reason));
    if !is_json(headers) {
        return rejected(Rejection::ContentType);
    }
    let announced = length(headers);
    if announced.is_some_and(|length| length > LIMIT) {
        return rejected(Rejection::TooLarge);
    }
    let room = budget.take(announced.unwrap_or(LIMIT)).ok_or(Refusal::Shed)?;
    match timeout(TIME, to_bytes(body, LIMIT)).await {
        Ok(Ok(bytes)) => {
            let counted = i64::try_from(bytes.len()).expect("a body is at most 7 MiB");
            metrics.in_flight.inc_by(counted);
            Ok(Taken { bytes, counted, _room: room })
        }
        Ok(Err(error)) if is_length_limit(&error) => rejected(Rejection::TooLarge),
        Ok(Err(_)) => rejected(Rejection::Aborted),
        Err(_) => rejected(Rejection::SlowBody),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if inner.is::<LengthLimitError>() {
            return true;
        }
        source = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(10 * UNIT);
        let first = budget.take(9 * UNIT).unwrap();
        assert!(budget.take(UNIT + 1).is_none());
        drop(first);
        assert!(budget.take(10 * UNIT).is_some());
    }
}
