//! MESH004.

use mesh_model::{FieldPath, Gap, Kind};

use crate::registry::ALL;
use crate::rule::declare_rule;
use crate::{Check, MeshView, Rule, Sink, Subject, Tags};

declare_rule! {
    "kind_unreadable.md",
    pub static KIND_UNREADABLE = {
        code: 4, name: "kind-unreadable", summary: "every kind that a rule needs can be read",
        severity: Warning, tags: Tags::empty(), needs: [], closed: [], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for cluster in mesh.all_clusters() {
        for (kind, gap) in cluster.gaps().iter().filter(|(_, gap)| !gap.is_not_given()) {
            let resource = kind.resource();
            let subject = Subject::Cluster(cluster.name().clone());
            let path = FieldPath::root().then(resource.clone());
            let message =
                format!("list of {resource} in cluster \"{}\" cannot be used: {gap}", cluster.name());
            let draft = out.report_subject(subject.clone(), path.clone(), message);
            let rules = codes(|rule| rule.closed.has(kind));
            let draft = if rules.is_empty() {
                draft
            } else {
                draft.evidence_of(
                    subject,
                    path,
                    format!("reason from its absence and are not evaluated: {rules}"),
                )
            };
            draft.command(command(kind, gap), !matches!(gap, Gap::Forbidden { .. }));
        }
    }
}

fn codes(chosen: impl Fn(&Rule) -> bool) -> String {
    let codes = ALL.iter().filter(|rule| chosen(rule)).map(|rule| rule.code.to_string());
    codes.collect::<Vec<_>>().join(", ")
}

/// What shows the cause, or grants the read; never both, since a role is the administrator's to give.
fn command(kind: Kind, gap: &Gap) -> String {
    let resource = kind.resource();
    match gap {
        Gap::Forbidden { .. } => {
            format!(
                "kubectl create clusterrole mesh-read-{} --verb=get,list --resource={resource}",
                kind.plural()
            )
        }
        Gap::NotServed => format!("kubectl api-resources --api-group={}", kind.group()),
        Gap::Unreachable { .. } | Gap::Timeout { .. } | Gap::Truncated { .. } | Gap::NotGiven => {
            format!("kubectl get {resource} --all-namespaces -o name")
        }
    }
}
