//! Colours and signs: by the terminal, the environment and the options.

use crate::program::{PROGRAM, command, finish};

fn human(args: &[&str], locale: &str) -> String {
    let mut command = command(PROGRAM, &[&["check", "-f", "findings"], args].concat());
    command.env("LANG", locale);
    finish(command, b"").stdout
}

#[test]
fn output_that_goes_to_a_file_is_plain() {
    let text = human(&[], "C.UTF-8");
    assert!(!text.contains('\u{1b}') && text.contains('✗'), "{text}");
    assert!(human(&["--color", "always"], "C.UTF-8").contains("\u{1b}["));
}

#[test]
fn signs_are_ascii_where_the_locale_is_not_utf8_or_the_user_says_so() {
    for text in [human(&[], "C"), human(&["--icons", "ascii"], "C.UTF-8")] {
        assert!(text.is_ascii() && text.contains("FAIL"), "{text}");
    }
    assert!(human(&["--icons", "unicode"], "C").contains('✓'));
}

#[test]
fn a_table_is_as_long_as_the_list_of_rules_with_or_without_its_head() {
    let lines = |args: &[&str]| finish(command(PROGRAM, args), b"").stdout.lines().count();
    assert_eq!(lines(&["rules"]), lines(&["rules", "--no-headers"]) + 1);
    assert_eq!(lines(&["rules", "--select", "MESH201,MESH003"]), 3);
    assert_eq!(
        lines(&["check", "-f", "findings", "--show-passed", "-q"]),
        lines(&["check", "-f", "findings", "--show-passed"])
    );
}

#[test]
fn each_passed_rule_is_shown_when_asked_for() {
    assert!(!human(&[], "C.UTF-8").contains("MESH238"));
    assert!(human(&["--show-passed"], "C.UTF-8").contains("MESH238"));
}
