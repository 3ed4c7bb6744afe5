//! What the formats for CI promise beyond their looks.

use mesh_model::Gap;
use mesh_report::{Format, Report, ReportKind, Style, Tool, render};
use mesh_rules::{Code, FindingStatus, Verdict, VerdictKind};
use serde_json::Value;

use crate::fixture;

fn printed(format: Format, report: &Report) -> String {
    let mut out = Vec::new();
    render(format, report, &Style::default(), &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("every format is text")
}

fn with_verdict(kind: VerdictKind) -> Report {
    let mut report = Report::new(ReportKind::CheckReport, Tool::default(), String::new());
    report.outcome.verdicts = vec![Verdict { code: Code(215), cluster: "west".into(), kind }];
    report
}

#[test]
fn junit_holds_a_case_even_when_nothing_ran() {
    let empty = Report::new(ReportKind::CheckReport, Tool::default(), String::new());
    assert!(printed(Format::Junit, &empty).contains("<testcase name=\"no rule ran\""));
}

#[test]
fn junit_takes_what_could_not_be_read_for_an_error_and_what_was_not_given_for_a_skip() {
    let lost = |gap| with_verdict(VerdictKind::NotEvaluated { kind: None, gap });
    assert!(printed(Format::Junit, &lost(Gap::Timeout { after_ms: 1 })).contains("<error "));
    assert!(printed(Format::Junit, &lost(Gap::NotGiven)).contains("<skipped "));
    let passed = printed(Format::Junit, &with_verdict(VerdictKind::Passed));
    assert!(!passed.contains("<skipped") && !passed.contains("<error"), "{passed}");
}

#[test]
fn sarif_holds_every_finding_with_a_known_rule_and_a_place() {
    let report = fixture::report();
    let log: Value = serde_json::from_str(&printed(Format::Sarif, &report)).expect("it is JSON");
    let run = &log["runs"][0];
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().expect("a list").iter().map(|rule| &rule["id"]).collect();
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), report.outcome.findings.len());
    for (result, finding) in results.iter().zip(&report.outcome.findings) {
        assert!(rules.contains(&&result["ruleId"]));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(
            place["region"]["startLine"].as_u64() > Some(0) && place["artifactLocation"]["uri"].is_string()
        );
        assert_eq!(result["partialFingerprints"]["kubectlMesh/v1"], finding.fingerprint().to_string());
        assert_eq!(result.get("suppressions").is_some(), finding.status != FindingStatus::Fail);
    }
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

#[test]
fn github_gets_one_command_per_finding_that_counts_gravest_first() {
    let text = printed(Format::Github, &fixture::report());
    let levels: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("::"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(levels, ["error", "error", "error", "error", "error", "warning", "warning", "notice"]);
    assert_eq!(text.lines().count(), levels.len() + 1);
}
