//! The exit code follows from what was found and read, and is the same in every format.

use crate::program::mesh;

const FORMATS: [&str; 11] =
    ["", "wide", "short", "name", "json", "yaml", "jsonl", "sarif", "junit", "github", "markdown"];

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    for (args, code) in [
        (&["-f", "clean"][..], 0),
        (&["-f", "findings"][..], 1),
        (&["-f", "findings", "--fail-on", "never"][..], 0),
        (&["-f", "findings", "--select", "MESH205"][..], 0),
        (&["-f", "broken"][..], 1),
        (&["-f", "broken", "--select", "MESH238"][..], 3),
        (&["-f", "broken", "--select", "MESH238", "--allow-incomplete"][..], 0),
        (&["-f", "broken", "--select", "MESH201,MESH238"][..], 1),
        (&["-f", "nosuch"][..], 2),
    ] {
        for format in FORMATS {
            let ended = mesh(&[&["check", "-o", format], args].concat());
            assert_eq!(ended.code, Some(code), "{args:?} -o {format:?}: {}", ended.stderr);
            let may_be_silent = code == 2 || ["short", "name"].contains(&format);
            assert!(may_be_silent || !ended.stdout.is_empty(), "{args:?} -o {format:?}");
            assert!(code != 2 || ended.stdout.is_empty(), "{args:?} -o {format:?}: {}", ended.stdout);
        }
    }
}

#[test]
fn the_report_holds_the_exit_code_of_the_process() {
    for (args, code) in
        [(&["-f", "clean"][..], 0), (&["-f", "findings"][..], 1), (&["-f", "broken", "MESH238"][..], 3)]
    {
        let ended = mesh(&[&["check", "-o", "json"], args].concat());
        let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((ended.code, &report["exitCode"]), (Some(code), &code.into()), "{args:?}");
        assert_eq!(report["complete"], serde_json::Value::Bool(code != 3), "{args:?}");
    }
}

#[test]
fn a_warning_counts_from_the_level_that_was_asked_for() {
    let exit = |level| mesh(&["check", "MESH238", "-f", "warnings", "--fail-on", level]).code;
    assert_eq!(exit("error"), Some(0));
    assert_eq!(exit("warning"), Some(1));
    assert_eq!(exit("info"), Some(1));
    assert_eq!(exit("never"), Some(0));
}
