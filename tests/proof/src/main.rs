//! `mesh-proof`: runs in the lab's network; `cargo xtask lab prove` starts it there.
#![expect(clippy::disallowed_methods, reason = "a tool for tests: files are its work")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use mesh_lab::{Lab, run::say};
use mesh_proof::compare::Compared;
use mesh_proof::run::{Outcome, Run};
use serde_json::json;

/// Asks real istiods of two versions about random meshes, and compares with what mesh-traffic computes
#[derive(Parser)]
struct Arguments {
    /// How many meshes
    #[arg(long, default_value_t = 60)]
    meshes: u64,
    /// Seed of the first mesh
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File for the counts, as JSON
    #[arg(long)]
    summary: Option<PathBuf>,
    /// How many differences of a mesh are printed
    #[arg(long, default_value_t = 4)]
    shown: usize,
    /// Directory for the trees of meshes with differences
    #[arg(long)]
    trees: Option<PathBuf>,
}

/// So many meshes in a row that could not be asked about end a run.
const GIVES_UP: u32 = 3;

/// The counts of a run.
#[derive(Default)]
struct Totals {
    compared: BTreeMap<&'static str, Compared>,
    differences: BTreeMap<&'static str, usize>,
    meshes: u64,
    failed: Vec<u64>,
    late: usize,
    told_again: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut run = Run::start(&Lab::open_default()?).await?;
    let mut totals = Totals::default();
    let mut failures = 0;
    for seed in arguments.seed..arguments.seed + arguments.meshes {
        match run.prove(seed).await {
            Ok(outcome) => {
                failures = 0;
                totals.take(seed, &outcome, arguments.shown);
                if let Some(directory) = arguments.trees.as_ref().filter(|_| !outcome.differences.is_empty())
                {
                    say(&format!("  tree: {}", run.save(seed, directory)?.display()));
                }
            }
            Err(error) => {
                say(&format!("seed {seed}: {error:#}"));
                totals.failed.push(seed);
                failures += 1;
            }
        }
        if failures == GIVES_UP {
            say("giving up: look at the logs of the lab, an istiod may have ended");
            break;
        }
    }
    let text = totals.summary(arguments.seed);
    say(&text);
    if let Some(path) = &arguments.summary {
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if totals.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Totals {
    /// Counts a mesh and prints what is not equal.
    fn take(&mut self, seed: u64, outcome: &Outcome, shown: usize) {
        for (version, compared) in &outcome.compared {
            self.compared.entry(version).or_default().add(*compared);
        }
        self.meshes += 1;
        self.late += outcome.late;
        self.told_again += outcome.told_again.len();
        let [applying, asking] = outcome.times.map(|time| time.as_millis());
        let count = outcome.differences.len();
        say(&format!("seed {seed}: {count} differences; {applying} ms applying, {asking} ms asking"));
        for lost in &outcome.told_again {
            say(&format!("  told again: {lost}"));
        }
        if count > 0 {
            self.failed.push(seed);
        }
        for (_, difference) in &outcome.differences {
            for what in &difference.what {
                *self.differences.entry(what.name).or_default() += 1;
            }
        }
        for (whose, difference) in outcome.differences.iter().take(shown) {
            say(&format!("  {whose}: {}", difference.cluster));
            for what in &difference.what {
                let (name, predicted, sent) = (what.name, &what.predicted, &what.sent);
                say(&format!("    {name}\n    predicted: {predicted}\n    sent:      {sent}"));
            }
        }
    }

    /// Everything was equal, and at once.
    fn is_clean(&self) -> bool {
        self.failed.is_empty() && self.late == 0
    }

    fn summary(&self, first: u64) -> String {
        let counts = |all: &Compared| json!({"clusters": all.clusters, "groups": all.groups, "endpoints": all.endpoints});
        let compared: BTreeMap<_, _> =
            self.compared.iter().map(|(version, all)| (*version, counts(all))).collect();
        let value = json!({
            "firstSeed": first,
            "meshes": self.meshes,
            "compared": compared,
            "differences": self.differences,
            "seedsWithDifferences": self.failed,
            "late": self.late,
            "toldAgain": self.told_again,
        });
        format!("{value:#}")
    }
}
