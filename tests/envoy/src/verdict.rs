//! What becomes of a scenario: it holds, or what differs.

use std::path::Path;

use anyhow::Result;
use mesh_traffic::envoy::{self, HostState, LbConfig, Split};

use crate::compare::{Row, address, compare, socket};
use crate::measure::Bench;
use crate::scenario::Scenario;

/// A measure beyond the limit is taken again, once, with so many times the requests: among the thousands of
/// comparisons of a run a fair coin may lie beyond once, but not twice. Shares of 0 and 1 get no second chance.
const SECOND: u64 = 4;

/// What became of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Requests of the measure that counts.
    pub requests: u64,
    /// The first measure was beyond the limit, and this is the second.
    pub repeated: bool,
    /// Each comparison.
    pub rows: Vec<Row>,
    /// What differs that is no share, such as the number of ejected hosts.
    pub faults: Vec<String>,
}

impl Outcome {
    /// What becomes of a scenario that could not be measured.
    #[must_use]
    pub fn failed(scenario: &Scenario, error: &anyhow::Error) -> Self {
        let faults = vec![format!("not measured: {error:#}")];
        Self { name: scenario.name.clone(), requests: 0, repeated: false, rows: Vec::new(), faults }
    }

    /// Everything agrees.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && self.rows.iter().all(Row::holds)
    }

    /// The largest distance, in standard deviations.
    #[must_use]
    pub fn sigmas(&self) -> f64 {
        self.rows.iter().map(|row| row.sigmas.abs()).fold(0.0, f64::max)
    }
}

/// Measures a scenario and compares.
pub fn prove(envoy: &Path, scenario: &Scenario, requests: u64) -> Result<Outcome> {
    let bench = Bench::start(envoy, scenario)?;
    let (split, faults) = predict(&bench);
    let rows = compare(&bench.scenario, &split, &bench.measure(requests)?);
    let name = scenario.name.clone();
    let first = Outcome { name, requests, repeated: false, rows, faults };
    if first.rows.iter().all(Row::holds) || first.sigmas().is_infinite() {
        return Ok(first);
    }
    let requests = requests * SECOND;
    let rows = compare(&bench.scenario, &split, &bench.measure(requests)?);
    Ok(Outcome { requests, repeated: true, rows, ..first })
}

/// The split, and what is wrong with the ejections. Which of several equal hosts goes is chance, so the shares are
/// those of the set with the hosts that Envoy took out; their number, and the loads, are ours.
fn predict(bench: &Bench) -> (Split, Vec<String>) {
    let scenario = &bench.scenario;
    let config = LbConfig::from(&scenario.settings);
    let set = envoy::hosts(&scenario.assignment);
    let Some(outlier) = &scenario.settings.outlier.value else {
        return (envoy::split(&set, &config), Vec::new());
    };
    let dead = |at| scenario.dead.contains_key(address(scenario, &set, at));
    let settled = envoy::settle(&set, &config, outlier.ejection_percent(), dead);
    let mut found = set.clone();
    let mut faults = Vec::new();
    for (at, _) in set.iter() {
        if bench.ejected.contains(&socket(scenario, &set, at)) {
            if !dead(at) {
                faults.push(format!("{} is ejected and alive", address(scenario, &set, at)));
            }
            if let Some(host) = found.host_mut(at) {
                host.state = HostState::Ejected;
            }
        }
    }
    if bench.ejected.len() != settled.ejected.len() {
        faults.push(format!("{} ejected, predicted {}", bench.ejected.len(), settled.ejected.len()));
    }
    let split = envoy::split(&found, &config);
    let loads = |split: &Split| split.priorities.iter().map(|tier| tier.load).collect::<Vec<_>>();
    if loads(&split) != loads(&settled.split) {
        faults.push(format!("settles at {:?}, predicted {:?}", loads(&split), loads(&settled.split)));
    }
    (split, faults)
}
