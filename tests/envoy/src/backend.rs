//! Backends: small HTTP servers that answer with their own address.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::scenario::{Failure, Scenario};

/// Header in which a backend names itself.
pub const OWN_HEADER: &str = "x-own";
/// A port of the loopback device on which nobody listens.
const CLOSED: u16 = 1;
/// What a request takes where several are under way: long enough that the backends, and not the processor, decide
/// how many that are.
const WORK: Duration = Duration::from_millis(20);

/// The running backends of a scenario. They end with this value.
#[derive(Debug)]
pub struct Backends {
    /// Where each listens.
    sockets: Vec<SocketAddr>,
    ended: Arc<AtomicBool>,
}

impl Backends {
    /// Starts a backend for each address that does not refuse, and puts the ports into the assignment.
    pub fn start(scenario: &mut Scenario) -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut sockets = Vec::new();
        let mut ports = BTreeMap::new();
        let work = if scenario.in_flight > 1 { WORK } else { Duration::ZERO };
        for address in scenario.addresses() {
            let failure = scenario.dead.get(&address).copied();
            if failure == Some(Failure::Refuses) {
                ports.insert(address, CLOSED);
                continue;
            }
            let listener =
                TcpListener::bind((&*address, 0)).with_context(|| format!("cannot listen on {address}"))?;
            let socket = listener.local_addr()?;
            let status = if failure.is_some() { "503 Service Unavailable" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\n{OWN_HEADER}: {socket}\r\ncontent-length: 0\r\n\r\n");
            let ended = Arc::clone(&ended);
            thread::spawn(move || listen(&listener, &answer.into(), work, &ended));
            ports.insert(address, socket.port());
            sockets.push(socket);
        }
        for sent in scenario.assignment.groups.iter_mut().flat_map(|group| &mut group.endpoints) {
            sent.port = ports.get(&sent.address).copied().unwrap_or(CLOSED);
        }
        Ok(Self { sockets, ended })
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for socket in &self.sockets {
            // Wakes the listener, which then sees that it is to end.
            drop(TcpStream::connect(socket));
        }
    }
}

fn listen(listener: &TcpListener, answer: &Arc<str>, work: Duration, ended: &AtomicBool) {
    while let Ok((stream, _)) = listener.accept() {
        if ended.load(Ordering::Relaxed) {
            return;
        }
        let answer = Arc::clone(answer);
        thread::spawn(move || serve(stream, &answer, work));
    }
}

/// Answers requests without a body until the connection ends.
fn serve(mut stream: TcpStream, answer: &str, work: Duration) {
    let mut buffer = [0; 4096];
    let mut filled = 0;
    if stream.set_nodelay(true).is_err() {
        return;
    }
    while let Ok(count) = stream.read(&mut buffer[filled..]) {
        filled += count;
        if count == 0 || filled == buffer.len() {
            return;
        }
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            if !work.is_zero() {
                thread::sleep(work);
            }
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
