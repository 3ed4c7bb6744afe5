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
        Remedy::Command { cluster, line, .. } => {
            let line = line.render(|cluster| context(report, cluster));
            match context(report, cluster) {
                Some(context) => with_context(&line, context),
                None => line,
            }
        }
        Remedy::Manifest { cluster, objects, .. } => {
            let text = objects.iter().map(yaml_text).collect::<Vec<_>>().join("---\n");
            here_document(&format!("{} apply -f -", kubectl(report, cluster)), &text)
        }
    }
}

/// The whole remedy, each of its lines harmless to print.
pub(crate) fn remedy_lines(report: &Report, finding: &Finding) -> Vec<String> {
    let text = finding.remedy.as_ref().map(|remedy| remedy_text(report, remedy)).unwrap_or_default();
    text.lines().map(|line| escape(line).into_owned()).collect()
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

fn here_document(command: &str, text: &str) -> String {
    let mut end = "EOF".to_owned();
    while text.lines().any(|line| line == end) {
        end.push('_');
    }
    format!("{command} <<'{end}'\n{text}{end}")
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

#[cfg(test)]
mod tests {
    use mesh_rules::Line;
    use serde_json::json;

    use super::*;
    use crate::{ClusterInfo, ReportKind, Tool};

    fn report(context: Option<&str>) -> Report {
        let mut report = Report::new(ReportKind::CheckReport, Tool::default(), String::new());
        let context = context.map(ToOwned::to_owned);
        report.clusters = vec![ClusterInfo { name: "west".into(), context, ..ClusterInfo::default() }];
        report
    }

    fn patch(patch: Patch) -> Remedy {
        let target = ObjectRef::new("west", Kind::Gateway, "edge", "gw");
        Remedy::Patch { target, patch, safe: true }
    }

    #[test]
    fn a_patch_names_context_namespace_group_and_form() {
        let merge = patch(Patch::Merge(json!({"spec": {"x": "it's"}})));
        assert_eq!(
            remedy_text(&report(Some("w 1")), &merge),
            "kubectl --context 'w 1' -n edge patch gateway.networking.istio.io gw --type merge \
             -p '{\"spec\":{\"x\":\"it'\\''s\"}}'"
        );
        let json = patch(Patch::Json(json!([{"op": "remove", "path": "/a"}])));
        assert!(remedy_text(&report(None), &json).contains(" --type json -p '[{"));
    }

    #[test]
    fn files_have_no_context() {
        for remedy in [
            patch(Patch::Merge(json!({}))),
            Remedy::Command { cluster: "west".into(), line: "kubectl get x".into(), safe: true },
            Remedy::Manifest { cluster: "west".into(), objects: vec![json!({"kind": "X"})], safe: true },
        ] {
            let text = remedy_text(&report(None), &remedy);
            assert!(text.starts_with("kubectl ") && !text.contains("--context"), "{text}");
        }
    }

    #[test]
    fn a_command_gets_the_contexts_of_its_clusters_and_not_their_names() {
        for (line, text) in [
            (
                Line::from("istioctl create-remote-secret --context=")
                    .then_context(&"west".into())
                    .then(" --name=west | kubectl apply -f -"),
                "istioctl create-remote-secret --context=gke_x --name=west | kubectl --context gke_x apply -f -",
            ),
            (
                Line::from("helm upgrade istiod istio/istiod --kube-context ").then_context(&"west".into()),
                "helm upgrade istiod istio/istiod --kube-context gke_x",
            ),
            (
                Line::from("istioctl tag set a --revision b --context=").then_context(&"west".into()),
                "istioctl tag set a --revision b --context=gke_x",
            ),
            (
                Line::from("istioctl install --context=").then_context(&"west".into()).then(" --set a=west"),
                "istioctl install --context=gke_x --set a=west",
            ),
            (
                Line::from("istioctl install --context=").then_context(&"east".into()),
                "istioctl install --context=east",
            ),
        ] {
            let remedy = Remedy::Command { cluster: "west".into(), line, safe: false };
            assert_eq!(remedy_text(&report(Some("gke_x")), &remedy), text);
        }
    }

    #[test]
    fn several_objects_are_one_here_document() {
        let objects = vec![json!({"kind": "A"}), json!({"kind": "B", "data": "EOF\nx"})];
        let remedy = Remedy::Manifest { cluster: "west".into(), objects, safe: true };
        assert_eq!(
            remedy_text(&report(Some("w")), &remedy),
            "kubectl --context w apply -f - <<'EOF'\nkind: A\n---\ndata: |-\n  EOF\n  x\nkind: B\nEOF"
        );
    }

    #[test]
    fn the_text_cannot_end_its_here_document() {
        assert_eq!(
            here_document("kubectl apply -f -", "a\nEOF\nEOF_\n"),
            "kubectl apply -f - <<'EOF__'\na\nEOF\nEOF_\nEOF__"
        );
    }
}
