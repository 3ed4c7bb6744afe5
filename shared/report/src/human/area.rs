//! The rows of one area: passes, then failures by severity, then what was not looked at.

use std::collections::BTreeMap;

use mesh_model::ClusterName;
use mesh_rules::{Area, Code, Finding, FindingStatus, Severity, Verdict, VerdictKind};

use super::finding::{group, lines};
use super::grid::{Mark, Marks, Row};
use super::prose;
use crate::report::Standing;
use crate::screen::{Line, Sign, Tone};
use crate::{Report, Style};

/// A report by code.
pub(super) struct Areas<'a> {
    report: &'a Report,
    style: &'a Style,
    wide: bool,
    rules: BTreeMap<Code, Ended<'a>>,
}

/// Why a rule was not looked at, by cluster.
type Reasons = Vec<(ClusterName, String)>;

/// How a rule ended.
#[derive(Default)]
struct Ended<'a> {
    verdicts: Vec<&'a Verdict>,
    findings: Vec<&'a Finding>,
}

impl<'a> Areas<'a> {
    pub(super) fn of(report: &'a Report, style: &'a Style, wide: bool) -> Self {
        let mut rules: BTreeMap<Code, Ended<'_>> = BTreeMap::new();
        for verdict in &report.outcome.verdicts {
            rules.entry(verdict.code).or_default().verdicts.push(verdict);
        }
        for finding in &report.outcome.findings {
            if style.show.suppressed || finding.status == FindingStatus::Fail {
                rules.entry(finding.code).or_default().findings.push(finding);
            }
        }
        Self { report, style, wide, rules }
    }

    pub(super) fn rows(&self, area: Area) -> Vec<Row> {
        let with = |wanted: Standing| {
            self.rules
                .iter()
                .filter(move |(code, ended)| area_of(**code) == area && ended.standing() == wanted)
        };
        let mut rows = Vec::new();
        if self.style.show.passed {
            rows.extend(with(Standing::Passed).map(|(code, ended)| {
                let marks = self.each_cluster(|cluster| ended.mark(cluster));
                self.row(Sign::Passed, Some(*code), marks, Vec::new())
            }));
        } else if with(Standing::Passed).next().is_some() {
            rows.push(self.passes(&with(Standing::Passed).map(|(_, ended)| ended).collect::<Vec<_>>()));
        }
        let mut failed: Vec<Row> =
            with(Standing::Failed).filter_map(|(code, ended)| self.failure(*code, ended)).collect();
        failed.sort_by_key(|row| match row.sign {
            Sign::Found(severity) => (0, Some(severity)),
            Sign::Passed | Sign::Open => (1, None),
        });
        rows.extend(failed);
        let open = [Standing::Passed, Standing::Skipped, Standing::NotEvaluated].into_iter().flat_map(with);
        rows.extend(self.open_rows(open));
        rows
    }

    fn row(&self, sign: Sign, code: Option<Code>, marks: Marks, below: Vec<Line>) -> Row {
        let rule = code.and_then(|code| self.report.rule(code));
        let label = rule.map_or_else(String::new, |rule| rule.summary.to_owned());
        Row { sign, code, label, marks, below }
    }

    fn passes(&self, passed: &[&Ended<'_>]) -> Row {
        let marks = self.each_cluster(|cluster| {
            let count =
                passed.iter().filter(|ended| ended.standing_in(cluster) == Some(Standing::Passed)).count();
            Mark { text: count.to_string(), tone: Tone::Plain, ok: count == passed.len() }
        });
        let label = format!("{} passed", passed.len());
        Row { label, ..self.row(Sign::Passed, None, marks, Vec::new()) }
    }

    /// `None` when everything that was found is hidden.
    fn failure(&self, code: Code, ended: &Ended<'_>) -> Option<Row> {
        ended.findings.first()?;
        let counting = || ended.findings.iter().filter(|finding| finding.status == FindingStatus::Fail);
        let sign = counting().map(|finding| finding.severity).min().map_or(Sign::Open, Sign::Found);
        let marks = self.each_cluster(|cluster| {
            let here = || counting().filter(|finding| finding.subject.cluster() == cluster);
            match here().map(|finding| finding.severity).min() {
                Some(worst) => found_mark(worst, here().count()),
                None => ended.mark(cluster),
            }
        });
        let groups = group(&ended.findings);
        let mut below: Vec<Line> =
            groups.iter().flat_map(|alike| lines(self.report, self.style, alike, self.wide)).collect();
        below.extend(self.reason_lines(&ended.reasons()));
        Some(self.row(sign, Some(code), marks, below))
    }

    /// Rules with equal reasons in equal clusters share a row: one dead cluster is one line per area.
    fn open_rows<'b>(&self, rules: impl Iterator<Item = (&'b Code, &'b Ended<'b>)>) -> Vec<Row> {
        let mut groups: BTreeMap<Reasons, Vec<(Code, &Ended<'_>)>> = BTreeMap::new();
        for (code, ended) in rules {
            let reasons = ended.reasons();
            if !reasons.is_empty() {
                groups.entry(reasons).or_default().push((*code, ended));
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        for (_, rules) in &mut groups {
            rules.sort_by_key(|(code, _)| *code);
        }
        groups.sort_by_key(|(_, rules)| rules[0].0);
        groups.into_iter().map(|(reasons, rules)| self.open_row(&reasons, &rules)).collect()
    }

    fn open_row(&self, reasons: &[(ClusterName, String)], rules: &[(Code, &Ended<'_>)]) -> Row {
        let everywhere =
            reasons.len() == self.report.clusters.len() && reasons.iter().all(|(_, r)| *r == reasons[0].1);
        let marks = if everywhere {
            Marks::All(reasons[0].1.clone())
        } else {
            self.each_cluster(|cluster| rules[0].1.mark(cluster))
        };
        let mut row = match rules {
            [(code, _)] => self.row(Sign::Open, Some(*code), marks, Vec::new()),
            several => {
                let names = several.iter().map(|(code, _)| code.to_string()).collect::<Vec<_>>().join(" ");
                let below = prose(&names, Tone::Dim, self.style);
                let label = format!("{} rules", several.len());
                Row { label, ..self.row(Sign::Open, None, marks, below) }
            }
        };
        if !everywhere {
            row.below.extend(self.reason_lines(reasons));
        }
        row
    }

    fn reason_lines(&self, reasons: &[(ClusterName, String)]) -> Vec<Line> {
        let line = |(cluster, reason): &(ClusterName, String)| {
            prose(&format!("{cluster}: {reason}"), Tone::Dim, self.style)
        };
        reasons.iter().flat_map(line).collect()
    }

    fn each_cluster(&self, mark: impl Fn(&ClusterName) -> Mark) -> Marks {
        Marks::Each(self.report.clusters.iter().map(|cluster| mark(&cluster.name)).collect())
    }
}

impl Ended<'_> {
    fn standing(&self) -> Standing {
        let gravest = self.verdicts.iter().map(|verdict| Standing::of(&verdict.kind)).max();
        // A finding without a verdict is none of the engine's: a source saw it.
        gravest.unwrap_or(Standing::Failed)
    }

    fn standing_in(&self, cluster: &ClusterName) -> Option<Standing> {
        let here = self.verdicts.iter().filter(|verdict| verdict.cluster == *cluster);
        here.map(|verdict| Standing::of(&verdict.kind)).max()
    }

    fn mark(&self, cluster: &ClusterName) -> Mark {
        let (text, tone, ok) = match self.standing_in(cluster) {
            Some(Standing::Passed) => ("ok", Tone::Good, true),
            Some(Standing::Skipped) => ("skipped", Tone::Dim, false),
            Some(Standing::NotEvaluated) => ("not evaluated", Tone::Dim, false),
            // Found, and hidden.
            Some(Standing::Failed) => ("suppressed", Tone::Dim, false),
            None => ("-", Tone::Dim, false),
        };
        Mark { text: text.to_owned(), tone, ok }
    }

    fn reasons(&self) -> Reasons {
        let reason = |verdict: &&Verdict| {
            let reason = match &verdict.kind {
                VerdictKind::Skipped { why } => format!("skipped: {why}"),
                VerdictKind::NotEvaluated { kind: Some(kind), gap } => {
                    format!("not evaluated: {} {gap}", kind.resource())
                }
                VerdictKind::NotEvaluated { kind: None, gap } => format!("not evaluated: {gap}"),
                VerdictKind::Passed | VerdictKind::Failed => return None,
            };
            Some((verdict.cluster.clone(), reason))
        };
        self.verdicts.iter().filter_map(reason).collect()
    }
}

fn area_of(code: Code) -> Area {
    Area::ALL[usize::from(code.0 / 100).min(Area::ALL.len() - 1)]
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
