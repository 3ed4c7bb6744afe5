//! `kubectl-mesh-check`: the one command `check`, for who installs it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_for("check", kubectl_mesh_check::COMMANDS)
}
