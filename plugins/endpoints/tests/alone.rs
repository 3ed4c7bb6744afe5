//! The program that is installed alone: `endpoints` without a word.

use std::process::{Command, Output};

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mesh-endpoints"));
    let Output { status, stdout, stderr } =
        command.args(args).env_clear().env("HOME", "/nonexistent").output().expect("the program was built");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn endpoints_is_the_program_itself() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("\n  kubectl mesh endpoints SVC[.NS][:PORT] [options]\n"), "{help}");
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/two-clusters/good");
    let (code, table, stderr) = run(&["ledger.shop", "-f", good, "--from", "west"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(table.starts_with("Service  ledger.shop.svc.cluster.local:80 http "), "{table}");
}

#[test]
fn a_service_has_to_be_named() {
    let (code, _, stderr) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("Error: required argument missing: SVC\n"), "{stderr}");
}
