//! The program that is installed alone: `check` without a word, the commands that explain it below.

use std::process::{Command, Output};

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mesh-check"));
    let Output { status, stdout, stderr } =
        command.args(args).env_clear().env("HOME", "/nonexistent").output().expect("the program was built");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn check_is_the_program_itself() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("\n  kubectl mesh check [AREA|CODE|TAG...] [options]\n"), "{help}");
    assert!(help.contains("\n  kubectl mesh check <command> [options]\n"), "{help}");
    let (code, _, stderr) = run(&["locality"]);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("error: no cluster to read: no current context"), "{stderr}");
}

#[test]
fn rules_and_their_pages_come_with_it() {
    let (code, page, _) = run(&["explain", "MESH201"]);
    assert_eq!(code, Some(0));
    assert!(page.starts_with("MESH201 failover-without-outlier-detection   error   locality"), "{page}");
    let (code, list, _) = run(&["rules", "--select", "MESH201", "--no-headers"]);
    assert_eq!((code, list.lines().count()), (Some(0), 1));
    let (code, _, stderr) = run(&["explain", "MESH000"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("error: unknown rule \"MESH000\"; see 'kubectl mesh check rules'\n"),
        "{stderr}"
    );
}

#[test]
fn a_word_that_is_no_rule_is_told_so() {
    let (code, stdout, stderr) = run(&["chek"]);
    let text = "error: unknown rule, area or tag \"chek\"; see 'kubectl mesh check rules'\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(2), "", text));
}
