//! SARIF 2.1.0 for code scanning: one run per mesh.
//!
//! Plain structs: the few objects used here are less than a crate for the whole standard would bring. A finding
//! of a live object has no file; it gets an address of its own below `clusters/`, since readers drop results
//! without a physical place.

mod shape;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use mesh_rules::{Finding, FindingStatus, Severity, Subject, VerdictKind};

use self::shape::{
    Artifact, Descriptor, Driver, Invocation, Level, Location, Log, Logical, Message, Notification, Physical,
    Reference, Region, SarifResult, Suppression, Tool,
};
use crate::Report;
use crate::document::{docs_url, position};
use crate::escape::escape_json;
use crate::remedy::remedy_text;

/// More results in a run are refused by GitHub; findings come gravest first.
const MOST_RESULTS: usize = 25_000;

/// Prints the report as one SARIF log.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [shape::Run {
            tool: Tool { driver: driver(report) },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: report.complete(),
                exit_code: report.exit_code,
                tool_execution_notifications: notifications(report),
            }],
            results: report.outcome.findings.iter().take(MOST_RESULTS).map(|f| result(report, f)).collect(),
        }],
    };
    let text = serde_json::to_string_pretty(&log).map_err(io::Error::other)?;
    writeln!(out, "{}", escape_json(&text))
}

fn driver(report: &Report) -> Driver<'_> {
    let descriptor = |rule: &&'static mesh_rules::Rule| Descriptor {
        id: rule.code.to_string(),
        name: rule.name,
        short_description: Message { text: rule.summary.to_owned() },
        help_uri: docs_url(rule.code),
        default_configuration: Level { level: level(rule.severity) },
    };
    Driver {
        name: "kubectl-mesh",
        version: &report.tool.version,
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: report.rules.iter().map(descriptor).collect(),
    }
}

fn result(report: &Report, finding: &Finding) -> SarifResult {
    let remedy = finding.remedy.as_ref().map(|remedy| remedy_text(report, remedy));
    let fix = remedy.map_or_else(String::new, |text| format!("\n\nfix:\n{text}"));
    let suppressions = match finding.status {
        FindingStatus::Fail => Vec::new(),
        FindingStatus::Suppressed | FindingStatus::Baseline => vec![Suppression { kind: "external" }],
    };
    SarifResult {
        rule_id: finding.code.to_string(),
        level: level(finding.severity),
        message: Message { text: format!("{}: {}{fix}", finding.subject.cluster(), finding.message) },
        locations: [location(report, finding)],
        partial_fingerprints: [("kubectlMesh/v1", finding.fingerprint().to_string())].into(),
        suppressions,
    }
}

fn location(report: &Report, finding: &Finding) -> Location {
    let (file, place) = position(report, finding);
    let (line, column) = place.unwrap_or((1, 1));
    let address = file.map_or_else(|| virtual_address(&finding.subject), ToOwned::to_owned);
    let path = if finding.path.is_root() { String::new() } else { format!(" {}", finding.path) };
    Location {
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(&address) },
            region: Region { start_line: line, start_column: column },
        },
        logical_locations: [Logical {
            fully_qualified_name: format!("{}/{}{path}", finding.subject.cluster(), finding.subject),
            kind: "resource",
        }],
    }
}

fn virtual_address(subject: &Subject) -> String {
    let cluster = subject.cluster();
    match subject.object() {
        Some(object) if object.namespace.is_empty() => {
            format!("clusters/{cluster}/{}/{}.yaml", object.kind, object.name)
        }
        Some(object) => {
            format!("clusters/{cluster}/{}/{}/{}.yaml", object.namespace, object.kind, object.name)
        }
        None => format!("clusters/{cluster}"),
    }
}

/// `path` as the path of a URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

fn notifications(report: &Report) -> Vec<Notification> {
    let mut notifications = Vec::new();
    let known: BTreeSet<_> = report.rules.iter().map(|rule| rule.code).collect();
    for verdict in &report.outcome.verdicts {
        if let VerdictKind::NotEvaluated { kind, gap } = &verdict.kind {
            let kind = kind.map_or_else(String::new, |kind| format!("{} ", kind.resource()));
            notifications.push(Notification {
                level: if gap.is_not_given() { "note" } else { "warning" },
                message: Message {
                    text: format!("{} not evaluated in {}: {kind}{gap}", verdict.code, verdict.cluster),
                },
                associated_rule: known
                    .contains(&verdict.code)
                    .then(|| Reference { id: verdict.code.to_string() }),
            });
        }
    }
    let left_out = report.outcome.findings.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        notifications.push(Notification {
            level: "warning",
            message: Message {
                text: format!("{left_out} findings are left out: a run holds {MOST_RESULTS}"),
            },
            associated_rule: None,
        });
    }
    notifications
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_the_path_of_a_uri() {
        assert_eq!(uri("a b/c.yaml"), "a%20b/c.yaml");
        assert_eq!(uri("dir\\x%?#é"), "dir/x%25%3F%23%C3%A9");
    }
}
