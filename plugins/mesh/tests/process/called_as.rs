//! The name the program is called by decides the command, and help and hints print that name.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::program::{Ended, PROGRAM, command, finish};

fn run_as(name: &str, args: &[&str]) -> Ended {
    let directory = tempfile::tempdir().expect("a directory for the link can be made");
    let link: PathBuf = directory.path().join(name);
    symlink(PROGRAM, &link).expect("a link can be made in it");
    finish(command(&link, args), b"")
}

#[test]
fn each_name_leads_to_its_command_and_prints_its_own_form() {
    for (name, first, program) in [
        ("kubectl-mesh", "Checks Istio meshes", "kubectl mesh <command>"),
        ("kubectl-mesh-check", "Run every rule", "kubectl mesh check [AREA|CODE|TAG...] [options]"),
        ("kubectl-mesh_check", "Run every rule", "kubectl mesh-check [AREA|CODE|TAG...] [options]"),
        ("mesh-check", "Run every rule", "mesh-check [AREA|CODE|TAG...] [options]"),
        ("kubectl-mesh_explain", "Explain a rule", "kubectl mesh-explain (CODE|NAME)"),
        ("fleetdoctor", "Checks Istio meshes", "fleetdoctor <command>"),
    ] {
        let ended = run_as(name, &["--help"]);
        assert_eq!(ended.code, Some(0), "{name}");
        assert!(ended.stdout.starts_with(first), "{name}: {}", ended.stdout);
        assert!(ended.stdout.contains(&format!("\n  {program}")), "{name}: {}", ended.stdout);
        assert_eq!(ended.stderr, "", "{name}");
    }
}

#[test]
fn an_error_names_the_form_in_use() {
    for (name, args, program) in [
        ("kubectl-mesh", &["check", "--bogus"][..], "kubectl mesh check"),
        ("kubectl-mesh-check", &["--bogus"][..], "kubectl mesh check"),
        ("kubectl-mesh_check", &["--bogus"][..], "kubectl mesh-check"),
        ("mesh-check", &["explain", "--bogus"][..], "mesh-check explain"),
    ] {
        let ended = run_as(name, args);
        let expected = format!("Error: unknown flag: --bogus\nSee '{program} --help' for usage.\n");
        assert_eq!((ended.code, ended.stderr), (Some(2), expected), "{name}");
    }
}

#[test]
fn what_explains_the_rules_is_there_under_every_name() {
    for (name, args) in [
        ("kubectl-mesh", &["explain", "MESH003"][..]),
        ("kubectl-mesh_check", &["explain", "MESH003"][..]),
        ("kubectl-mesh_explain", &["MESH003"][..]),
    ] {
        let ended = run_as(name, args);
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.stderr);
        assert!(ended.stdout.starts_with("MESH003 cluster-unreachable"), "{name}: {}", ended.stdout);
    }
}
