//! Exit codes: the only place that decides one. The same in every output format.

use std::io::{self, Write};
use std::process::ExitCode;

use mesh_report::ClusterGap;
use mesh_rules::{Code, FindingStatus, Outcome, VerdictKind};

use crate::args::VerdictArgs;
use crate::text::printable;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing that counts.
    Clean = 0,
    /// Findings that count.
    Findings = 1,
    /// Usage, configuration or internal error; no cluster could be read.
    Error = 2,
    /// Something could not be read.
    Incomplete = 3,
    /// The reader of standard output went away: 128 and SIGPIPE.
    ClosedOutput = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Makes a panic end as what it is to the user: an error that is not theirs. Unwinding would give another code, and
/// aborting another one still.
pub(crate) fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        let text = format!("error: internal error, please report it: {panic}");
        // Where standard error is closed, nobody is left to tell.
        let _ = writeln!(io::stderr(), "{}\n{trace}", printable(&text));
        #[expect(clippy::exit, reason = "a hook has no other way to choose the exit code")]
        std::process::exit(i32::from(Exit::Error as u8));
    }));
}

/// Findings that tell of gaps: they lead to [`Exit::Incomplete`], never to [`Exit::Findings`].
const GAP_CODES: [Code; 2] = [Code(3), Code(4)];

/// The exit code of a run. Findings beat gaps; a kind that files did not hold is no reason to fail.
#[must_use]
pub fn of(gaps: &[ClusterGap], outcome: &Outcome, args: &VerdictArgs) -> Exit {
    let counts = outcome.findings.iter().any(|finding| {
        finding.status == FindingStatus::Fail
            && !GAP_CODES.contains(&finding.code)
            && args.fail_on.counts(finding.severity)
    });
    if counts {
        Exit::Findings
    } else if !args.allow_incomplete && is_incomplete(gaps, outcome) {
        Exit::Incomplete
    } else {
        Exit::Clean
    }
}

fn is_incomplete(gaps: &[ClusterGap], outcome: &Outcome) -> bool {
    let of_verdicts = outcome.verdicts.iter().filter_map(|verdict| match &verdict.kind {
        VerdictKind::NotEvaluated { gap, .. } => Some(gap),
        VerdictKind::Passed | VerdictKind::Failed | VerdictKind::Skipped { .. } => None,
    });
    gaps.iter().map(|gap| &gap.gap).chain(of_verdicts).any(|gap| !gap.is_not_given())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use mesh_model::{ClusterName, FieldPath, Gap, Kind, Origin};
    use mesh_rules::{Finding, Severity, Subject, Verdict};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        verdict: VerdictArgs,
    }

    fn finding(code: u16, severity: Severity) -> Finding {
        Finding {
            code: Code(code),
            severity,
            subject: Subject::Cluster(ClusterName::from("west")),
            origin: Origin::Live,
            peer: None,
            path: FieldPath::root(),
            message: String::new(),
            evidence: Vec::new(),
            remedy: None,
            status: FindingStatus::Fail,
        }
    }

    fn gap(gap: Gap) -> ClusterGap {
        ClusterGap { cluster: ClusterName::from("west"), kind: Some(Kind::Pod), namespace: None, gap }
    }

    fn exit(findings: &[Finding], gaps: &[ClusterGap], args: &[&str]) -> Exit {
        let line = Line::try_parse_from([&["x"], args].concat()).unwrap();
        let outcome = Outcome { findings: findings.to_vec(), verdicts: Vec::new() };
        of(gaps, &outcome, &line.verdict)
    }

    fn forbidden() -> ClusterGap {
        gap(Gap::Forbidden { message: String::new() })
    }

    #[test]
    fn a_finding_counts_from_the_level_that_was_asked_for() {
        let warning = [finding(215, Severity::Warning)];
        assert_eq!(exit(&warning, &[], &[]), Exit::Clean);
        assert_eq!(exit(&warning, &[], &["--fail-on=warning"]), Exit::Findings);
        let error = [finding(201, Severity::Error)];
        assert_eq!(exit(&error, &[], &[]), Exit::Findings);
        assert_eq!(exit(&error, &[], &["--fail-on=never"]), Exit::Clean);
        let info = [finding(201, Severity::Info)];
        assert_eq!(exit(&info, &[], &["--fail-on=info"]), Exit::Findings);
        let hidden = Finding { status: FindingStatus::Suppressed, ..finding(201, Severity::Error) };
        assert_eq!(exit(&[hidden], &[], &[]), Exit::Clean);
    }

    #[test]
    fn a_gap_leads_to_incomplete_and_a_finding_beats_it() {
        assert_eq!(exit(&[], &[forbidden()], &[]), Exit::Incomplete);
        assert_eq!(exit(&[], &[forbidden()], &["--allow-incomplete"]), Exit::Clean);
        assert_eq!(exit(&[finding(201, Severity::Error)], &[forbidden()], &[]), Exit::Findings);
        assert_eq!(exit(&[], &[gap(Gap::NotGiven)], &[]), Exit::Clean);
    }

    #[test]
    fn findings_that_tell_of_gaps_are_never_findings_that_count() {
        let told = [finding(3, Severity::Error), finding(4, Severity::Error)];
        assert_eq!(exit(&told, &[forbidden()], &["--fail-on=info"]), Exit::Incomplete);
        assert_eq!(exit(&told, &[forbidden()], &["--allow-incomplete"]), Exit::Clean);
    }

    #[test]
    fn a_rule_that_could_not_look_is_enough() {
        let kind = VerdictKind::NotEvaluated { kind: None, gap: Gap::NotServed };
        let verdict = Verdict { code: Code(201), cluster: ClusterName::from("west"), kind };
        let outcome = Outcome { findings: Vec::new(), verdicts: vec![verdict] };
        let line = Line::try_parse_from(["x"]).unwrap();
        assert_eq!(of(&[], &outcome, &line.verdict), Exit::Incomplete);
    }
}
