//! `kubectl-mesh`: every command in one program, picked by the first word or by the name it is called by.

use std::process::ExitCode;

fn main() -> ExitCode {
    mesh_cli::main_of(kubectl_mesh_check::COMMANDS)
}
