//! `cargo xtask lab prove`: mesh-traffic against real istiods of two versions, on random meshes.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, ensure};
use mesh_lab::{build, programs, run::forget_package};

use crate::own_lab::OwnLab;

/// The clusters that generated meshes are made of.
const CLUSTERS: [&str; 4] = ["west", "east", "south", "north"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Arguments of mesh-proof, such as `--meshes 1000 --seed 1 --summary FILE`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    proof: Vec<OsString>,
}

impl Arguments {
    pub(crate) fn new(proof: &[&str]) -> Self {
        Self { proof: proof.iter().map(OsString::from).collect() }
    }
}

/// Builds both istiods and the proof, starts a lab for it, and returns the exit code of the proof.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let toolbox = build::all()?;
    // The lab's network reaches no module proxy and no registry: what is built there must be there.
    build::extra(&programs::ISTIO_130)?;
    let mut building = Command::new(crate::cargo());
    forget_package(&mut building);
    let status = cargo(&mut building, "build").status().context("cannot run cargo")?;
    ensure!(status.success(), "mesh-proof does not compile");
    let lab = OwnLab::start("proof", &CLUSTERS, toolbox)?;
    let mut proving = lab.open()?.command(crate::cargo())?;
    cargo(&mut proving, "run").args(["--offline", "--quiet", "--"]).args(&arguments.proof);
    let status = proving.status().context("cannot run cargo")?;
    Ok(crate::lab::code(status))
}

fn cargo<'a>(command: &'a mut Command, verb: &str) -> &'a mut Command {
    command.current_dir(crate::workspace()).args([verb, "--locked", "--package", "mesh-proof"])
}
