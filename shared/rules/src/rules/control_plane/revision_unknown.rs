//! MESH804.

use std::collections::BTreeMap;

use mesh_model::row::{NamespaceFact, PodFact};
use mesh_model::{Kind, Row, path};
use serde_json::json;

use super::revisions::{DEFAULT, INJECTION, POD_INJECTION, REVISION, Served};
use crate::rule::declare_rule;
use crate::shell;
use crate::{Check, ClusterView, Line, MeshView, Sink, Tags};

declare_rule! {
    "revision_unknown.md",
    pub static REVISION_UNKNOWN = {
        code: 804, name: "revision-unknown", summary: "labels name revisions that are served",
        severity: Error, tags: Tags::empty(),
        needs: [Namespace, Pod, MutatingWebhookConfiguration, ControlPlaneRevision],
        closed: [Deployment, MutatingWebhookConfiguration], after: [5],
        check: Check::Cluster(check),
    };
}

/// Namespaces that istiod never injects into (`istio: pkg/kube/inject/initializer.go: IgnoredNamespaces`).
const NEVER: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Names of managed channels begin so; whether one is served may be known to ControlPlaneRevisions only.
const MANAGED: &str = "asm-managed";

fn check(_: &MeshView<'_>, cluster: &ClusterView<'_>, out: &mut Sink<'_>) {
    let served = Served::of(cluster);
    if served.is_empty() {
        return;
    }
    for row in cluster.namespaces().rows().iter().filter(|row| !NEVER.contains(&row.obj.name.as_str())) {
        match (row.labels.get(INJECTION), row.labels.get(REVISION)) {
            // The API server's selectors let istio-injection win over istio.io/rev.
            (Some("enabled"), _) if !served.has_default() => report_injection(row, &served, out),
            (None, Some(revision)) if is_unknown(cluster, &served, revision) => {
                report_namespace(row, revision, &served, out);
            }
            (None, None) => check_pods(cluster, row, &served, out),
            _ => {}
        }
    }
}

fn is_unknown(cluster: &ClusterView<'_>, served: &Served<'_>, revision: &str) -> bool {
    let hidden = revision.starts_with(MANAGED) && !cluster.knows(Kind::ControlPlaneRevision);
    !revision.is_empty() && !hidden && !served.knows(revision)
}

fn report_namespace(row: &Row<NamespaceFact>, revision: &str, served: &Served<'_>, out: &mut Sink<'_>) {
    let message = format!(
        "Namespace \"{}\" asks for revision \"{revision}\", which nothing serves in this cluster ({})",
        row.obj.name,
        choice(served)
    );
    let draft = out.report(row, path!["metadata", "labels", REVISION], message);
    let target = served.only().or_else(|| served.names().into_iter().next()).unwrap_or(DEFAULT);
    draft.patch(json!({"metadata": {"labels": {REVISION: target}}}), served.names().len() == 1);
}

fn report_injection(row: &Row<NamespaceFact>, served: &Served<'_>, out: &mut Sink<'_>) {
    let message = format!(
        "Namespace \"{}\" asks the default revision for sidecars, but there is none in this cluster ({})",
        row.obj.name,
        choice(served)
    );
    let draft = out.report(row, path!["metadata", "labels", INJECTION], message);
    let target = served.only().or_else(|| served.names().into_iter().next()).unwrap_or(DEFAULT);
    let labels = json!({INJECTION: null, REVISION: target});
    draft.patch(json!({"metadata": {"labels": labels}}), served.names().len() == 1);
}

/// Pods choose for themselves only where their namespace says nothing. Pods of one workload carry one label, so
/// each value is told once per namespace.
fn check_pods(
    cluster: &ClusterView<'_>,
    namespace: &Row<NamespaceFact>,
    served: &Served<'_>,
    out: &mut Sink<'_>,
) {
    let mut unserved: BTreeMap<(&str, &str), Vec<&Row<PodFact>>> = BTreeMap::new();
    for row in cluster.pods().in_namespace(&namespace.obj.name) {
        if row.fact.finished || row.fact.host_network || row.labels.is(POD_INJECTION, "false") {
            continue;
        }
        match row.labels.get(REVISION) {
            Some(revision) if is_unknown(cluster, served, revision) => {
                unserved.entry((REVISION, revision)).or_default().push(row);
            }
            None if row.labels.is(POD_INJECTION, "true") && !served.has_default() => {
                unserved.entry((POD_INJECTION, DEFAULT)).or_default().push(row);
            }
            _ => {}
        }
    }
    for ((label, revision), rows) in unserved {
        let Some((first, others)) = rows.split_first() else { continue };
        let more = match others.len() {
            0 => String::new(),
            1 => " and one more of its namespace".to_owned(),
            count => format!(" and {count} more of its namespace"),
        };
        let asks = if others.is_empty() { "asks" } else { "ask" };
        let message = format!(
            "Pod \"{}\"{more} {asks} for revision \"{revision}\", which nothing serves in this cluster ({})",
            first.obj.qualified_name(),
            choice(served)
        );
        let target = served.only().or_else(|| served.names().into_iter().next()).unwrap_or(DEFAULT);
        let mut draft = out.report(first, path!["metadata", "labels", label], message);
        for other in others.iter().take(4) {
            draft = draft.evidence(other, path!["metadata", "labels", label], format!("{label}={revision}"));
        }
        let (tag, revision) = (shell::name(revision), shell::name(target));
        let line = Line::from(format!("istioctl tag set {tag} --revision {revision} --context="));
        draft.command(line.then_context(cluster.name()), false);
    }
}

fn choice(served: &Served<'_>) -> String {
    format!("served: {}", served.names().join(", "))
}
