//! A finding in the machine formats.

use serde::Serialize;

use mesh_rules::{Code, Evidence, Finding, FindingStatus, Subject};

use crate::Report;
use crate::remedy::remedy_text;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingItem<'a> {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    area: &'static str,
    severity: &'static str,
    status: &'static str,
    cluster: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(flatten)]
    object: ObjectItem<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: &'a str,
    evidence: Vec<EvidenceItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy_safe: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    istio_version: Option<&'a str>,
    docs: String,
    fingerprint: String,
    suppressed: bool,
}

impl<'a> FindingItem<'a> {
    pub(crate) fn of(report: &'a Report, finding: &'a Finding) -> Self {
        let (file, position) = position(report, finding);
        let cluster = finding.subject.cluster();
        Self {
            code: finding.code.to_string(),
            name: report.rule(finding.code).map(|rule| rule.name),
            area: finding.area().as_str(),
            severity: finding.severity.as_str(),
            status: status(finding.status),
            cluster,
            peer: finding.peer.as_deref(),
            object: ObjectItem::of(&finding.subject),
            path: finding.path.to_string(),
            file,
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            message: &finding.message,
            evidence: finding.evidence.iter().map(EvidenceItem::of).collect(),
            remedy_kind: finding.remedy.as_ref().map(mesh_rules::Remedy::kind),
            remedy: finding.remedy.as_ref().map(|remedy| remedy_text(report, remedy)),
            remedy_safe: finding.remedy.as_ref().map(mesh_rules::Remedy::is_safe),
            istio_version: report.cluster(cluster).and_then(|cluster| cluster.istio_version.as_deref()),
            docs: docs_url(finding.code),
            fingerprint: finding.fingerprint().to_string(),
            suppressed: finding.status == FindingStatus::Suppressed,
        }
    }
}

/// Address of a rule's page.
#[must_use]
pub fn docs_url(code: Code) -> String {
    format!("{}/blob/main/docs/rules/{code}.md", env!("CARGO_PKG_REPOSITORY"))
}

/// File, line and column of a finding, as far as they are known.
pub(crate) fn position<'a>(
    report: &'a Report,
    finding: &'a Finding,
) -> (Option<&'a str>, Option<(u32, u32)>) {
    match (report.places.get(&finding.fingerprint()), &finding.subject) {
        (Some(place), _) => (Some(&place.file), Some((place.line, place.column))),
        (None, Subject::Document { file, position, .. }) => (Some(file), *position),
        (None, Subject::Object(_) | Subject::Cluster(_)) => (None, None),
    }
}

const fn status(status: FindingStatus) -> &'static str {
    match status {
        FindingStatus::Fail => "fail",
        FindingStatus::Suppressed => "suppressed",
        FindingStatus::Baseline => "baseline",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    object_group: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name: Option<&'a str>,
}

impl<'a> ObjectItem<'a> {
    fn of(subject: &'a Subject) -> Self {
        let object = subject.object();
        Self {
            object_group: object.map(|object| object.kind.group()),
            object_kind: object.map(|object| object.kind.as_str()),
            namespace: object.map(|object| object.namespace.as_str()).filter(|name| !name.is_empty()),
            object_name: object.map(|object| object.name.as_str()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceItem<'a> {
    cluster: &'a str,
    #[serde(flatten)]
    object: ObjectItem<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    value: &'a str,
}

impl<'a> EvidenceItem<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        Self {
            cluster: evidence.subject.cluster(),
            object: ObjectItem::of(&evidence.subject),
            path: evidence.path.to_string(),
            value: &evidence.value,
        }
    }
}
