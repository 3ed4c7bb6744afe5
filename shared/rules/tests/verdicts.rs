//! A rule that has nothing to look at, or cannot tell, says so: its verdict is never "passed".

use mesh_model::MeshBuilder;
use mesh_rules::engine::{self, Options};
use mesh_rules::{Outcome, VerdictKind, find};
use mesh_source::{Input, LoadOptions, load};

const ISTIOD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery}]}
";

/// The verdicts of one rule over whole clusters, each given as name and documents.
fn verdicts(rule: &str, clusters: &[(&str, &str)]) -> Vec<VerdictKind> {
    let text = |(cluster, text): &(&str, &str)| Input::Text {
        cluster: (*cluster).to_owned(),
        name: format!("{cluster}.yaml"),
        text: (*text).to_owned(),
    };
    let inputs: Vec<Input> = clusters.iter().map(text).collect();
    let options = LoadOptions { complete: true, ..LoadOptions::default() };
    let loaded = load(&inputs, &options).expect("the texts are YAML");
    let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
    let Outcome { findings, verdicts } =
        engine::run(&mesh, &[find(rule).expect("a rule of this code")], &Options::default());
    assert!(findings.is_empty(), "{findings:#?}");
    verdicts.into_iter().map(|verdict| verdict.kind).collect()
}

#[test]
fn trust_is_not_judged_where_an_istiod_runs_and_its_roots_were_not_seen() {
    for rule in ["MESH401", "MESH404", "MESH405"] {
        let verdicts = verdicts(rule, &[("west", ISTIOD)]);
        assert!(matches!(&*verdicts, [VerdictKind::NotEvaluated { .. }]), "{rule}: {verdicts:?}");
    }
}

#[test]
fn roots_that_cannot_be_read_are_not_compared() {
    let garbage = "apiVersion: v1
kind: ConfigMap
metadata: {name: istio-ca-root-cert, namespace: istio-system}
data: {root-cert.pem: garbage}
";
    for rule in ["MESH401", "MESH405"] {
        let verdicts = verdicts(rule, &[("west", garbage)]);
        assert!(matches!(&*verdicts, [VerdictKind::NotEvaluated { .. }]), "{rule}: {verdicts:?}");
    }
}

#[test]
fn a_remote_cluster_is_not_judged_by_gateways_while_its_primary_was_not_given() {
    let remote = "apiVersion: v1
kind: Namespace
metadata:
  name: istio-system
  labels: {topology.istio.io/network: east}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: ''
  meshNetworks: 'networks: {west: {endpoints: [{fromRegistry: west}], gateways: []}}'
---
apiVersion: v1
kind: Service
metadata:
  name: gateway
  namespace: istio-system
  labels: {topology.istio.io/network: east}
spec:
  selector: {istio: eastwestgateway}
  ports: [{name: tls, port: 15443}]
";
    let verdicts = verdicts("MESH509", &[("east", remote)]);
    assert!(matches!(&*verdicts, [VerdictKind::NotEvaluated { .. }]), "{verdicts:?}");
}

#[test]
fn a_tree_without_the_mesh_config_is_judged_by_the_defaults_of_istio() {
    let service = |port: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a, namespace: shop}}\nspec:\n  \
             selector: {{app: a}}\n  ports: [{{name: {port}, port: 80}}]\n"
        )
    };
    let inputs = ["west", "east"].map(|cluster| Input::Text {
        cluster: cluster.to_owned(),
        name: format!("{cluster}.yaml"),
        text: service(if cluster == "west" { "http" } else { "tcp" }),
    });
    let loaded = load(&inputs, &LoadOptions::default()).expect("the texts are YAML");
    let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
    let rules = [find("MESH302").expect("a rule of this code")];
    let outcome = engine::run(&mesh, &rules, &Options::default());
    assert_eq!(outcome.findings.len(), 1, "{outcome:#?}");
}
