//! What `failover` prints of the example mesh and of two regions in one network, and how it ends.

use std::process::{Command, Output};

const NOW: &str = "2026-08-22T07:11:00Z";

/// Runs the program that is installed alone, in a directory of this crate or of the examples.
fn run(directory: &str, args: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mesh-failover"));
    command.args(args.split(' ')).current_dir(format!("{}/{directory}", env!("CARGO_MANIFEST_DIR")));
    command.env_clear().env("HOME", "/nonexistent");
    let Output { status, stdout, stderr } = command.output().expect("the program was built");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn printed(directory: &str, args: &str, code: i32) -> String {
    let (found, stdout, stderr) = run(directory, args);
    assert_eq!((found, stderr.as_str()), (Some(code), ""), "{args}");
    stdout
}

/// Clusters `tokyo` in region `jp-east` and `osaka` in `jp-west`, one network, four services.
fn regions(args: &str, code: i32) -> String {
    printed("tests/regions", &format!("-n shop -f tokyo=tokyo.yaml -f osaka=osaka.yaml {args}"), code)
}

fn example(args: &str, code: i32) -> String {
    printed("../../examples/two-clusters", &format!("-f good {args}"), code)
}

fn refused(args: &str) -> String {
    let (code, stdout, stderr) = run("../../examples/two-clusters", &format!("-f good {args}"));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args}");
    stderr
}

#[test]
fn a_region_is_lost() {
    insta::assert_snapshot!("region", regions("--lose region=jp-east --shift-clients", 1));
    insta::assert_snapshot!("region_wide", regions("--lose region=jp-east --clients all -o wide", 1));
    let json = format!("search --lose region=jp-east --clients all -o json --now {NOW}");
    insta::assert_snapshot!("region_json", regions(&json, 1));
}

#[test]
fn the_example_mesh_survives_the_loss_of_a_cluster() {
    insta::assert_snapshot!("cluster", example("-n shop --lose cluster=west --shift-clients", 0));
    insta::assert_snapshot!(
        "drained_part",
        example("-n shop --degrade zone=eu-west-b:50% --mode drain --clients all", 0)
    );
    let names = example("-n shop --lose cluster=west -o name", 0);
    assert_eq!(names, "service/echo\nservice/ledger\n");
}

#[test]
fn what_would_be_is_what_then_is() {
    let before = regions("payments --lose region=jp-east", 1);
    assert!(before.contains("What if payments gets outlierDetection {"), "{before}");
    let after = regions("payments --lose region=jp-east --with payments.yaml", 0);
    assert!(after.contains("ok: no call moves"), "{after}");
    let elsewhere = regions("payments --lose region=jp-east --with tokyo=payments.yaml", 1);
    assert!(elsewhere.contains("60%"), "osaka's istiod does not read tokyo's rules: {elsewhere}");
}

#[test]
fn a_smaller_part_may_be_enough() {
    let text = regions("payments --lose region=jp-east --min-available 60%", 0);
    assert!(text.contains("40% of first attempts fail, which is allowed"), "{text}");
    regions("payments --lose region=jp-east --min-available 61%", 1);
    regions("payments --lose region=jp-east --fail-on never", 0);
}

#[test]
fn an_api_server_that_is_cut_off_moves_nothing_and_loses_no_client() {
    let text = example("-n shop --lose cluster=west --mode stale", 0);
    assert!(text.contains("surviving ones (east, west)"), "{text}");
    assert!(!text.contains("of calls move"), "{text}");
}

#[test]
fn a_loss_of_nothing_is_an_error() {
    let none = "error: nothing is lost: name it by --lose KIND=VALUE or --degrade KIND=VALUE:PERCENT\n";
    assert_eq!(refused("-n shop"), none);
    let region = "error: nothing has region \"eu-north\"; regions are: eu-east, eu-west\n";
    assert_eq!(refused("--lose region=eu-north"), region);
    let gateway = refused("--lose gateway=192.0.2.99");
    assert_eq!(gateway, "error: nothing has gateway \"192.0.2.99\"; gateways are: 192.0.2.10, 192.0.2.20\n");
    assert!(refused("--lose node=west/none").contains("nodes are: east/east-a, "));
    assert!(refused("--lose pod=west/shop/none").contains("west/shop/echo-1"));
    assert!(refused("--lose rack=1").contains("kinds are: region, zone, "));
    assert!(refused("--degrade zone=eu-west-a").contains("write KIND=VALUE:PERCENT"));
    let everything = refused("-n shop --lose cluster=west --lose cluster=east");
    assert!(everything.starts_with("error: no client is left: "), "{everything}");
}

#[test]
fn what_is_laid_over_has_to_be_there() {
    let with = |path: &str| refused(&format!("-n shop --lose cluster=west --with {path}"));
    assert_eq!(with("none.yaml"), "error: path \"none.yaml\" does not exist\n");
    let unknown = with("north=../../plugins/failover/tests/regions/payments.yaml");
    assert!(unknown.contains("no cluster \"north\"; clusters are: east, west"), "{unknown}");
    assert!(with("-").contains("name a file"));
    assert_eq!(
        refused("-n shop --lose cluster=west --clients north"),
        "error: no cluster \"north\"; clusters are: east, west\n"
    );
}

#[test]
fn failover_is_the_program_itself() {
    let (code, help, _) = run(".", "--help");
    assert_eq!(code, Some(0));
    assert!(help.contains("\n  kubectl mesh failover [SVC...] [options]\n"), "{help}");
}
