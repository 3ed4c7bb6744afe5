//! One connection: HTTP/1.1 with timers of our own.
//!
//! hyper's header timer also runs on an idle connection, and an API server keeps idle ones for 90 s: closing
//! them sooner races every review. So idle time and header time are told apart by watching what is read.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower::Service as _;

/// What the server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Ready.
    Serving,
    /// Not ready; answers each request and ends its connection.
    LameDuck,
    /// Idle connections end now.
    Closing,
}

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    /// From open, or from the first byte of a later request, to the end of its header.
    pub(crate) header: Duration,
    /// Between requests.
    pub(crate) idle: Duration,
    /// After this age, 20 percent more or less, the next response ends the connection: so that load moves to
    /// new replicas.
    pub(crate) age: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { header: Duration::from_secs(10), idle: Duration::from_mins(2), age: Duration::from_mins(5) }
    }
}

/// An idle connection whose limits changed is looked at this often.
const LOOK: Duration = Duration::from_secs(2);

/// Serves requests until the client, a timer or the server ends the connection.
pub(crate) async fn serve<S>(stream: S, router: Router, timers: Timers, mut stage: watch::Receiver<Stage>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let activity = Arc::new(Activity::new());
    let retire = Instant::now() + timers.age.mul_f64(0.8 + 0.4 * chance());
    let ending = stage.clone();
    let service = service_fn(|request: Request<Incoming>| {
        activity.enter(Phase::Busy);
        let answer = router.clone().call(request.map(Body::new));
        let (activity, ending) = (Arc::clone(&activity), ending.clone());
        async move {
            let mut response = answer.await?;
            if *ending.borrow() != Stage::Serving || Instant::now() >= retire {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            activity.enter(Phase::Idle);
            Ok::<_, Infallible>(response)
        }
    });
    let watched = Watched { inner: stream, activity: Arc::clone(&activity) };
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(watched), service));
    loop {
        let closing = *stage.borrow() == Stage::Closing;
        let now = Instant::now();
        if activity.is_over(now, timers, closing) {
            return;
        }
        let look = activity.limit(timers).map_or(now + LOOK, |limit| limit.min(now + LOOK));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = sleep_until(look) => {}
            changed = stage.changed(), if !closing => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// A number from 0 to 1, so that connections opened together do not end together.
fn chance() -> f64 {
    let bits = u32::try_from(RandomState::new().build_hasher().finish() >> 32).expect("32 bits are left");
    f64::from(bits) / f64::from(u32::MAX)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next request has begun, or the first is awaited.
    Header,
    /// A request is answered; its own timers run.
    Busy,
    /// Between requests.
    Idle,
}

/// What happens on a connection, and since when.
struct Activity(Mutex<(Phase, Instant)>);

impl Activity {
    fn new() -> Self {
        Self(Mutex::new((Phase::Header, Instant::now())))
    }

    fn get(&self) -> (Phase, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    fn bytes_came(&self) {
        if self.get().0 == Phase::Idle {
            self.enter(Phase::Header);
        }
    }

    fn limit(&self, timers: Timers) -> Option<Instant> {
        let (phase, since) = self.get();
        match phase {
            Phase::Header => Some(since + timers.header),
            Phase::Busy => None,
            Phase::Idle => Some(since + timers.idle),
        }
    }

    fn is_over(&self, now: Instant, timers: Timers, closing: bool) -> bool {
        (closing && self.get().0 != Phase::Busy) || self.limit(timers).is_some_and(|limit| now >= limit)
    }
}

/// A stream that notes when bytes come.
struct Watched<S> {
    inner: S,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_came();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
