//! One line per finding, and the bare names of the objects concerned; made for `grep` and `xargs`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use mesh_rules::{Finding, FindingStatus, Subject};

use crate::escape::escape;
use crate::remedy::qualified_kind;
use crate::{Report, Style};

/// Prints `severity code cluster namespace kind/name message`, sorted as the findings are.
pub(crate) fn render(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    for finding in shown(report, style) {
        let (namespace, name) = match &finding.subject {
            Subject::Object(object) => {
                let namespace = if object.namespace.is_empty() { "-" } else { object.namespace.as_str() };
                (namespace, format!("{}/{}", object.kind.as_str().to_lowercase(), object.name))
            }
            Subject::Cluster(cluster) => ("-", format!("cluster/{cluster}")),
            Subject::Document { .. } => ("-", format!("file/{}", finding.subject)),
        };
        let severity = match finding.status {
            FindingStatus::Fail => finding.severity.as_str(),
            FindingStatus::Suppressed | FindingStatus::Baseline => "suppressed",
        };
        let cluster = finding.subject.cluster();
        let line = format!("{severity} {} {cluster} {namespace} {name} {}", finding.code, finding.message);
        writeln!(out, "{}", escape(&line))?;
    }
    Ok(())
}

/// Prints `kind.group/name` of every object with a finding, once each; findings on whole clusters and on
/// documents have no such name. Of a command that shows something else: its names.
pub(crate) fn render_names(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if let Some(body) = &report.body {
        return body.names.iter().try_for_each(|name| writeln!(out, "{}", escape(name)));
    }
    let names: BTreeSet<String> = shown(report, style)
        .filter_map(|finding| finding.subject.object())
        .map(|object| format!("{}/{}", qualified_kind(object.kind), object.name))
        .collect();
    names.iter().try_for_each(|name| writeln!(out, "{}", escape(name)))
}

fn shown<'a>(report: &'a Report, style: &'a Style) -> impl Iterator<Item = &'a Finding> {
    let findings = report.outcome.findings.iter();
    findings.filter(|finding| style.show.suppressed || finding.status == FindingStatus::Fail)
}
