//! What a limit to one namespace hides, and that hidden failures never count as passed.

use mesh_model::{FieldPath, KindSet, Mesh, MeshBuilder, Namespace, Row};
use mesh_rules::engine::{self, Options};
use mesh_rules::{
    Asks, Check, ClusterView, Code, Focus, MeshView, Outcome, Rule, RuleStatus, Severity, Sink, Tags,
    VerdictKind,
};
use mesh_source::{Input, LoadOptions, load};

const MESH: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: v1
kind: Service
metadata: {name: till, namespace: bank}
spec: {ports: [{port: 80}]}
";

const fn rule(code: u16, after: &'static [Code], check: Check) -> Rule {
    Rule {
        code: Code(code),
        name: "test",
        summary: "test",
        severity: Severity::Error,
        status: RuleStatus::Stable,
        since: "0.1.0",
        tags: Tags::empty(),
        needs: KindSet::Namespace.union(KindSet::Node).union(KindSet::Service),
        closed: KindSet::empty(),
        asks: Asks::empty(),
        after,
        docs: "",
        check,
    }
}

static NAMESPACES: Rule = rule(901, &[], Check::Cluster(namespaces));
static NODES: Rule = rule(902, &[], Check::Node(|_, row, out| bad(row, out)));
static SERVICES: Rule = rule(903, &[], Check::Service(|_, row, out| bad(row, out)));
static CLUSTERS: Rule =
    rule(904, &[], Check::Cluster(|_, cluster, out| _ = out.report_cluster(cluster.name(), "bad")));
static BEHIND_SERVICES: Rule = rule(905, &[Code(903)], Check::Node(|_, row, out| bad(row, out)));
static SILENT: Rule = rule(906, &[], Check::Node(|_, _, _| ()));

fn bad<R>(row: &Row<R>, out: &mut Sink<'_>) {
    let _ = out.report(row, FieldPath::root(), "bad");
}

fn namespaces(_: &MeshView<'_>, cluster: &ClusterView<'_>, out: &mut Sink<'_>) {
    for row in cluster.namespaces().rows() {
        bad(row, out);
    }
}

fn mesh() -> Mesh {
    let input =
        Input::Text { cluster: "west".to_owned(), name: "west.yaml".to_owned(), text: MESH.to_owned() };
    let loaded = load(&[input], &LoadOptions::default()).expect("text can be read");
    loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish()
}

fn in_shop(rules: &[&'static Rule]) -> Outcome {
    let focus = Focus { namespace: Some(Namespace::from("shop")), ..Focus::default() };
    engine::run(&mesh(), rules, &Options { focus, ..Options::default() })
}

fn verdicts(outcome: &Outcome) -> Vec<(u16, VerdictKind)> {
    outcome.verdicts.iter().map(|verdict| (verdict.code.0, verdict.kind.clone())).collect()
}

fn skipped(why: &str) -> VerdictKind {
    VerdictKind::Skipped { why: why.to_owned() }
}

#[test]
fn a_namespace_is_part_of_itself_and_no_other_is() {
    let outcome = in_shop(&[&NAMESPACES]);
    let named: Vec<_> = outcome.findings.iter().map(|finding| finding.subject.to_string()).collect();
    assert_eq!(named, ["Namespace shop"]);
    assert_eq!(verdicts(&outcome), [(901, VerdictKind::Failed)]);
}

#[test]
fn failures_of_objects_without_a_namespace_are_skipped_and_not_passed() {
    let outcome = in_shop(&[&NODES, &SILENT]);
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    assert_eq!(verdicts(&outcome), [(902, skipped("outside -n")), (906, VerdictKind::Passed)]);
}

#[test]
fn failures_of_another_namespace_are_hidden_and_still_stop_what_runs_behind_them() {
    let outcome = in_shop(&[&SERVICES, &BEHIND_SERVICES]);
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    assert_eq!(verdicts(&outcome), [(903, VerdictKind::Passed), (905, skipped("needs MESH903"))]);
}

#[test]
fn what_concerns_a_whole_cluster_is_told_in_every_namespace() {
    let outcome = in_shop(&[&CLUSTERS]);
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(verdicts(&outcome), [(904, VerdictKind::Failed)]);
}
