//! Runs programs and reports their failures with what they said.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// One line of progress for the person who waits.
pub fn say(line: &str) {
    // Nobody to tell when stderr is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Takes away what `cargo run` and `cargo test` tell a program about its package. A cargo below it would pass that
/// on to build scripts such as ring's, which then run again, and everything that uses their crates is rebuilt.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Runs to the end and fails with the program's stderr unless it succeeded.
pub(crate) fn checked(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}):\n{}", shown(command), output.status, tail(&said, 30));
    }
    Ok(output)
}

/// Standard output of a program that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = checked(command)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no text", shown(command)))
}

/// Like [`output`], with `input` on standard input.
pub(crate) fn output_with_input(command: &mut Command, input: &str) -> Result<String> {
    let output = with_input(command, input)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed ({}):\n{}", shown(command), output.status, tail(&said, 30));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no text", shown(command)))
}

/// Runs to the end with `input` on standard input, whatever the exit code.
pub(crate) fn with_input(command: &mut Command, input: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let mut stdin = child.stdin.take().context("the child has no stdin")?;
    std::thread::scope(|scope| {
        // Written beside the reading: a program may answer before it has read all.
        scope.spawn(move || {
            // A program that stops reading says why on stderr.
            let _ = stdin.write_all(input.as_bytes());
        });
        child.wait_with_output()
    })
    .with_context(|| format!("cannot run {}", shown(command)))
}

/// Last lines of a server's log, for a message about its death.
pub(crate) fn log_tail(path: &Path) -> String {
    std::fs::read_to_string(path).map_or_else(|error| error.to_string(), |log| tail(&log, 20))
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_else(|| command.get_program()).to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let mut line = std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ");
    if line.len() > 300 {
        line.truncate(line.floor_char_boundary(300));
        line.push_str("...");
    }
    line
}
