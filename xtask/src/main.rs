//! Tools of the project itself, run as `cargo xtask COMMAND`. Owns nothing a user runs; each command is a module.
#![expect(clippy::disallowed_methods, reason = "a tool: files and environment are its work")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod lab;

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
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Lab(command) => lab::run(command),
    }
}
