//! `cargo xtask test`: all tests of the workspace, with everything they need and nothing left behind.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, ensure};
use mesh_lab::{build, run::forget_package};

use crate::{dist, krew, own_lab::OwnLab, prove};

/// How many random meshes are proved against istiods.
const PROVED: &str = "60";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Further arguments of `cargo test`, such as `-p mesh-lab` (default: `--workspace`)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<OsString>,
}

/// Builds the lab's programs and the tests, starts a lab, runs the tests in its network, ends the lab; with the whole
/// workspace, proves mesh-traffic then. The exit code is that of `cargo test`, or of the proof.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut chosen = arguments.cargo;
    if chosen.is_empty() {
        chosen.push("--workspace".into());
    }
    let toolbox = build::all()?;
    // The lab's network reaches no registry: what cargo fetches, it fetches before.
    let mut fetching = Command::new(crate::cargo());
    forget_package(&mut fetching);
    let status = cargo_test(&mut fetching, &chosen).arg("--no-run").status().context("cannot run cargo")?;
    ensure!(status.success(), "the tests do not compile");
    if is_everything(&chosen) {
        // For the test that installs the archive as users do.
        dist::run(&dist::Arguments::default())?;
        krew::run(&krew::Arguments::beside_the_archives())?;
    }
    let lab = OwnLab::start("test", &["west", "east"], toolbox)?;
    let mut testing = lab.open()?.command(crate::cargo())?;
    cargo_test(&mut testing, &chosen).arg("--offline").args(&chosen[own(&chosen).len()..]);
    let status = testing.status().context("cannot run cargo")?;
    drop(lab);
    if status.success() && is_everything(&chosen) {
        return prove::run(&prove::Arguments::new(&["--meshes", PROVED]));
    }
    Ok(crate::lab::code(status))
}

fn is_everything(chosen: &[OsString]) -> bool {
    own(chosen).iter().any(|argument| argument == "--workspace")
}

fn cargo_test<'a>(command: &'a mut Command, chosen: &[OsString]) -> &'a mut Command {
    command.current_dir(crate::workspace()).args(["test", "--locked"]).args(own(chosen))
}

/// Cargo's own arguments; those of the tests follow a `--`.
fn own(chosen: &[OsString]) -> &[OsString] {
    let end = chosen.iter().position(|argument| argument == "--").unwrap_or(chosen.len());
    &chosen[..end]
}
