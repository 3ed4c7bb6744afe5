//! Wrong command lines: kubectl's words, on standard error, exit code 2, nothing on standard output.

use crate::program::{Ended, mesh};

fn assert_usage_error(args: &[&str], stderr: &str) {
    let expected = Ended { code: Some(2), stdout: String::new(), stderr: stderr.to_owned() };
    assert_eq!(mesh(args), expected, "{args:?}");
}

#[test]
fn unknown_words_are_named_with_what_is_near() {
    assert_usage_error(
        &["chek"],
        "Error: unknown command \"chek\" for \"kubectl mesh\"\n\nDid you mean this?\n\tcheck\n\n\
         See 'kubectl mesh --help' for usage.\n",
    );
    assert_usage_error(
        &["help", "chek"],
        "Error: unknown command \"chek\" for \"kubectl mesh\"\nSee 'kubectl mesh --help' for usage.\n",
    );
    assert_usage_error(
        &["check", "--x"],
        "Error: unknown flag: --x\nSee 'kubectl mesh check --help' for usage.\n",
    );
    assert_usage_error(
        &["check", "-Z"],
        "Error: unknown shorthand flag: 'Z' in -Z\nSee 'kubectl mesh check --help' for usage.\n",
    );
    assert_usage_error(
        &["rules", "west"],
        "Error: unknown argument \"west\" for \"kubectl mesh rules\"\n\
         See 'kubectl mesh rules --help' for usage.\n",
    );
}

#[test]
fn missing_and_bad_values_are_named_with_what_is_right() {
    assert_usage_error(
        &["check", "--contexts"],
        "Error: flag needs an argument: --contexts\nSee 'kubectl mesh check --help' for usage.\n",
    );
    assert_usage_error(
        &["explain"],
        "Error: required argument missing: CODE|NAME\nSee 'kubectl mesh explain --help' for usage.\n",
    );
    let duration = "must be a duration above zero and up to 24h, such as 10s or 2m";
    for (flag, value, reason) in [
        ("--timeout", "5x", duration),
        ("--timeout", "18446744073709551615", duration),
        ("--request-timeout", "0", duration),
        ("--request-timeout", "18446744073709551615", duration),
        ("--parallel", "0", "must be a number from 1"),
        ("--now", "yesterday", "must be a time such as 2026-08-22T07:11:00Z"),
        ("--color", "blue", "must be one of auto, always, never"),
        ("--fail-on", "fatal", "must be one of error, warning, info, never"),
        ("--discover", "all", "must be one of auto, none"),
    ] {
        let expected = format!("error: invalid argument \"{value}\" for \"{flag}\": {reason}\n");
        assert_usage_error(&["check", flag, value], &expected);
    }
    assert_usage_error(
        &["check", "-f", "clean", "--complete=perhaps"],
        "error: invalid argument \"perhaps\" for \"--complete\": must be one of true, false\n",
    );
    for (args, missing) in [(&["--complete"][..], "--filename"), (&["--as-group", "readers"][..], "--as")] {
        let expected = format!(
            "Error: required argument missing: {missing}\nSee 'kubectl mesh check --help' for usage.\n"
        );
        assert_usage_error(&[&["check"], args].concat(), &expected);
    }
    assert_usage_error(
        &["check", "-f", "clean", "--istio-version", "newest"],
        "error: invalid argument \"newest\" for \"--istio-version\": \
         \"newest\" is no Istio version such as 1.29 or 1.29.2\n",
    );
}

#[test]
fn an_unknown_format_lists_the_ones_there_are() {
    for (args, formats) in [
        (
            &["check", "-f", "clean", "-o", "foo"][..],
            "wide,short,name,json,yaml,jsonl,sarif,junit,github,markdown",
        ),
        (&["rules", "-o", "short"][..], "wide,name,json,yaml,jsonl"),
    ] {
        let given = args.last().unwrap();
        assert_usage_error(
            args,
            &format!(
                "error: unable to match a printer suitable for the output format \"{given}\", \
                 allowed formats are: {formats}\n"
            ),
        );
    }
}

#[test]
fn rules_that_are_unknown_or_cancel_out_are_named() {
    assert_usage_error(
        &["check", "-f", "clean", "--select", "MESH999"],
        "error: unknown rule, area or tag \"MESH999\"; see 'kubectl mesh rules'\n",
    );
    assert_usage_error(
        &["check", "-f", "clean", "MESH201", "--ignore", "locality"],
        "error: nothing selected: \"MESH201\" without \"locality\"\n",
    );
    let ended = mesh(&["explain", "failover-without-outlier"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.starts_with(
            "error: unknown rule \"failover-without-outlier\"; see 'kubectl mesh rules'\n\n\
             Did you mean this?\n\tMESH201 failover-without-outlier-detection\n"
        ),
        "{}",
        ended.stderr
    );
}

#[test]
fn sources_exclude_each_other() {
    for (flags, text) in [
        (&["-f", "clean", "--contexts", "a"][..], "error: -f and --contexts exclude each other\n"),
        (&["-f", "clean", "--context", "a"][..], "error: -f and --context exclude each other\n"),
        (&["-f", "clean", "--all-contexts"][..], "error: -f and --all-contexts exclude each other\n"),
        (&["--context", "a", "--contexts", "b"][..], "error: --context and --contexts exclude each other\n"),
    ] {
        assert_usage_error(&[&["check"], flags].concat(), text);
    }
}

#[test]
fn control_characters_of_an_argument_do_not_reach_the_terminal() {
    assert_usage_error(
        &["explain", "--\u{1b}[31m"],
        "Error: unknown flag: --\\u{1b}[31m\nSee 'kubectl mesh explain --help' for usage.\n",
    );
}

#[test]
fn flags_are_typed_as_kubectls_are() {
    let short = |args: &[&str]| mesh(&[&["check", "-f", "broken", "MESH201", "-o", "short"], args].concat());
    assert_eq!(short(&["-q=true"]), short(&["--quiet"]));
    assert_eq!(short(&["--quiet=false"]), short(&[]));
    assert_eq!(short(&["-qA"]), short(&["-q"]));
    assert_eq!(short(&["--color", "always", "--color=never"]), short(&["--color=never"]));
    assert_ne!(short(&["-q"]), short(&[]));
}
