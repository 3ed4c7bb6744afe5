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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::sleep;

    use super::*;

    struct Client {
        stream: DuplexStream,
        stage: watch::Sender<Stage>,
        server: JoinHandle<()>,
        opened: Instant,
    }

    fn connect() -> Client {
        let (stream, other) = duplex(1 << 16);
        let (stage, observer) = watch::channel(Stage::Serving);
        let router = Router::new().route("/", get(|| async { "hello" }));
        let server = tokio::spawn(serve(other, router, Timers::default(), observer));
        Client { stream, stage, server, opened: Instant::now() }
    }

    impl Client {
        async fn ask(&mut self) -> String {
            self.stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"hello") {
                assert_ne!(self.stream.read_buf(&mut answer).await.unwrap(), 0, "the connection ended");
            }
            String::from_utf8(answer).unwrap()
        }

        /// Seconds from the opening to the server's end of the connection.
        async fn end(self) -> u64 {
            self.server.await.unwrap();
            self.opened.elapsed().as_secs()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_cleared_in_ten_seconds() {
        assert_eq!(connect().end().await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_outlives_the_pool_of_an_api_server() {
        let mut client = connect();
        client.ask().await;
        sleep(Duration::from_secs(100)).await;
        client.ask().await;
        let end = client.end().await;
        assert!((220..=222).contains(&end), "{end}");
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_header_after_a_request_gets_no_idle_time() {
        let mut client = connect();
        client.ask().await;
        sleep(Duration::from_secs(50)).await;
        client.stream.write_all(b"POST /validate HT").await.unwrap();
        let end = client.end().await;
        assert!((60..=62).contains(&end), "{end}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_connection_ends_with_a_response_and_not_before() {
        let mut client = connect();
        let end = loop {
            let answer = client.ask().await;
            if answer.contains("connection: close") {
                break client.opened.elapsed().as_secs();
            }
            sleep(Duration::from_secs(5)).await;
        };
        assert!((240..=366).contains(&end), "{end}");
        client.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_lame_duck_answers_and_closes() {
        let mut client = connect();
        assert!(!client.ask().await.contains("connection: close"));
        client.stage.send_replace(Stage::LameDuck);
        sleep(Duration::from_secs(1)).await;
        assert!(client.ask().await.contains("connection: close"));
        assert_eq!(client.end().await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_end_when_the_server_closes() {
        let mut client = connect();
        client.ask().await;
        client.stage.send_replace(Stage::Closing);
        assert_eq!(client.end().await, 0);
    }
}
