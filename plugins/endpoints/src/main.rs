//! `kubectl-mesh-endpoints`: the one command `endpoints`, for who installs it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_for("endpoints", kubectl_mesh_endpoints::COMMANDS)
}
