//! `mesh-proof`: runs in the lab's network; `cargo xtask lab prove` starts it there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use mesh_lab::{Lab, run::say};
use mesh_proof::compare::Compared;
use mesh_proof::run::Run;
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

#[derive(Default)]
struct Totals {
    compared: BTreeMap<&'static str, Compared>,
    explained: BTreeMap<&'static str, usize>,
    differences: BTreeMap<&'static str, usize>,
    meshes: u64,
    failed: Vec<u64>,
    late: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let lab = Lab::open_default()?;
    let mut run = Run::start(&lab).await?;
    let mut totals = Totals::default();
    for seed in arguments.seed..arguments.seed + arguments.meshes {
        totals.meshes += 1;
        let outcome = match run.prove(seed).await {
            Ok(outcome) => outcome,
            Err(error) => {
                say(&format!("seed {seed}: {error:#}"));
                totals.failed.push(seed);
                continue;
            }
        };
        for (version, compared) in outcome.compared {
            let sum = totals.compared.entry(version).or_default();
            sum.clusters += compared.clusters;
            sum.groups += compared.groups;
            sum.endpoints += compared.endpoints;
        }
        for (name, count) in outcome.explained {
            *totals.explained.entry(name).or_default() += count;
        }
        totals.late += outcome.late;
        let [writing, settling, asking] = outcome.times.map(|time| time.as_millis());
        say(&format!(
            "seed {seed}: {} differences; {writing} ms writing, {settling} ms settling, {asking} ms asking",
            outcome.differences.len()
        ));
        if outcome.differences.is_empty() {
            continue;
        }
        totals.failed.push(seed);
        for (number, (whose, difference)) in outcome.differences.iter().enumerate() {
            for what in &difference.what {
                *totals.differences.entry(what.name).or_default() += 1;
            }
            if number >= arguments.shown {
                continue;
            }
            say(&format!("  {whose}: {}", difference.cluster));
            for what in &difference.what {
                say(&format!(
                    "    {}\n    predicted: {}\n    sent:      {}",
                    what.name, what.predicted, what.sent
                ));
            }
        }
        if let Some(directory) = &arguments.trees {
            say(&format!("  tree: {}", run.save(seed, directory)?.display()));
        }
    }
    let text = summary(&arguments, &totals);
    say(&text);
    if let Some(path) = &arguments.summary {
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if totals.failed.is_empty() && totals.late == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(arguments: &Arguments, totals: &Totals) -> String {
    let compared: BTreeMap<_, _> = totals
        .compared
        .iter()
        .map(|(version, all)| {
            (version, json!({"clusters": all.clusters, "groups": all.groups, "endpoints": all.endpoints}))
        })
        .collect();
    let value = json!({
        "firstSeed": arguments.seed, "meshes": totals.meshes, "compared": compared,
        "explained": totals.explained, "differences": totals.differences,
        "seedsWithDifferences": totals.failed, "late": totals.late,
    });
    format!("{value:#}")
}
