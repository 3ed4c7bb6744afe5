//! A caller: HTTP/1.1 over one connection that stays open, one request at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, bail, ensure};

use crate::backend::OWN_HEADER;
use crate::config::{FLAGS_HEADER, HASH_HEADER, HOST_HEADER};

/// Who answered a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picked {
    /// The host that Envoy picked, as `address:port`, whether it answered or refused.
    Host(String),
    /// Envoy had no candidate.
    Nobody,
}

/// A connection to Envoy's listener.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    sent: u64,
    seed: u64,
}

impl Client {
    /// Connects. `seed` keeps the hash keys of several clients apart.
    pub fn connect(listener: SocketAddr, seed: u64) -> Result<Self> {
        let stream = TcpStream::connect(listener).context("cannot connect to Envoy")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), sent: 0, seed })
    }

    /// Sends one request and waits for its answer.
    pub fn call(&mut self) -> Result<Picked> {
        self.sent += 1;
        let key = format!("{}-{}", self.seed, self.sent);
        let request = format!("GET / HTTP/1.1\r\nhost: echo\r\n{HASH_HEADER}: {key}\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).context("cannot write to Envoy")?;
        self.answer().context("Envoy's answer to a request")
    }

    fn answer(&mut self) -> Result<Picked> {
        let (mut host, mut own, mut flags, mut length) = (None, None, None, 0);
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "the connection ended");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            let Some((name, value)) = text.split_once(": ") else { continue };
            match name {
                HOST_HEADER => host = Some(value.to_owned()),
                FLAGS_HEADER => flags = Some(value.to_owned()),
                OWN_HEADER => own = Some(value.to_owned()),
                "content-length" => length = value.parse().context("content-length")?,
                _ => {}
            }
        }
        std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink())?;
        match (host, own) {
            (Some(host), Some(own)) if host != own => bail!("Envoy says {host}, and {own} answered"),
            (Some(host), _) => Ok(Picked::Host(host)),
            (None, None) if flags.as_deref() == Some("UH") => Ok(Picked::Nobody),
            (None, _) => bail!("it names no host; flags {flags:?}"),
        }
    }
}
