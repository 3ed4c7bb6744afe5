//! `kubectl-mesh`: every command in one program, picked by the first word or by the name it is called by.

use std::process::ExitCode;

use kubectl_mesh_check::{Check, Explain, Rules};
use kubectl_mesh_endpoints::Endpoints;
use kubectl_mesh_failover::Failover;
use kubectl_mesh_locality::Locality;
use kubectl_mesh_trace::Trace;
use mesh_cli::{Command, Version};

/// In the order of the help.
static COMMANDS: &[Command] = &[
    Command::of::<Check>(),
    Command::of::<Endpoints>(),
    Command::of::<Locality>(),
    Command::of::<Trace>(),
    Command::of::<Failover>(),
    Command::of::<Rules>(),
    Command::of::<Explain>(),
    Command::of::<Version>(),
];

fn main() -> ExitCode {
    mesh_cli::main_of(COMMANDS)
}
