//! MESH204.

use std::collections::BTreeSet;

use mesh_model::row::ServiceFact;
use mesh_model::{FieldPath, HostServices, Row, path};
use mesh_traffic::{Cause, Caused, Distribution, RuleSet};
use serde_json::{Value, json};

use crate::facts::shared_service::{Member, merged, usual};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Subject, Tags};

declare_rule! {
    "traffic_distribution_differs.md",
    pub static TRAFFIC_DISTRIBUTION_DIFFERS = {
        code: 204, name: "traffic-distribution-differs",
        summary: "a service has one traffic distribution in all clusters",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER.union(Tags::DRIFT),
        needs: [Service, Pod, Secret, ServiceEntry], closed: [Namespace, ConfigMap], after: [],
        check: Check::Host(check),
    };
}

/// Annotation of Services and namespaces.
const ANNOTATION: &str = "networking.istio.io/traffic-distribution";

fn check(mesh: &MeshView<'_>, host: &HostServices, out: &mut Sink<'_>) {
    for group in merged(mesh, host) {
        let versions = group.iter().map(|(view, _)| view.control_plane().version);
        let rules: BTreeSet<RuleSet> = versions.flat_map(RuleSet::in_question).collect();
        let meaning = |member: &Member<'_>| Some(meanings(member, &rules));
        let Some((usual, reference)) = usual(&group, meaning) else { continue };
        for member in &group {
            let own = meanings(member, &rules);
            if own != usual {
                report(mesh, member, reference, &Difference { rules: &rules, own: &own, usual: &usual }, out);
            }
        }
    }
}

/// What a Service means under each rule set in question.
type Meanings = Vec<&'static str>;

fn meanings((view, service): &Member<'_>, rules: &BTreeSet<RuleSet>) -> Meanings {
    rules.iter().map(|rules| meaning(view, service, *rules)).collect()
}

fn meaning(view: &ClusterView<'_>, service: &Row<ServiceFact>, rules: RuleSet) -> &'static str {
    match distribution(view, service, rules).value {
        Distribution::Any => "Any",
        Distribution::PreferSameZone => "PreferSameZone",
        Distribution::PreferSameNode => "PreferSameNode",
    }
}

fn distribution(view: &ClusterView<'_>, service: &Row<ServiceFact>, rules: RuleSet) -> Caused<Distribution> {
    let field = service.fact.traffic_distribution.as_deref();
    let namespace = view.namespaces().find("", &service.obj.namespace);
    let namespace = namespace.map(|row| (&row.obj, &row.annotations));
    Distribution::of(field, (&service.obj, &service.annotations), namespace, rules)
}

struct Difference<'d> {
    rules: &'d BTreeSet<RuleSet>,
    own: &'d Meanings,
    usual: &'d Meanings,
}

impl Difference<'_> {
    /// The rule sets under which the two differ.
    fn differing(&self) -> impl Iterator<Item = (&RuleSet, (&'static str, &'static str))> {
        let pairs = self.own.iter().copied().zip(self.usual.iter().copied());
        self.rules.iter().zip(pairs).filter(|(_, (own, usual))| own != usual)
    }

    /// Where the version decides, and it is not known or not the same everywhere: the versions in question that
    /// differ.
    fn versions(&self) -> String {
        let rules: Vec<&RuleSet> = self.rules.iter().collect();
        let differs: Vec<bool> = self.own.iter().zip(self.usual).map(|(own, usual)| own != usual).collect();
        let first = differs.iter().position(|differs| *differs).unwrap_or_default();
        let end = first + differs[first..].iter().take_while(|differs| **differs).count();
        match (first, rules.get(end)) {
            (0, None) => String::new(),
            (_, None) => format!(" from {} on", rules[first]),
            (0, Some(next)) => format!(" before {next}"),
            (_, Some(next)) => format!(" from {} on and before {next}", rules[first]),
        }
    }
}

fn report(
    mesh: &MeshView<'_>,
    (view, service): &Member<'_>,
    (other_view, other): &Member<'_>,
    difference: &Difference<'_>,
    out: &mut Sink<'_>,
) {
    let Some((rules, (own, usual))) = difference.differing().next() else { return };
    let message = format!(
        "Service \"{}\" has traffic distribution {own} here and {usual} in cluster \"{}\"{}: each istiod goes by the \
         copy of its own cluster, for all endpoints",
        service.obj.qualified_name(),
        other_view.name(),
        difference.versions(),
    );
    let cause = distribution(other_view, other, *rules).cause;
    let (object, path) = match cause {
        Cause::Field { object, path } => (object, path),
        Cause::Default(_) => (other.obj.clone(), place(other)),
    };
    let _ = out
        .report(service, place(service), message)
        .peer(other_view.name())
        .unless_sure(mesh.membership().joined(view.name(), other_view.name()))
        .evidence_of(Subject::Object(object), path, usual)
        .patch(as_there(service, other, usual), false);
}

/// The field that decides about a Service by itself, or the one that could.
fn place(service: &Row<ServiceFact>) -> FieldPath {
    let is_annotated = service.annotations.get(ANNOTATION).is_some();
    if service.fact.traffic_distribution.is_none() && is_annotated {
        path!["metadata", "annotations", ANNOTATION]
    } else {
        path!["spec", "trafficDistribution"]
    }
}

/// Field and annotation as the other Service has them. Where neither has any, a namespace decides, and the
/// annotation says what is meant.
fn as_there(service: &Row<ServiceFact>, other: &Row<ServiceFact>, meant: &str) -> Value {
    let field = other.fact.traffic_distribution.as_deref();
    let annotation = other.annotations.get(ANNOTATION);
    let annotation = if field.is_none() && annotation.is_none_or(str::is_empty) && is_bare(service) {
        Some(meant)
    } else {
        annotation
    };
    let mut patch = json!({});
    if service.fact.traffic_distribution.as_deref() != field {
        patch["spec"] = json!({"trafficDistribution": field});
    }
    if service.annotations.get(ANNOTATION) != annotation {
        patch["metadata"] = json!({"annotations": {ANNOTATION: annotation}});
    }
    patch
}

fn is_bare(service: &Row<ServiceFact>) -> bool {
    service.fact.traffic_distribution.is_none()
        && service.annotations.get(ANNOTATION).is_none_or(str::is_empty)
}
