//! Markdown for summaries of jobs and comments on changes: counts, a table of findings, folded details.

use std::io::{self, Write};

use mesh_rules::{Finding, FindingStatus, VerdictKind};

use crate::Report;
use crate::document::{docs_url, position};
use crate::escape::escape;
use crate::remedy::remedy_lines;

/// Prints the report as GitHub's Markdown.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    writeln!(out, "## Mesh check\n")?;
    writeln!(
        out,
        "**{} errors, {} warnings, {} info**, {} passed, {} skipped, {} not evaluated, {} suppressed",
        summary.error,
        summary.warning,
        summary.info,
        summary.passed,
        summary.skipped,
        summary.not_evaluated,
        summary.suppressed
    )?;
    let findings: Vec<&Finding> =
        report.outcome.findings.iter().filter(|finding| finding.status == FindingStatus::Fail).collect();
    if !findings.is_empty() {
        writeln!(out, "\n| severity | code | cluster | subject | finding |\n|---|---|---|---|---|")?;
        for finding in &findings {
            writeln!(
                out,
                "| {} | [{}]({}) | {} | {} | {} |",
                finding.severity,
                finding.code,
                docs_url(finding.code),
                text(finding.subject.cluster()),
                text(&finding.subject.to_string()),
                text(&finding.message)
            )?;
        }
    }
    for finding in &findings {
        details(report, finding, out)?;
    }
    gaps(report, out)
}

fn details(report: &Report, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let (file, place) = position(report, finding);
    if finding.evidence.is_empty() && finding.remedy.is_none() && finding.path.is_root() && file.is_none() {
        return Ok(());
    }
    let (cluster, subject) = (finding.subject.cluster(), finding.subject.to_string());
    writeln!(out, "\n<details><summary>{} {} ({})</summary>\n", finding.code, text(&subject), text(cluster))?;
    if !finding.path.is_root() {
        writeln!(out, "- field: {}", text(&finding.path.to_string()))?;
    }
    if let Some(file) = file {
        let place = place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        writeln!(out, "- file: {}{place}", text(file))?;
    }
    for evidence in &finding.evidence {
        let subject = format!("{} {}", evidence.subject, evidence.path);
        writeln!(out, "- {}: {}", text(subject.trim_end()), text(&evidence.value))?;
    }
    let remedy = remedy_lines(report, finding).join("\n");
    if !remedy.is_empty() {
        let fence = fence(&remedy);
        writeln!(out, "\n{fence}sh\n{remedy}\n{fence}")?;
    }
    writeln!(out, "\n</details>")
}

fn gaps(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let missing = |verdict: &&mesh_rules::Verdict| matches!(verdict.kind, VerdictKind::NotEvaluated { .. });
    let mut missing = report.outcome.verdicts.iter().filter(missing).peekable();
    if missing.peek().is_some() {
        writeln!(out, "\n| not evaluated | cluster | cause |\n|---|---|---|")?;
    }
    for verdict in missing {
        if let VerdictKind::NotEvaluated { kind, gap } = &verdict.kind {
            let kind = kind.map_or_else(String::new, |kind| format!("{} ", kind.resource()));
            let cause = format!("{kind}{gap}");
            writeln!(out, "| {} | {} | {} |", verdict.code, text(&verdict.cluster), text(&cause))?;
        }
    }
    Ok(())
}

/// Text that Markdown and HTML read as text.
fn text(raw: &str) -> String {
    let mut out = String::new();
    for c in escape(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A mention would call a person.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A fence longer than every run of backticks in `text`.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(text("a|b <img> [x](y) `z` @me"), "a\\|b &lt;img&gt; \\[x\\](y) \\`z\\` &#64;me");
        assert_eq!(text("a\n| b"), "a\\\\n\\| b");
    }

    #[test]
    fn a_fence_outlasts_what_it_holds() {
        assert_eq!(fence("a"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
