//! Files and standard input: what is broken is named, and the rest is still checked.

use crate::program::{Ended, PROGRAM, command, finish, mesh};

fn mesh_of_stdin(args: &[&str], stdin: &[u8]) -> Ended {
    finish(command(PROGRAM, &[&["check", "-f", "-"], args].concat()), stdin)
}

fn lines_of(ended: &Ended, code: &str) -> Vec<String> {
    let is_of_code = |line: &&str| line.split(' ').nth(1) == Some(code);
    ended.stdout.lines().filter(is_of_code).map(str::to_owned).collect()
}

#[test]
fn a_broken_document_is_named_and_its_neighbours_are_checked() {
    let ended = mesh(&["check", "-f", "broken", "-o", "short"]);
    assert_eq!(ended.code, Some(1));
    let broken = lines_of(&ended, "MESH001");
    assert!(broken.len() == 1 && broken[0].contains("second"), "{}", ended.stdout);
    let human = mesh(&["check", "MESH001", "-f", "broken"]).stdout;
    assert!(human.contains("      at broken/west/many.yaml:18:9\n"), "{human}");
    let found = lines_of(&ended, "MESH201");
    let names: Vec<_> = found.iter().filter_map(|line| line.split(' ').nth(4)).collect();
    assert_eq!(names, ["destinationrule/first", "destinationrule/third"]);
}

#[test]
fn a_finding_tells_its_place_in_the_file() {
    let ended = mesh(&["check", "-f", "findings", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let finding = &report["items"][0];
    assert_eq!(finding["code"], "MESH201");
    assert_eq!((&finding["file"], &finding["line"]), (&"findings/west/payments.yaml".into(), &13.into()));
}

#[test]
fn garbage_on_standard_input_is_a_finding_and_never_a_panic() {
    for garbage in [
        &b"\x00\x01\x02\xff\xfe\x80PNG\r\n"[..],
        &b"\xff\xfek\x00i\x00n\x00d\x00"[..],
        &[0x80; 5000][..],
        &b"{\"apiVersion\": \"v1\", \"kind\": "[..],
        &b"kind: [unclosed"[..],
        &b"just some prose\n"[..],
    ] {
        let ended = mesh_of_stdin(&["-o", "short"], garbage);
        assert_eq!(ended.code, Some(1), "{garbage:?}: {}", ended.stderr);
        assert_eq!(lines_of(&ended, "MESH001").len(), 1, "{garbage:?}: {}", ended.stdout);
        let ignored = mesh_of_stdin(&["--ignore", "MESH001"], garbage);
        assert_eq!(ignored.code, Some(3), "{garbage:?}: what could not be read is never a pass");
    }
}

#[test]
fn input_without_anything_to_check_is_an_error_and_no_pass() {
    for (stdin, why) in [
        ("", "no document"),
        ("---\n---\n", "no document"),
        (
            "apiVersion: v1\nkind: Event\nmetadata: {name: x}\n",
            "its one document is of a kind that no rule reads",
        ),
    ] {
        let ended = mesh_of_stdin(&[], stdin.as_bytes());
        let expected = format!("error: nothing to check in -: {why}\n");
        assert_eq!((ended.code, ended.stderr), (Some(2), expected), "{stdin:?}");
    }
}

#[test]
fn paths_that_hold_nothing_are_named() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().to_str().unwrap();
    for (path, text) in [
        ("nosuch", "error: path \"nosuch\" does not exist\n".to_owned()),
        ("west=nosuch", "error: path \"nosuch\" does not exist\n".to_owned()),
        (path, format!("error: path \"{path}\" holds no *.yaml, *.yml or *.json file\n")),
    ] {
        let ended = mesh(&["check", "-f", path]);
        assert_eq!((ended.code, ended.stderr.as_str(), ended.stdout.as_str()), (Some(2), text.as_str(), ""));
    }
}

#[test]
fn clusters_take_their_names_from_directories_or_from_what_was_typed() {
    let names = |args: &[&str]| {
        let ended = mesh(&[&["check", "-o", "json"], args].concat());
        let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let clusters = report["clusters"].as_array().unwrap();
        clusters.iter().map(|cluster| cluster["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["-f", "clean"]), ["east", "west"]);
    assert_eq!(names(&["-f", "tokyo=clean/west", "-f", "osaka=findings/west"]), ["osaka", "tokyo"]);
    assert_eq!(names(&["-f", "clean/west/payments.yaml"]), ["default"]);
}

#[test]
fn a_tree_that_is_complete_lets_rules_conclude_from_absence() {
    let not_evaluated = |args: &[&str]| {
        let check = ["check", "MESH005", "-f", "clean", "-o", "json", "--fail-on", "warning"];
        let ended = mesh(&[&check, args].concat());
        let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        (ended.code, report["summary"]["notEvaluated"].as_u64().unwrap())
    };
    assert_eq!(not_evaluated(&[]), (Some(0), 1));
    assert_eq!(not_evaluated(&["--complete"]), (Some(1), 0));
}

#[test]
fn a_namespace_limits_what_is_judged() {
    let found = |args: &[&str]| {
        let ended = mesh(&[&["check", "-f", "findings", "-o", "short"], args].concat());
        (ended.code, ended.stdout.lines().count(), ended.stderr)
    };
    assert_eq!(found(&["-n", "shop"]), (Some(1), 1, String::new()));
    for args in [["-n", "shpo"].as_slice(), &["-n", "shpo", "-q"]] {
        let (code, lines, told) = found(args);
        assert_eq!((code, lines), (Some(2), 0));
        assert!(told.starts_with("error: namespace \"shpo\" not found in "), "{told}");
    }
    for name in ["", "a,b"] {
        let (code, _, told) = found(&["-n", name]);
        assert_eq!(code, Some(2));
        assert!(told.contains("no name of one namespace"), "{told}");
    }
    assert_eq!(found(&["-n", "shpo", "-A"]), (Some(1), 1, String::new()));
}

#[test]
fn the_present_can_be_typed_so_that_output_repeats() {
    for format in ["", "json", "junit", "markdown"] {
        let run = || mesh(&["check", "-f", "findings", "-o", format, "--now", "2026-08-22T07:11:00Z"]);
        assert_eq!(run(), run());
    }
    let ended = mesh(&["check", "-f", "clean", "-o", "json", "--now", "2026-08-22T09:11:00+02:00"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["generatedAt"], "2026-08-22T07:11:00Z");
}
