//! Ports: a server thread over HTTP or HTTPS, and an address that refuses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// A fake cluster behind a port, on a thread of its own. Dropping it closes the port.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    root: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(router: Router, tls: bool) -> Self {
        let identity = tls.then(Identity::new);
        let root = identity.as_ref().map(|identity| identity.root.clone());
        let (stop, stopped) = oneshot::channel();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
                tell.send(listener.local_addr().expect("a bound port has an address")).expect("start waits");
                let serving = async {
                    match identity {
                        None => axum::serve(listener, router).await,
                        Some(identity) => axum::serve(TlsListener::new(listener, identity.acceptor), router).await,
                    }
                };
                tokio::select! { served = serving => served.expect("serving does not end"), _ = stopped => {} }
            });
        });
        let address = address.recv().expect("the server thread tells its address");
        Self { address, root, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.root.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The root certificate in PEM; `None` over HTTP.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server thread was printed by it; the test sees its requests fail.
            let _ = thread.join();
        }
    }
}

/// An address of `127.0.0.1` that refuses connections for as long as this lives: the port is taken, but nobody
/// listens.
#[derive(Debug)]
pub struct DeadAddress(TcpSocket);

impl Default for DeadAddress {
    fn default() -> Self {
        Self::new()
    }
}

impl DeadAddress {
    /// Takes a free port.
    ///
    /// # Panics
    /// If none is free.
    #[must_use]
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port is free");
        Self(socket)
    }

    /// `https://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// Never: a bound socket has an address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.0.local_addr().expect("a bound socket has an address"))
    }
}

struct Identity {
    root: String,
    acceptor: TlsAcceptor,
}

impl Identity {
    fn new() -> Self {
        let mut ca = CertificateParams::new([]).expect("no name is no bad name");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name = DistinguishedName::new();
        ca.distinguished_name.push(DnType::CommonName, "root of a test");
        let key = || KeyPair::generate().expect("a key can be made");
        let ca = CertifiedIssuer::self_signed(ca, key()).expect("a root can sign itself");
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let server_key = key();
        let server = CertificateParams::new(names)
            .and_then(|names| names.signed_by(&server_key, &ca))
            .expect("the root can sign");
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let private = PrivateKeyDer::try_from(server_key.serialize_der()).expect("rcgen writes PKCS 8");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], private)
            .expect("key and certificate fit");
        Self { root: ca.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

/// Hands on connections whose handshake is done; a client that is slow or fails holds up nobody.
struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn new(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let (tell, ready) = mpsc::channel(64);
        let address = listener.local_addr().expect("a bound port has an address");
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let (acceptor, tell) = (acceptor.clone(), tell.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        // Nobody takes it when the server is being stopped.
                        let _ = tell.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { ready, address }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
