//! `cargo xtask test`: all tests of the workspace, with everything they need and nothing left behind.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, ensure};
use mesh_lab::{
    Lab, build, cache,
    run::{forget_package, say},
    state::Roots,
    up,
};

use crate::{dist, krew};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Further arguments of `cargo test`, such as `-p mesh-lab` (default: `--workspace`)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<OsString>,
}

/// Builds the lab's programs and the tests, starts a lab, runs the tests in its network, ends the lab.
/// The exit code is that of `cargo test`.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut chosen = arguments.cargo;
    if chosen.is_empty() {
        chosen.push("--workspace".into());
    }
    let toolbox = build::all()?;
    // The lab's network reaches no registry: what cargo fetches, it fetches before.
    let mut fetching = Command::new(cargo());
    forget_package(&mut fetching);
    let status = cargo_test(&mut fetching, &chosen).arg("--no-run").status().context("cannot run cargo")?;
    ensure!(status.success(), "the tests do not compile");
    if own(&chosen).iter().any(|argument| argument == "--workspace") {
        // For the test that installs the archive as users do.
        dist::run(&dist::Arguments::default())?;
        krew::run(&krew::Arguments::beside_the_archives())?;
    }
    let directory = directory()?;
    // Left over from a run that was interrupted.
    up::down(&directory)?;
    let lab = TestLab(directory);
    up::up(&lab.0, &["west".to_owned(), "east".to_owned()], Roots::Shared, toolbox)?;
    let inside = Lab::open(&lab.0)?;
    let mut testing = inside.command(cargo())?;
    cargo_test(&mut testing, &chosen).arg("--offline").args(&chosen[own(&chosen).len()..]);
    let status = testing.status().context("cannot run cargo")?;
    Ok(crate::lab::code(status))
}

fn cargo_test<'a>(command: &'a mut Command, chosen: &[OsString]) -> &'a mut Command {
    command.current_dir(crate::workspace()).args(["test", "--locked"]).args(own(chosen))
}

/// Cargo's own arguments; those of the tests follow a `--`.
fn own(chosen: &[OsString]) -> &[OsString] {
    let end = chosen.iter().position(|argument| argument == "--").unwrap_or(chosen.len());
    &chosen[..end]
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// A place of its own, so that a lab somebody works with is neither used nor ended.
fn directory() -> Result<PathBuf> {
    let name = cache::digest([crate::workspace().as_os_str().as_encoded_bytes()]);
    Ok(cache::directory()?.join("labs").join(format!("{name}-test")))
}

/// Ends the lab however the run ends.
struct TestLab(PathBuf);

impl Drop for TestLab {
    fn drop(&mut self) {
        if let Err(error) = up::down(Path::new(&self.0)) {
            say(&format!("lab: cannot end the lab of the tests: {error:#}"));
        }
    }
}
