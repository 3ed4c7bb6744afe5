//! Sends requests through Envoy and counts who was picked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::backend::Backends;
use crate::client::{Client, Picked};
use crate::proxy::Proxy;
use crate::scenario::Scenario;

/// Requests of one round before the ejections are looked at again. The rarest dead host of a scenario gets some
/// per mille of them, and five errors in a row eject it.
const ROUND: u64 = 3000;
/// Envoy gathers changes of health for one second before it balances by them.
const MERGE_WINDOW: Duration = Duration::from_millis(1200);

/// Who was picked, how often.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Picks by `address:port`.
    pub hosts: BTreeMap<String, u64>,
    /// Requests for which there was no candidate.
    pub nobody: u64,
    /// Requests in all.
    pub all: u64,
}

/// An Envoy on a scenario, once it ejects nothing more.
#[derive(Debug)]
pub struct Bench {
    /// The scenario, with the ports of its backends.
    pub scenario: Scenario,
    /// Hosts that outlier detection took out, as `address:port`.
    pub ejected: BTreeSet<String>,
    proxy: Proxy,
    _backends: Backends,
}

impl Bench {
    /// Starts backends and Envoy, and lets it find its dead hosts.
    pub fn start(envoy: &Path, scenario: &Scenario) -> Result<Self> {
        let mut scenario = scenario.clone();
        let backends = Backends::start(&mut scenario)?;
        let proxy = Proxy::start(envoy, &scenario)?;
        let mut bench = Self { scenario, ejected: BTreeSet::new(), proxy, _backends: backends };
        if bench.scenario.settings.outlier.value.is_some() {
            bench.settle()?;
        }
        Ok(bench)
    }

    /// Counts the picks of `requests` requests.
    pub fn measure(&self, requests: u64) -> Result<Counts> {
        let callers = u64::from(self.scenario.in_flight);
        let listener = self.proxy.listener;
        thread::scope(|scope| {
            let each = requests.div_ceil(callers);
            let running: Vec<_> =
                (0..callers).map(|caller| scope.spawn(move || calls(listener, caller, each))).collect();
            let mut counts = Counts::default();
            for caller in running {
                counts.add(&caller.join().ok().context("a caller panicked")??);
            }
            Ok(counts)
        })
    }

    /// Sends rounds of requests until one ejects nobody.
    fn settle(&mut self) -> Result<()> {
        loop {
            self.measure(ROUND)?;
            thread::sleep(MERGE_WINDOW);
            let ejected = self.proxy.ejected()?;
            if ejected == self.ejected {
                return Ok(());
            }
            self.ejected = ejected;
        }
    }
}

fn calls(listener: SocketAddr, caller: u64, requests: u64) -> Result<Counts> {
    let mut client = Client::connect(listener, caller)?;
    let mut counts = Counts::default();
    for _ in 0..requests {
        counts.all += 1;
        match client.call()? {
            Picked::Nobody => counts.nobody += 1,
            Picked::Host(host) => *counts.hosts.entry(host).or_default() += 1,
        }
    }
    Ok(counts)
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.nobody += other.nobody;
        for (host, count) in &other.hosts {
            *self.hosts.entry(host.clone()).or_default() += count;
        }
    }
}
