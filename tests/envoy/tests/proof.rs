//! Envoy splits traffic as `mesh_traffic::envoy` says: the worked examples, and scenarios by chance.
//!
//! `MESH_ENVOY_SCENARIOS` says how many scenarios (16 unless set), `MESH_ENVOY_REQUESTS` how many requests each
//! (20,000). The recorded run is `MESH_ENVOY_SCENARIOS=120 cargo test -p mesh-envoy -- --nocapture`.
#![expect(clippy::disallowed_methods, reason = "a test: files and environment are its work")]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mesh_envoy::report;
use mesh_envoy::scenario::Scenario;
use mesh_envoy::verdict::{Outcome, prove};
use mesh_envoy::{examples, generate};

/// One per worked example, and some by chance.
const SCENARIOS: usize = 16;
const FIRST_EXAMPLES: usize = 12;
const REQUESTS: u64 = 20_000;

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    let Some(text) = std::env::var_os(variable) else { return default };
    let text = text.to_string_lossy().into_owned();
    text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number"))
}

/// The first `count`: of few, examples and some by chance; of many, all examples and the rest by chance.
fn scenarios(count: usize) -> Vec<Scenario> {
    let mut scenarios = examples::all();
    if count < scenarios.len() {
        scenarios.truncate(FIRST_EXAMPLES);
    }
    let more = count.saturating_sub(scenarios.len()) as u64;
    scenarios.extend((1..=more).map(generate::scenario));
    scenarios.truncate(count);
    scenarios
}

/// Proves scenarios on as many Envoys at once as there are processors.
fn prove_all(scenarios: &[Scenario], requests: u64) -> Vec<Outcome> {
    let envoy = mesh_lab::build::envoy().expect("Envoy is in the lab's cache or can be fetched");
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = scenarios.get(at) else { return };
                    let outcome = prove(&envoy, scenario, requests)
                        .unwrap_or_else(|error| Outcome::failed(scenario, &error));
                    outcomes.lock().expect("no worker panicked").push((at, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("no worker panicked");
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the report is for people who ask with --nocapture")]
fn envoy_splits_as_predicted() {
    let scenarios = scenarios(number("MESH_ENVOY_SCENARIOS", SCENARIOS));
    let outcomes = prove_all(&scenarios, number("MESH_ENVOY_REQUESTS", REQUESTS));
    let full = report::table(&outcomes, |_| true);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("envoy-proof.txt");
    std::fs::write(&path, &full).unwrap();
    println!("{full}\nwritten to {}", path.display());
    assert!(
        outcomes.iter().all(Outcome::holds),
        "{}\nall comparisons are in {}",
        report::table(&outcomes, |outcome| !outcome.holds()),
        path.display()
    );
}
