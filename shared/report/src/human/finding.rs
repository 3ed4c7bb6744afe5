//! The lines of one finding, or of equal findings in several clusters.

use std::collections::BTreeMap;

use mesh_rules::{Finding, FindingStatus, Subject};

use super::prose;
use crate::document::position;
use crate::remedy::remedy_line;
use crate::screen::{Line, Tone};
use crate::{Report, Style};

/// Findings that differ in nothing but their cluster, in the order of their first.
pub(super) fn group<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let at = *known.entry(likeness(finding)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// All of a finding that does not tell its cluster; a subject that is no object belongs to one cluster only.
fn likeness(finding: &Finding) -> impl Ord {
    let subject = match &finding.subject {
        Subject::Object(object) => Ok((object.kind, &object.namespace, &object.name)),
        other => Err(other),
    };
    let evidence: Vec<_> =
        finding.evidence.iter().map(|evidence| (&evidence.path, &evidence.value)).collect();
    (subject, finding.severity, finding.status, &finding.path, &finding.message, evidence)
}

/// Where, what, and how to mend it; with `wide` also what made the verdict.
pub(super) fn lines(report: &Report, style: &Style, group: &[&Finding], wide: bool) -> Vec<Line> {
    let first = group[0];
    let mut lines = Vec::new();
    // The message of a finding about a whole cluster names it.
    if first.subject.object().is_some()
        || !first.path.is_root()
        || matches!(first.subject, Subject::Document { .. })
    {
        lines.extend(prose(&place(report, group), Tone::Dim, style));
    }
    let files: Vec<String> = group.iter().filter_map(|finding| file(report, finding)).collect();
    if !files.is_empty() {
        lines.extend(prose(&format!("at {}", files.join(", ")), Tone::Dim, style));
    }
    let hidden = match first.status {
        FindingStatus::Fail => "",
        FindingStatus::Suppressed => "suppressed: ",
        FindingStatus::Baseline => "in the baseline: ",
    };
    lines.extend(prose(&format!("{hidden}{}", first.message), Tone::Plain, style));
    if wide {
        for evidence in group.iter().flat_map(|finding| &finding.evidence) {
            let cluster = match &evidence.subject {
                Subject::Object(object) => format!(" ({})", object.cluster),
                Subject::Cluster(_) | Subject::Document { .. } => String::new(),
            };
            let path = if evidence.path.is_root() { String::new() } else { format!(" {}", evidence.path) };
            let text = format!("- {}{path}{cluster}: {}", evidence.subject, evidence.value);
            lines.extend(prose(&text, Tone::Dim, style));
        }
    }
    let mut remedies: Vec<String> = group.iter().filter_map(|finding| remedy_line(report, finding)).collect();
    remedies.dedup();
    // Never wrapped: a line that is to be pasted must stay one line.
    lines.extend(
        remedies
            .iter()
            .map(|line| Line::new().plain("      ").push(Tone::Bold, "fix:").plain("  ").plain(line)),
    );
    lines
}

fn place(report: &Report, group: &[&Finding]) -> String {
    let first = group[0];
    let path = if first.path.is_root() { String::new() } else { format!(" {}", first.path) };
    let clusters: Vec<&str> = group.iter().map(|finding| finding.subject.cluster().as_str()).collect();
    let told = matches!(first.subject, Subject::Cluster(_)) || report.clusters.len() < 2;
    let clusters = if told { String::new() } else { format!(" ({})", clusters.join(", ")) };
    format!("{}{path}{clusters}", first.subject)
}

fn file(report: &Report, finding: &Finding) -> Option<String> {
    match &finding.subject {
        // Its own text is the place.
        Subject::Document { .. } => None,
        Subject::Object(_) | Subject::Cluster(_) => match position(report, finding) {
            (Some(file), Some((line, column))) => Some(format!("{file}:{line}:{column}")),
            (file, _) => file.map(ToOwned::to_owned),
        },
    }
}
