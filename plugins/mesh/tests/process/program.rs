//! Runs the program the way a shell or kubectl does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program that was built for these tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_kubectl-mesh");

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command of the program that sees no kubeconfig, no terminal and no setting of who runs the tests.
pub(crate) fn command(program: impl AsRef<Path>, args: &[&str]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(args).env_clear().env("LANG", "C.UTF-8").env("HOME", "/nonexistent");
    command.current_dir(fixtures());
    command
}

/// Runs a command with this standard input to its end.
pub(crate) fn finish(mut command: Command, stdin: &[u8]) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program was built");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    // A program that ends on a wrong argument closes the pipe early, which is no failure of the test.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    let output = child.wait_with_output().expect("a child can be waited for");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// Runs `kubectl-mesh` with these arguments.
pub(crate) fn mesh(args: &[&str]) -> Ended {
    finish(command(PROGRAM, args), b"")
}

/// Directory the program is run in: a tree of files per mesh.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meshes")
}
