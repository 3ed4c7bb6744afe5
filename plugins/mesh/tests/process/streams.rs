//! What stands on which stream, and what happens when one of them goes away.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::program::{PROGRAM, command, mesh};

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    // The program waits for its input, so its output is surely closed before the first byte is written.
    for args in [&["check", "-f", "-"][..], &["check", "-f", "-", "-o", "json"][..]] {
        let mut child = command(PROGRAM, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n").unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]), "{args:?}");
    }
}

#[test]
fn an_interrupt_ends_the_program_as_shells_expect() {
    let mut child = command(PROGRAM, &["check", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    // A shell shows 128 and the number of the signal: 130.
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

#[test]
fn a_full_disk_is_an_error_and_no_pass() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(PROGRAM, &["check", "-f", "clean"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: cannot write to standard output: "), "{stderr}");
}

#[test]
fn the_result_is_on_standard_output_and_the_rest_on_standard_error() {
    let ended = mesh(&["check", "-f", "broken", "-o", "json"]);
    serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap();
    let note = "note: cluster \"west\": listed in part (truncated): destinationrules.networking.istio.io\n";
    assert_eq!(ended.stderr, note);
    assert_eq!(mesh(&["check", "-f", "broken", "-o", "json", "-q"]).stderr, "");
}
