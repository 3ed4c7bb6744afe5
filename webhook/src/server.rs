//! The accept loops and the end of the process.
//!
//! On shutdown the server plays lame duck: it is not ready, but goes on accepting and ends each connection with
//! the response that was asked of it. A server that stops at once loses the calls that its endpoint still gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::admin::{self, Pages};
use crate::connection::{self, Stage, Timers};
use crate::metrics::Success;
use crate::router::{self, Shared};
use crate::tls::Certificates;

/// Time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Time for requests in flight after the last connection was accepted.
const DRAIN: Duration = Duration::from_secs(3);

/// Pause after a failed accept: mostly there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// What a server needs.
#[derive(Debug)]
pub struct Setup {
    /// Address for API servers.
    pub listen: SocketAddr,
    /// Address for probes and metrics.
    pub admin_listen: SocketAddr,
    /// How long the lame duck is played.
    pub lame_duck: Duration,
    /// What is served by TLS.
    pub certificates: Arc<Certificates>,
    /// What answers.
    pub shared: Arc<Shared>,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    listener: TcpListener,
    admin: TcpListener,
}

impl Server {
    /// Takes the addresses.
    pub async fn bind(setup: Setup) -> Result<Self, ListenError> {
        let listener = bind(setup.listen).await?;
        let admin = bind(setup.admin_listen).await?;
        Ok(Self { setup, listener, admin })
    }

    /// Addresses for API servers and for probes, with the ports that were free where 0 was asked for.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.listener.local_addr()?, self.admin.local_addr()?))
    }

    /// Answers until `shutdown` is over, then plays lame duck, drains and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Setup { lame_duck, certificates, shared, .. } = self.setup;
        shared.metrics.serves_until(certificates.not_after());
        let (stage, observer) = watch::channel(Stage::Serving);
        let pages = Pages {
            shared: Arc::clone(&shared),
            certificates: Arc::clone(&certificates),
            stage: observer.clone(),
        };
        let acceptor = TlsAcceptor::from(Arc::new(certificates.server_config()));
        let watching = tokio::spawn(certificates.watch(Arc::clone(&shared.metrics)));
        // The admin port stays until the process ends: probes must see that it is not ready.
        let (admin_stage, admin_observer) = watch::channel(Stage::Serving);
        let admin = tokio::spawn(accept_plain(self.admin, admin::router(pages), admin_observer));
        let reviews = tokio::spawn(accept_tls(self.listener, acceptor, shared, observer));

        shutdown.await;
        tracing::info!("shutting down: not ready, still answering");
        stage.send_replace(Stage::LameDuck);
        sleep(lame_duck).await;
        reviews.abort();
        // The task holds the listener and a receiver: both are gone once it has ended.
        let _ = reviews.await;
        stage.send_replace(Stage::Closing);
        admin.abort();
        let _ = admin.await;
        drop(admin_stage);
        if timeout(DRAIN, stage.closed()).await.is_err() {
            tracing::warn!("requests were still in flight at the end");
        }
        watching.abort();
    }
}

/// Where IPv6 is off, the unspecified IPv6 address means the IPv4 one.
async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    match TcpListener::bind(address).await {
        Err(_) if address.is_ipv6() && address.ip().is_unspecified() => {
            let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
            TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
        }
        result => result.map_err(|source| ListenError { address, source }),
    }
}

async fn accept_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    shared: Arc<Shared>,
    stage: watch::Receiver<Stage>,
) {
    let router = router::router(Arc::clone(&shared));
    loop {
        let Some(stream) = accept(&listener).await else { continue };
        let (acceptor, router, shared, stage) =
            (acceptor.clone(), router.clone(), Arc::clone(&shared), stage.clone());
        let mut closing = stage.clone();
        tokio::spawn(async move {
            let shaken = tokio::select! {
                result = timeout(HANDSHAKE, acceptor.accept(stream)) => result,
                _ = closing.wait_for(|stage| *stage == Stage::Closing) => return,
            };
            drop(closing);
            let Ok(Ok(stream)) = shaken else {
                shared.metrics.handshake(Success::Failed);
                return;
            };
            shared.metrics.handshake(Success::Ok);
            shared.metrics.connections.inc();
            connection::serve(stream, router, Timers::default(), stage).await;
            shared.metrics.connections.dec();
        });
    }
}

async fn accept_plain(listener: TcpListener, router: Router, stage: watch::Receiver<Stage>) {
    loop {
        let Some(stream) = accept(&listener).await else { continue };
        tokio::spawn(connection::serve(stream, router.clone(), Timers::default(), stage.clone()));
    }
}

async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((stream, _)) => {
            // A reply is one small write; it must not wait for more.
            let _ = stream.set_nodelay(true);
            Some(stream)
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            sleep(PAUSE).await;
            None
        }
    }
}
