//! The commands about traffic: what they print of the example meshes, and how they end.

use crate::program::{Ended, PROGRAM, command, finish};

/// Runs the program where `good` and `broken` are the meshes of the example.
fn run(args: &[&str]) -> Ended {
    let mut command = command(PROGRAM, args);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/two-clusters"));
    finish(command, b"")
}

fn printed(args: &[&str], code: i32) -> String {
    let ended = run(args);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{args:?}");
    ended.stdout
}

const NOW: &str = "2026-08-22T07:11:00Z";

#[test]
fn endpoints_of_a_mesh_that_works() {
    let echo = ["endpoints", "echo.shop:http", "-f", "good"];
    insta::assert_snapshot!("endpoints", printed(&echo, 0));
    let one = [&echo[..], &["--from", "west/eu-west/eu-west-a", "-o", "wide"]].concat();
    insta::assert_snapshot!("endpoints_wide", printed(&one, 0));
    let json = [&echo[..], &["--from", "west/shop/echo-1", "-o", "json", "--now", NOW]].concat();
    insta::assert_snapshot!("endpoints_json", printed(&json, 0));
    let names = [&echo[..], &["-o", "name"]].concat();
    assert_eq!(printed(&names, 0), "pod/echo-1\npod/echo-2\n");
}

#[test]
fn endpoints_tell_what_stays_out_and_what_cannot_be_reached() {
    insta::assert_snapshot!("endpoints_broken", printed(&["endpoints", "echo.shop:80", "-f", "broken"], 0));
    insta::assert_snapshot!("endpoints_ledger", printed(&["endpoints", "ledger.shop", "-f", "broken"], 1));
}

#[test]
fn every_locality_is_asked_when_all_are_wanted() {
    let text = printed(&["endpoints", "echo.shop:http", "-f", "good", "--all"], 0);
    let clients: Vec<_> = text.lines().filter(|line| line.starts_with("Client")).collect();
    assert_eq!(clients.len(), 4, "{text}");
}

#[test]
fn localities_of_a_mesh_that_works_and_of_one_with_faults() {
    insta::assert_snapshot!("locality", printed(&["locality", "-n", "shop", "-f", "good"], 0));
    insta::assert_snapshot!("locality_broken", printed(&["locality", "-n", "shop", "-f", "broken"], 1));
    let ports = ["locality", "echo.shop", "-f", "broken", "--all-ports", "-o", "wide"];
    insta::assert_snapshot!("locality_ports", printed(&ports, 1));
    let json = ["locality", "ledger.shop", "-f", "good", "--from", "west", "-o", "json", "--now", NOW];
    insta::assert_snapshot!("locality_json", printed(&json, 0));
}

#[test]
fn a_table_without_its_head_has_the_same_rows() {
    let lines = |args: &[&str]| {
        printed(&[&["locality", "-n", "shop", "-f", "good"], args].concat(), 0).lines().count()
    };
    assert_eq!(lines(&[]), lines(&["--no-headers"]) + 3);
}

#[test]
fn a_version_that_is_not_known_is_not_chosen() {
    let args = ["endpoints", "echo.shop", "-f", "versions", "--from", "west/eu/eu-a"];
    let ask = |more: &[&str]| {
        let mut command = command(PROGRAM, &[&args[..], more].concat());
        command.current_dir(crate::program::fixtures());
        finish(command, b"")
    };
    let ended = ask(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    insta::assert_snapshot!("endpoints_versions", ended.stdout);
    let known = ask(&["--istio-version", "1.29"]).stdout;
    assert!(known.contains("(rules of Istio 1.29)") && !known.contains("not known"), "{known}");
}

fn assert_error(args: &[&str], code: i32, stderr: &str) {
    let expected = Ended { code: Some(code), stdout: String::new(), stderr: stderr.to_owned() };
    assert_eq!(run(args), expected, "{args:?}");
}

#[test]
fn a_service_that_is_nowhere_is_named_with_what_is_near() {
    assert_error(
        &["endpoints", "ecko", "-n", "shop", "-f", "good"],
        2,
        "error: service \"ecko\" not found in namespace \"shop\" of 2 clusters\n\nDid you mean this?\n\techo.shop\n",
    );
    assert_error(
        &["locality", "echo", "-f", "good"],
        2,
        "error: service \"echo\" not found in namespace \"default\" of 2 clusters\n\nDid you mean this?\n\techo.shop\n",
    );
    assert_error(
        &["endpoints", "nothing.example.com", "-f", "good"],
        2,
        "error: service \"nothing.example.com\" not found of 2 clusters\n",
    );
}

#[test]
fn a_port_has_to_be_named_where_there_are_several() {
    assert_error(
        &["endpoints", "echo.shop", "-f", "good"],
        2,
        "error: service \"echo.shop.svc.cluster.local\" has 2 ports; name one: 80 (http), 9000 (http-admin)\n",
    );
    assert_error(
        &["endpoints", "echo.shop:grpc", "-f", "good"],
        2,
        "error: service \"echo.shop.svc.cluster.local\" has no port \"grpc\"; its ports are: 80 (http), 9000 \
         (http-admin)\n",
    );
    assert_error(
        &["endpoints", "echo.shop:80", "--port", "80", "-f", "good"],
        2,
        "error: SVC:PORT and --port exclude each other\n",
    );
    assert_error(
        &["endpoints", "pod/echo", "-f", "good"],
        2,
        "error: invalid argument \"pod/echo\" for \"SVC\": \"pod\" is no service; write SVC, svc/SVC, SVC.NS or a host \
         name\n",
    );
}

#[test]
fn a_client_that_is_none_or_several_is_told_what_there_is() {
    let from = |from: &str, why: &str| {
        assert_error(
            &["endpoints", "echo.shop:http", "-f", "good", "--from", from],
            2,
            &format!("error: --from \"{from}\": {why}\n"),
        );
    };
    from("north", "no cluster \"north\"; clusters are: east, west");
    from("west/eu-north", "no such locality; known: eu-west/eu-west-a, eu-west/eu-west-b");
    from(
        "west/shop/nothing",
        "no such locality and no such workload; known localities: eu-west/eu-west-a, eu-west/eu-west-b",
    );
    from("nothing.shop", "no such pod and no such cluster; clusters are: east, west");
    from(
        "echo-1.shop",
        "may be pod shop/echo-1 of cluster east or pod shop/echo-1 of cluster west; name one more exactly",
    );
    assert_error(
        &["endpoints", "echo.shop:http", "-f", "good", "--actual"],
        2,
        "error: --filename and --actual exclude each other\n",
    );
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let cases = [
        (&["endpoints", "echo.shop:http", "-f", "good"][..], 0),
        (&["endpoints", "ledger.shop", "-f", "broken"][..], 1),
        (&["endpoints", "ledger.shop", "-f", "broken", "--fail-on", "never"][..], 0),
        (&["locality", "-n", "shop", "-f", "broken"][..], 1),
        (&["locality", "-n", "nowhere", "-f", "good"][..], 2),
    ];
    for (args, code) in cases {
        for format in ["", "wide", "name", "json", "yaml", "jsonl"] {
            let ended = run(&[args, &["-o", format]].concat());
            assert_eq!(ended.code, Some(code), "{args:?} -o {format:?}: {}", ended.stderr);
        }
    }
}

#[test]
fn no_character_has_a_width_that_depends_on_the_terminal() {
    for args in [&["endpoints", "ledger.shop", "-f", "broken"][..], &["locality", "-A", "-f", "broken"]] {
        let text = run(args).stdout;
        let odd: Vec<char> = text.chars().filter(|c| !c.is_ascii() && !['✓', '✗'].contains(c)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}
