//! Workflow commands of GitHub Actions: one annotation per finding, then the counts as a line of the log.
//!
//! A step shows the first ten errors and the first ten warnings only. Findings come gravest first, and the
//! counts tell what is not shown.

use std::io::{self, Write};

use mesh_rules::{Finding, FindingStatus, Severity};

use crate::Report;
use crate::document::position;
use crate::escape::escape;
use crate::remedy::remedy_line;

/// Prints `::error title=..,file=..,line=..,col=..::message` for every finding that counts.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let counting = report.outcome.findings.iter().filter(|finding| finding.status == FindingStatus::Fail);
    for finding in counting {
        annotation(report, finding, out)?;
    }
    let summary = report.summary();
    writeln!(
        out,
        "kubectl-mesh: {} errors, {} warnings, {} info, {} passed, {} skipped, {} not evaluated, {} suppressed",
        summary.error,
        summary.warning,
        summary.info,
        summary.passed,
        summary.skipped,
        summary.not_evaluated,
        summary.suppressed
    )
}

fn annotation(report: &Report, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = format!("title={}", property(&format!("kubectl-mesh ({})", finding.code)));
    let (file, place) = position(report, finding);
    if let Some(file) = file {
        properties = format!("{properties},file={}", property(file));
    }
    if let Some((line, column)) = place {
        properties = format!("{properties},line={line},col={column}");
    }
    let mut lines = vec![format!("{}: {}", finding.subject.cluster(), finding.message)];
    lines.extend(remedy_line(report, finding).map(|line| format!("fix: {line}")));
    let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
    writeln!(out, "::{level} {properties}::{}", lines.join("%0A"))
}

fn data(text: &str) -> String {
    escape(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_cannot_end_itself_or_start_another() {
        assert_eq!(property("a,line=1::x\n50%"), "a%2Cline=1%3A%3Ax\\n50%25");
        assert_eq!(data("a,b: 50%"), "a,b: 50%25");
    }
}
