//! The report as the machine formats hold it: names, types and order of `kubectl-mesh.io/v1alpha1`.
//!
//! Lists of flat objects, no maps keyed by a cluster or a rule, no nulls: a field without a value is left out.

mod finding;

pub use self::finding::docs_url;
pub(crate) use self::finding::position;

use serde::Serialize;
use serde_json::{Map, Value};

use mesh_rules::VerdictKind;

use self::finding::FindingItem;
use crate::{API_VERSION, ClusterGap, ClusterInfo, Report, Summary};

/// The document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    #[serde(flatten)]
    pub(crate) envelope: Envelope<'a>,
    pub(crate) items: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) findings: Vec<FindingItem<'a>>,
}

/// Everything but the items.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<'a> {
    api_version: &'static str,
    kind: &'static str,
    tool: ToolItem<'a>,
    generated_at: &'a str,
    complete: bool,
    exit_code: u8,
    summary: SummaryItem,
    clusters: Vec<ClusterItem<'a>>,
    gaps: Vec<GapItem<'a>>,
    not_evaluated: Vec<VerdictItem<'a>>,
    skipped: Vec<VerdictItem<'a>>,
    #[serde(flatten)]
    fields: Option<&'a Map<String, Value>>,
}

/// One of `items`.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Item<'a> {
    Finding(Box<FindingItem<'a>>),
    Row(&'a Map<String, Value>),
}

impl<'a> Document<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let findings = report.outcome.findings.iter().map(|finding| FindingItem::of(report, finding));
        let (items, findings) = match &report.body {
            None => (findings.map(Box::new).map(Item::Finding).collect(), Vec::new()),
            Some(body) => (body.items.iter().map(Item::Row).collect(), findings.collect()),
        };
        Self { envelope: Envelope::of(report), items, findings }
    }
}

impl<'a> Envelope<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let (mut not_evaluated, mut skipped) = (Vec::new(), Vec::new());
        for verdict in &report.outcome.verdicts {
            let item = |cause, message| VerdictItem {
                code: verdict.code.to_string(),
                cluster: &verdict.cluster,
                cause,
                message,
            };
            match &verdict.kind {
                VerdictKind::NotEvaluated { kind, gap } => {
                    let message =
                        kind.map_or_else(|| gap.to_string(), |kind| format!("{}: {gap}", kind.resource()));
                    not_evaluated.push(item(gap.cause(), message));
                }
                VerdictKind::Skipped { why } => skipped.push(item(skip_cause(why), why.clone())),
                VerdictKind::Passed | VerdictKind::Failed => {}
            }
        }
        Self {
            api_version: API_VERSION,
            kind: report.kind.as_str(),
            tool: ToolItem { version: &report.tool.version, rule_set: &report.tool.rule_set },
            generated_at: &report.generated_at,
            complete: report.complete(),
            exit_code: report.exit_code,
            summary: report.summary().into(),
            clusters: report.clusters.iter().map(Into::into).collect(),
            gaps: report.gaps.iter().map(Into::into).collect(),
            not_evaluated,
            skipped,
            fields: report.body.as_ref().map(|body| &body.fields),
        }
    }
}

/// The engine names the rule that failed, or the option that was not given.
fn skip_cause(why: &str) -> &'static str {
    if why.starts_with("needs MESH") { "causeFailed" } else { "notAsked" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolItem<'a> {
    version: &'a str,
    rule_set: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryItem {
    error: usize,
    warning: usize,
    info: usize,
    suppressed: usize,
    passed: usize,
    skipped: usize,
    not_evaluated: usize,
}

impl From<Summary> for SummaryItem {
    fn from(summary: Summary) -> Self {
        let Summary { error, warning, info, suppressed, passed, skipped, not_evaluated } = summary;
        Self { error, warning, info, suppressed, passed, skipped, not_evaluated }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterItem<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    reachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    istio_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

impl<'a> From<&'a ClusterInfo> for ClusterItem<'a> {
    fn from(cluster: &'a ClusterInfo) -> Self {
        Self {
            name: &cluster.name,
            context: cluster.context.as_deref(),
            reachable: cluster.reachable,
            istio_version: cluster.istio_version.as_deref(),
            kubernetes_version: cluster.kubernetes_version.as_deref(),
            network: cluster.network.as_deref(),
            role: cluster.role.as_deref(),
            seconds: cluster.seconds,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GapItem<'a> {
    cluster: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    cause: &'static str,
    message: String,
}

impl<'a> From<&'a ClusterGap> for GapItem<'a> {
    fn from(gap: &'a ClusterGap) -> Self {
        Self {
            cluster: &gap.cluster,
            group: gap.kind.map(mesh_model::Kind::group),
            resource: gap.kind.map(mesh_model::Kind::plural),
            namespace: gap.namespace.as_deref(),
            cause: gap.gap.cause(),
            message: gap.gap.to_string(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictItem<'a> {
    code: String,
    cluster: &'a str,
    cause: &'static str,
    message: String,
}
