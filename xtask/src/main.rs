//! Tools of the project itself, run as `cargo xtask COMMAND`. Owns nothing a user runs; each command is a module.
#![expect(clippy::disallowed_methods, reason = "a tool: files are its work")]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};

mod dist;
mod docs;
mod krew;
mod lab;
mod own_lab;
mod prove;
mod test;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Tools of this project")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Real clusters with Istio on this machine, for tests
    #[command(subcommand)]
    Lab(lab::Command),
    /// Run all tests of the workspace, in a lab made for them
    Test(test::Arguments),
    /// Build the release archive for this machine's platform
    Dist(dist::Arguments),
    /// Fill the krew manifests from the release archives
    Krew(krew::Arguments),
    /// Write docs/rules from the pages of the rules
    Docs(docs::Arguments),
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Lab(command) => return lab::run(command),
        Command::Test(arguments) => return test::run(arguments),
        Command::Dist(arguments) => dist::run(&arguments)?,
        Command::Krew(arguments) => krew::run(&arguments)?,
        Command::Docs(arguments) => docs::run(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Root of this checkout.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
