//! The rows of one area: passes, then failures by severity, then what was not looked at.

use std::collections::BTreeMap;

use mesh_model::ClusterName;
use mesh_rules::{Area, Code, Finding, FindingStatus, Rule, Severity, Verdict, VerdictKind};

use super::finding::{group, lines};
use super::grid::{Mark, Marks, Row};
use super::prose;
use crate::report::Standing;
use crate::screen::{Line, Sign, Tone};
use crate::{Report, Style};

pub(super) fn rows_of_area(report: &Report, style: &Style, area: Area, wide: bool) -> Vec<Row> {
    let standings = report.standings();
    let of_area = || standings.iter().filter(|(code, _)| area_of(**code) == area);
    let codes = |wanted: Standing| of_area().filter(move |(_, s)| **s == wanted).map(|(code, _)| *code);
    let passed: Vec<Code> = codes(Standing::Passed).collect();
    let mut rows = Vec::new();
    if style.show.passed {
        rows.extend(passed.iter().map(|code| {
            let marks = each_cluster(report, |cluster| plain_mark(report, *code, cluster));
            Row { sign: Sign::Passed, label: label(report, *code), marks, below: Vec::new() }
        }));
    } else if !passed.is_empty() {
        rows.push(passes(report, &passed));
    }
    let mut failed: Vec<Row> =
        codes(Standing::Failed).filter_map(|code| failure(report, style, code, wide)).collect();
    failed.sort_by_key(|row| match row.sign {
        Sign::Found(severity) => Some(severity),
        Sign::Passed | Sign::Open => None,
    });
    rows.extend(failed);
    let open = of_area().filter(|(_, standing)| **standing != Standing::Failed).map(|(code, _)| *code);
    rows.extend(open_rows(report, style, open));
    rows
}

fn area_of(code: Code) -> Area {
    Area::ALL[usize::from(code.0 / 100).min(Area::ALL.len() - 1)]
}

fn label(report: &Report, code: Code) -> String {
    report.rule(code).map_or_else(|| code.to_string(), |rule: &Rule| format!("{code} {}", rule.summary))
}

fn passes(report: &Report, passed: &[Code]) -> Row {
    let marks = each_cluster(report, |cluster| {
        let here = passed.iter().filter(|code| {
            verdicts(report, **code, cluster).any(|verdict| verdict.kind == VerdictKind::Passed)
        });
        let count = here.count();
        Mark { text: count.to_string(), tone: Tone::Plain, ok: count == passed.len() }
    });
    Row { sign: Sign::Passed, label: format!("{} passed", passed.len()), marks, below: Vec::new() }
}

/// `None` when everything that was found is hidden and not asked for.
fn failure(report: &Report, style: &Style, code: Code, wide: bool) -> Option<Row> {
    let findings: Vec<&Finding> = report
        .outcome
        .findings
        .iter()
        .filter(|finding| finding.code == code)
        .filter(|finding| style.show.suppressed || finding.status == FindingStatus::Fail)
        .collect();
    let counting = || findings.iter().filter(|finding| finding.status == FindingStatus::Fail);
    findings.first()?;
    let sign = counting().map(|finding| finding.severity).min().map_or(Sign::Open, Sign::Found);
    let marks = each_cluster(report, |cluster| {
        let here: Vec<Severity> = counting()
            .filter(|finding| finding.subject.cluster() == cluster)
            .map(|finding| finding.severity)
            .collect();
        match here.iter().min() {
            Some(&worst) => found_mark(worst, here.len()),
            None => plain_mark(report, code, cluster),
        }
    });
    let mut below: Vec<Line> = Vec::new();
    for alike in group(&findings) {
        below.extend(lines(report, style, &alike, wide));
    }
    for (cluster, reason) in reasons(report, code) {
        below.extend(prose(&format!("{cluster}: {reason}"), Tone::Dim, style));
    }
    Some(Row { sign, label: label(report, code), marks, below })
}

/// Rules with equal reasons in equal clusters share a row: one dead cluster is one line per area.
fn open_rows(report: &Report, style: &Style, codes: impl Iterator<Item = Code>) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<(ClusterName, String)>, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let reasons = reasons(report, code);
        if !reasons.is_empty() {
            groups.entry(reasons).or_default().push(code);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, codes)| codes[0]);
    groups.into_iter().map(|(reasons, codes)| open_row(report, style, &reasons, &codes)).collect()
}

fn open_row(report: &Report, style: &Style, reasons: &[(ClusterName, String)], codes: &[Code]) -> Row {
    let everywhere =
        reasons.len() == report.clusters.len() && reasons.iter().all(|(_, r)| *r == reasons[0].1);
    let marks = if everywhere {
        Marks::All(reasons[0].1.clone())
    } else {
        each_cluster(report, |cluster| plain_mark(report, codes[0], cluster))
    };
    let mut below = Vec::new();
    let label = match codes {
        [code] => label(report, *code),
        several => {
            let names = several.iter().map(Code::to_string).collect::<Vec<_>>().join(" ");
            below.extend(prose(&names, Tone::Dim, style));
            format!("{} rules not looked at in full", several.len())
        }
    };
    if !everywhere {
        for (cluster, reason) in reasons {
            below.extend(prose(&format!("{cluster}: {reason}"), Tone::Dim, style));
        }
    }
    Row { sign: Sign::Open, label, marks, below }
}

/// Why a rule was not looked at, by cluster.
fn reasons(report: &Report, code: Code) -> Vec<(ClusterName, String)> {
    let of_rule = report.outcome.verdicts.iter().filter(|verdict| verdict.code == code);
    of_rule
        .filter_map(|verdict| {
            let reason = match &verdict.kind {
                VerdictKind::Skipped { why } => format!("skipped: {why}"),
                VerdictKind::NotEvaluated { kind: Some(kind), gap } => {
                    format!("not evaluated: {} {gap}", kind.resource())
                }
                VerdictKind::NotEvaluated { kind: None, gap } => format!("not evaluated: {gap}"),
                VerdictKind::Passed | VerdictKind::Failed => return None,
            };
            Some((verdict.cluster.clone(), reason))
        })
        .collect()
}

fn verdicts<'a>(
    report: &'a Report,
    code: Code,
    cluster: &'a ClusterName,
) -> impl Iterator<Item = &'a Verdict> {
    report.outcome.verdicts.iter().filter(move |verdict| verdict.code == code && verdict.cluster == *cluster)
}

fn each_cluster(report: &Report, mark: impl Fn(&ClusterName) -> Mark) -> Marks {
    Marks::Each(report.clusters.iter().map(|cluster| mark(&cluster.name)).collect())
}

fn found_mark(severity: Severity, count: usize) -> Mark {
    let word = match severity {
        Severity::Error => "FAIL",
        Severity::Warning => "warn",
        Severity::Info => "info",
    };
    let text = if count == 1 { word.to_owned() } else { format!("{word} ({count})") };
    Mark { text, tone: severity.into(), ok: false }
}

fn plain_mark(report: &Report, code: Code, cluster: &ClusterName) -> Mark {
    let gravest = verdicts(report, code, cluster).map(|verdict| Standing::of(&verdict.kind)).max();
    let (text, tone, ok) = match gravest {
        Some(Standing::Passed) => ("ok", Tone::Good, true),
        Some(Standing::Skipped) => ("skipped", Tone::Dim, false),
        Some(Standing::NotEvaluated) => ("not evaluated", Tone::Dim, false),
        // Found, and hidden.
        Some(Standing::Failed) => ("suppressed", Tone::Dim, false),
        None => ("-", Tone::Dim, false),
    };
    Mark { text: text.to_owned(), tone, ok }
}
