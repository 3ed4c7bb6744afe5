//! Remedies as text to paste into a shell.

use mesh_model::{ClusterName, Kind, ObjectRef};
use mesh_rules::{Finding, Patch, Remedy};
use serde_json::Value;

use crate::Report;
use crate::escape::{escape, escape_json};
use crate::shell::{quote, with_context};
use crate::yaml::yaml_text;

/// The whole remedy: a command, or a command with a here-document.
pub(crate) fn remedy_text(report: &Report, remedy: &Remedy) -> String {
    match remedy {
        Remedy::Patch { target, patch, .. } => patch_command(report, target, patch),
        Remedy::Command { cluster, line, .. } => match context(report, cluster) {
            Some(context) => with_context(line, context),
            None => line.clone(),
        },
        Remedy::Manifest { cluster, objects, .. } => {
            let text = objects.iter().map(yaml_text).collect::<Vec<_>>().join("---\n");
            let mut end = "EOF".to_owned();
            while text.lines().any(|line| line == end) {
                end.push('_');
            }
            format!("{} apply -f - <<'{end}'\n{text}{end}", kubectl(report, cluster))
        }
    }
}

/// The remedy on one line.
pub(crate) fn remedy_line(report: &Report, finding: &Finding) -> Option<String> {
    let remedy = finding.remedy.as_ref()?;
    let mut line = match remedy {
        Remedy::Patch { .. } | Remedy::Command { .. } => escape(&remedy_text(report, remedy)).into_owned(),
        Remedy::Manifest { cluster, objects, .. } => {
            let names = objects.iter().map(named).collect::<Vec<_>>().join(", ");
            let hint =
                format!("apply {names} in {cluster}; -o json has the command with its text as \"remedy\"");
            escape(&hint).into_owned()
        }
    };
    if !remedy.is_safe() {
        line.push_str("  # review before use");
    }
    Some(line)
}

/// The kind with its group as kubectl takes and `-o name` prints it, for example
/// `gateway.networking.istio.io`: the group keeps kinds of one name apart.
pub(crate) fn qualified_kind(kind: Kind) -> String {
    let name = kind.as_str().to_lowercase();
    if kind.group().is_empty() { name } else { format!("{name}.{}", kind.group()) }
}

fn patch_command(report: &Report, target: &ObjectRef, patch: &Patch) -> String {
    let (form, body) = match patch {
        Patch::Merge(body) => ("merge", body),
        Patch::Json(body) => ("json", body),
    };
    let mut line = kubectl(report, &target.cluster);
    if !target.namespace.is_empty() {
        line = format!("{line} -n {}", quote(&target.namespace));
    }
    let body = body.to_string();
    format!(
        "{line} patch {} {} --type {form} -p {}",
        qualified_kind(target.kind),
        quote(&target.name),
        quote(&escape_json(&body))
    )
}

fn kubectl(report: &Report, cluster: &ClusterName) -> String {
    context(report, cluster)
        .map_or_else(|| "kubectl".to_owned(), |context| format!("kubectl --context {}", quote(context)))
}

fn context<'a>(report: &'a Report, cluster: &ClusterName) -> Option<&'a str> {
    report.cluster(cluster)?.context.as_deref()
}

fn named(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match text("/metadata/namespace") {
        "" => format!("{} {}", text("/kind"), text("/metadata/name")),
        namespace => format!("{} {namespace}/{}", text("/kind"), text("/metadata/name")),
    }
}
