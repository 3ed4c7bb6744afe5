//! The whole server on real sockets: TLS, keep-alive, probes, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use mesh_webhook::server::{Server, Setup};
use mesh_webhook::tls::{Certificates, Files};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use rustls_pki_types::ServerName;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::common::{create, failover_alone, shared};

const NAME: &str = "mesh-webhook.mesh-webhook.svc";

struct Running {
    reviews: SocketAddr,
    admin: SocketAddr,
    roots: RootCertStore,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    _files: TempDir,
}

async fn start(lame_duck: Duration) -> Running {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    let directory = TempDir::new().unwrap();
    let files = Files { certificate: directory.path().join("crt"), key: directory.path().join("key") };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let server = Server::bind(Setup {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        lame_duck,
        certificates: Arc::new(Certificates::load(files).unwrap()),
        shared: shared(&[]),
    })
    .await
    .unwrap();
    let (reviews, admin) = server.addresses().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { reviews, admin, roots, stop: Some(stop), task, _files: directory }
}

impl Running {
    async fn connect(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let stream = TcpStream::connect(self.reviews).await.unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(NAME).unwrap(), stream)
            .await
            .unwrap()
    }

    async fn probe(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin).await.unwrap();
        let (status, _, body) =
            exchange(&mut stream, &format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        (status, body)
    }
}

/// Sends bytes and reads one response with a length: status, head, body.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, text: &str) -> (u16, String, String) {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let mut part = [0; 4096];
    loop {
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return (status, head.to_owned(), body.to_owned());
            }
        }
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "the connection ended early: {answer}");
        answer.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
}

fn call() -> String {
    let body = create(&failover_alone()).to_string();
    format!(
        "POST /validate?timeout=3s HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn is_refused(stream: &mut TlsStream<TcpStream>) -> String {
    let (status, head, body) = exchange(stream, &call()).await;
    assert_eq!(status, StatusCode::OK.as_u16());
    let reply: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(reply["response"]["status"]["code"], 403);
    head
}

#[tokio::test]
async fn reviews_share_a_connection_over_either_version_of_tls() {
    let server = start(Duration::ZERO).await;
    for versions in [&[&version::TLS12], &[&version::TLS13]] {
        let mut stream = server.connect(versions).await;
        for _ in 0..3 {
            assert!(!is_refused(&mut stream).await.contains("connection: close"));
        }
    }
}

#[tokio::test]
async fn probes_and_metrics_are_on_the_admin_port_alone() {
    let server = start(Duration::ZERO).await;
    is_refused(&mut server.connect(&[&version::TLS13]).await).await;
    assert_eq!(server.probe("/livez").await.0, 200);
    assert_eq!(server.probe("/readyz").await, (200, "ok\n".to_owned()));
    let (status, metrics) = server.probe("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"mesh_webhook_requests_total{operation="Create",decision="Denied",dry_run="0"} 1"#,
        r#"mesh_webhook_findings_total{rule="MESH201",effect="Denied"} 1"#,
        r#"mesh_webhook_tls_handshakes_total{result="Ok"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    assert_eq!(server.probe("/validate").await.0, 404);
}

#[tokio::test]
async fn shutdown_answers_everything_first() {
    let mut server = start(Duration::from_secs(1)).await;
    let mut old = server.connect(&[&version::TLS13]).await;
    let mut idle = server.connect(&[&version::TLS13]).await;
    assert!(!is_refused(&mut old).await.contains("connection: close"));
    is_refused(&mut idle).await;
    server.stop.take().unwrap().send(()).unwrap();
    while server.probe("/readyz").await.0 == 200 {
        tokio::task::yield_now().await;
    }
    assert!(is_refused(&mut old).await.contains("connection: close"));
    let mut new = server.connect(&[&version::TLS13]).await;
    assert!(is_refused(&mut new).await.contains("connection: close"));
    server.task.await.unwrap();
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap_or(0), 0, "an idle connection is closed at the end");
    assert!(TcpStream::connect(server.reviews).await.is_err());
}

#[tokio::test]
async fn what_speaks_no_tls_disturbs_nobody() {
    let server = start(Duration::ZERO).await;
    let mut plain = TcpStream::connect(server.reviews).await.unwrap();
    plain.write_all(b"GET /validate HTTP/1.1\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP"));
    is_refused(&mut server.connect(&[&version::TLS13]).await).await;
    assert!(server.probe("/metrics").await.1.contains(r#"tls_handshakes_total{result="Failed"} 1"#));
}
