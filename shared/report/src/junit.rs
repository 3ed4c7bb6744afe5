//! JUnit XML: a suite per cluster and area, a case per rule. What could not be looked at is an error, never a
//! pass.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mesh_model::ClusterName;
use mesh_rules::{Area, Code, Finding, FindingStatus, Severity, Subject, Verdict, VerdictKind};
use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use crate::Report;
use crate::document::position;
use crate::escape::escape;
use crate::remedy::remedy_lines;

/// Prints the report as JUnit XML, which holds a case even when nothing ran: some readers refuse an empty file.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut xml = Xml::new("kubectl-mesh");
    let mut suites: BTreeMap<(&ClusterName, Area), TestSuite> = BTreeMap::new();
    for ((cluster, code), ended) in by_cluster(report) {
        let area = Area::ALL[usize::from(code.0 / 100).min(Area::ALL.len() - 1)];
        let suite = suites
            .entry((cluster, area))
            .or_insert_with(|| TestSuite::new(escape(&format!("{cluster}.{area}")).into_owned()));
        suite.add_test_case(case(report, cluster, code, &ended));
    }
    if suites.is_empty() {
        let mut suite = TestSuite::new("kubectl-mesh");
        suite.add_test_case(TestCase::new("no rule ran", TestCaseStatus::skipped()));
        xml.add_test_suite(suite);
    }
    xml.add_test_suites(suites.into_values());
    xml.serialize(out).map_err(io::Error::other)
}

#[derive(Default)]
struct Ended<'a> {
    verdicts: Vec<&'a Verdict>,
    findings: Vec<&'a Finding>,
}

fn by_cluster(report: &Report) -> BTreeMap<(&ClusterName, Code), Ended<'_>> {
    let mut rules: BTreeMap<(&ClusterName, Code), Ended<'_>> = BTreeMap::new();
    for verdict in &report.outcome.verdicts {
        rules.entry((&verdict.cluster, verdict.code)).or_default().verdicts.push(verdict);
    }
    for finding in &report.outcome.findings {
        rules.entry((finding.subject.cluster(), finding.code)).or_default().findings.push(finding);
    }
    rules
}

fn case(report: &Report, cluster: &ClusterName, code: Code, ended: &Ended<'_>) -> TestCase {
    let counting = || ended.findings.iter().filter(|finding| finding.status == FindingStatus::Fail);
    let failures: Vec<&Finding> =
        counting().filter(|finding| finding.severity != Severity::Info).copied().collect();
    let status = match failures.first() {
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(first.severity.as_str()).set_message(escape(&first.message));
            status.set_description(listed(report, failures.iter().copied()));
            status
        }
        None => unfailed(ended),
    };
    let name = report.rule(code).map_or_else(|| code.to_string(), |rule| format!("{code} {}", rule.summary));
    let mut case = TestCase::new(name, status);
    case.set_classname(escape(cluster));
    if failures.is_empty() && counting().next().is_some() {
        case.set_system_out(listed(report, counting().copied()));
    }
    case
}

/// A kind that files were not asked to hold does not fail a run, so here it is a skip.
fn unfailed(ended: &Ended<'_>) -> TestCaseStatus {
    let mut skip = None;
    for verdict in &ended.verdicts {
        match &verdict.kind {
            VerdictKind::NotEvaluated { kind, gap } => {
                let kind = kind.map_or_else(String::new, |kind| format!("{} ", kind.resource()));
                let message = format!("not evaluated: {kind}{gap}");
                if !gap.is_not_given() {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                    status.set_type(gap.cause()).set_message(escape(&message));
                    return status;
                }
                skip = Some(message);
            }
            VerdictKind::Skipped { why } => skip = Some(why.clone()),
            VerdictKind::Passed | VerdictKind::Failed => {}
        }
    }
    let hidden = !ended.findings.is_empty() && ended.findings.iter().all(|f| f.status != FindingStatus::Fail);
    if hidden {
        skip = Some("suppressed".to_owned());
    }
    match skip {
        Some(message) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escape(&message));
            status
        }
        None => TestCaseStatus::success(),
    }
}

fn listed<'a>(report: &Report, findings: impl Iterator<Item = &'a Finding>) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let path = if finding.path.is_root() { String::new() } else { format!(" {}", finding.path) };
        let place = match position(report, finding) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        let subject = match &finding.subject {
            // Its place says it all.
            Subject::Document { .. } => String::new(),
            subject => format!("{subject}{path}: "),
        };
        lines.push(escape(&format!("{place}{subject}{}", finding.message)).into_owned());
        lines.extend(remedy_lines(report, finding));
    }
    lines.join("\n")
}
