//! `kubectl-mesh-failover`: the one command `failover`, for who installs it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_for("failover", kubectl_mesh_failover::COMMANDS)
}
