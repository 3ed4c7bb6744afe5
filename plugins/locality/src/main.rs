//! `kubectl-mesh-locality`: the one command `locality`, for who installs it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_for("locality", kubectl_mesh_locality::COMMANDS)
}
