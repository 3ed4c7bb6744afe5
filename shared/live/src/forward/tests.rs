//! Port-forwards to a small server that speaks the API server's side of the WebSocket, or fails in one way.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kube::{Client, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;
use crate::client::Connection;

const PORT: u16 = 15000;

/// What the server does with every connection.
#[derive(Clone)]
enum Does {
    /// Answers each GET with its path, and never ends the connection, as some kubelets do.
    Serve,
    /// Answers each GET by this text of HTTP, then closes.
    Say(String),
    /// Upgrades, and tells on the channel of errors why the port cannot be used.
    Refuse(&'static str),
    /// Upgrades and closes.
    Close,
    /// Upgrades for another port.
    OtherPort,
    /// Upgrades and stays silent.
    Hang,
    /// Accepts and stays silent.
    HangAtOnce,
    /// Does not upgrade but answers by this text of HTTP.
    Answer(String),
}

async fn serve(does: Does) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, does.clone()));
        }
    });
    address
}

async fn talk(mut stream: TcpStream, does: Does) {
    let request = head(&mut stream).await;
    match does {
        Does::HangAtOnce => std::future::pending().await,
        Does::Answer(text) => stream.write_all(text.as_bytes()).await.unwrap(),
        _ => {
            let key = request.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
            let accept = derive_accept_key(key.trim().as_bytes());
            let upgrade = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
            );
            stream.write_all(upgrade.as_bytes()).await.unwrap();
            let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
            forward(WebSocketStream::from_raw_socket(stream, role, None).await, does).await;
        }
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

async fn forward(mut socket: WebSocketStream<TcpStream>, does: Does) {
    let port = if matches!(does, Does::OtherPort) { PORT + 1 } else { PORT };
    for channel in [0, 1] {
        let [low, high] = port.to_le_bytes();
        socket.send(Message::binary(vec![channel, low, high])).await.unwrap();
    }
    match does {
        Does::Refuse(text) => socket.send(frame(1, text)).await.unwrap(),
        Does::Close => return socket.close(None).await.unwrap(),
        _ => {}
    }
    while let Some(Ok(message)) = socket.next().await {
        let data = message.into_data();
        let Some(path) = data.split(|byte| *byte == b' ').nth(1) else { continue };
        let path = String::from_utf8_lossy(path);
        match &does {
            Does::Serve => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", path.len());
                // Cut where no line ends, as the network may.
                let (first, second) = head.split_at(9);
                for part in [first, second, &*path] {
                    socket.send(frame(0, part)).await.unwrap();
                }
            }
            Does::Say(text) => {
                socket.send(frame(0, text)).await.unwrap();
                return socket.close(None).await.unwrap();
            }
            _ => {}
        }
    }
}

fn frame(channel: u8, text: &str) -> Message {
    Message::binary([&[channel], text.as_bytes()].concat())
}

fn requests(address: SocketAddr, timeout: Duration) -> Requests {
    let server = format!("http://{address}");
    let config = Config::new(server.parse().unwrap());
    Requests::new(Connection { client: Client::try_from(config).unwrap(), server }, timeout, None)
}

fn target() -> PodPort {
    PodPort { namespace: "shop".into(), pod: "echo-1".into(), port: PORT }
}

/// An answer of HTTP.
fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn ask(does: Does, timeout: Duration) -> Result<Vec<u8>, Gap> {
    let requests = requests(serve(does).await, timeout);
    Forward::open(&requests, target()).await?.get("/clusters?format=json").await
}

/// The gap of a server that fails; the deadline is never reached.
async fn gap(does: Does) -> Gap {
    ask(does, Duration::from_mins(2)).await.unwrap_err()
}

async fn cause(does: Does) -> String {
    match gap(does).await {
        Gap::Unreachable { cause } => cause,
        other => panic!("not unreachable: {other:?}"),
    }
}

#[tokio::test]
async fn one_forward_brings_one_page_after_the_other_and_several_run_at_a_time() {
    let requests = requests(serve(Does::Serve).await, Duration::from_mins(2));
    let read = async |number: u8| {
        let mut forward = Forward::open(&requests, target()).await.unwrap();
        for page in ["a", "b"] {
            let path = format!("/{number}/{page}");
            assert_eq!(forward.get(&path).await.unwrap(), path.as_bytes());
        }
    };
    futures_util::future::join_all((0..8).map(read)).await;
}

#[tokio::test]
async fn a_forbidden_forward_names_what_is_needed() {
    let status = r#"{"kind":"Status","code":403,"message":"User \"jane\" cannot get pods"}"#;
    let answer = http("403 Forbidden", status);
    let Gap::Forbidden { message } = gap(Does::Answer(answer)).await else { panic!("not forbidden") };
    assert_eq!(
        message,
        "port 15000 of pod \"shop/echo-1\" needs the verbs get and create on pods/portforward in namespace \"shop\": \
         User \"jane\" cannot get pods"
    );
}

#[tokio::test]
async fn a_pod_that_is_gone_and_a_server_without_websockets_are_told() {
    let status = r#"{"kind":"Status","code":404,"message":"pods \"echo-1\" not found"}"#;
    let gone = http("404 Not Found", status);
    assert_eq!(
        cause(Does::Answer(gone)).await,
        "port 15000 of pod \"shop/echo-1\": 404 Not Found: pods \"echo-1\" not found"
    );
    let told = cause(Does::Answer(http("200 OK", "hi"))).await;
    assert!(told.contains("no WebSocket: failed to switch protocol: 200 OK; a proxy on the way"), "{told}");
    let page = http("502 Bad Gateway", "<html>");
    assert_eq!(cause(Does::Answer(page)).await, "port 15000 of pod \"shop/echo-1\": 502 Bad Gateway");
}

#[tokio::test]
async fn a_port_that_refuses_is_told_in_the_kubelets_words() {
    let refusal = "error forwarding port 15000: connect: connection refused\n";
    assert_eq!(
        cause(Does::Refuse(refusal)).await,
        "port 15000 of pod \"shop/echo-1\": error forwarding port 15000: connect: connection refused"
    );
}

#[tokio::test]
async fn a_connection_that_ends_early_is_an_error_wherever_it_ends() {
    let texts = [
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"configs\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"con",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ];
    let said = texts.map(|text| Does::Say(text.to_owned()));
    for does in [Does::Close, Does::OtherPort].into_iter().chain(said) {
        let told = cause(does).await;
        assert!(told.starts_with("port 15000 of pod \"shop/echo-1\": GET /clusters: the "), "{told}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_told_with_its_first_line() {
    let answer = http("404 Not Found", "Proxy not connected.\nsecond line\n");
    assert_eq!(
        cause(Does::Say(answer)).await,
        "port 15000 of pod \"shop/echo-1\": GET /clusters: 404 Not Found: Proxy not connected."
    );
}

fn silent(seconds: &str) -> Gap {
    unreachable(format!("port 15000 of pod \"shop/echo-1\": no answer within {seconds} s"))
}

#[tokio::test]
async fn silence_ends_with_the_deadline_and_does_not_give_the_cluster_up() {
    for does in [Does::Hang, Does::HangAtOnce] {
        let gap = ask(does, Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(gap, silent("0.300"));
    }
    let requests = requests(serve(Does::HangAtOnce).await, Duration::from_millis(300));
    for _ in 0..2 {
        let gap = Forward::open(&requests, target()).await.err();
        assert_eq!(gap, Some(silent("0.300")));
    }
}

#[tokio::test]
async fn nothing_is_opened_after_the_run_has_ended() {
    let address = serve(Does::Serve).await;
    let server = format!("http://{address}");
    let client = Client::try_from(Config::new(server.parse().unwrap())).unwrap();
    let end = crate::request::End::in_time(Duration::ZERO);
    let requests = Requests::new(Connection { client, server }, Duration::from_mins(2), Some(end));
    assert_eq!(Forward::open(&requests, target()).await.err(), Some(silent("0.000")));
}
