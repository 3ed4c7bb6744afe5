//! `kubectl-mesh-trace`: the one command `trace`, for who installs it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_for("trace", kubectl_mesh_trace::COMMANDS)
}
