//! Meshes out of manifests.

use mesh_model::{ClusterBuilder, Kind, Mesh, MeshBuilder, Origin};
use mesh_wire::{Lower, lower_json};
use serde_json::Value;

/// A mesh of clusters, each with its manifests as YAML documents.
pub(crate) fn mesh(clusters: &[(&str, &str)]) -> Mesh {
    let built = clusters.iter().map(|(name, manifests)| cluster(name, manifests));
    built.fold(MeshBuilder::default(), MeshBuilder::with).finish()
}

fn cluster(name: &str, manifests: &str) -> ClusterBuilder {
    let mut cluster = ClusterBuilder::new(name);
    let mut lower = Lower::new(&mut cluster);
    let objects: Vec<Value> = serde_yaml::from_multiple(manifests).expect("the manifests are YAML");
    for object in objects.iter().filter(|object| !object.is_null()) {
        let version = object["apiVersion"].as_str().expect("a manifest has an apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let kind = object["kind"].as_str().expect("a manifest has a kind");
        let kind = Kind::parse(group, kind).unwrap_or_else(|| panic!("{kind} is no kind that is read"));
        let bytes = serde_json::to_vec(object).expect("a JSON value serialises");
        lower_json(kind, &bytes, Origin::Live, &mut lower)
            .unwrap_or_else(|error| panic!("{error}: {object}"));
    }
    cluster
}

/// A Deployment of istiod, version 1.31.
pub(crate) fn istiod(cluster: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: istiod, namespace: istio-system, labels: {{app: istiod}}}}
spec:
  template:
    metadata: {{labels: {{app: istiod}}}}
    spec:
      containers:
      - name: discovery
        image: istio/pilot:1.31.0
        env: [{{name: CLUSTER_ID, value: {cluster}}}]
"
    )
}

/// A Service with port 80 for HTTP, and whatever further ports are given.
pub(crate) fn service(namespace: &str, name: &str, more_ports: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{clusterIP: 10.0.0.1, selector: {{app: {name}}}, ports: [{{name: http, port: 80}}{more_ports}]}}
"
    )
}

/// A pod with a sidecar.
pub(crate) fn pod(namespace: &str, name: &str, labels: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}
spec:
  serviceAccountName: {name}
  containers: [{{name: istio-proxy, args: [proxy, sidecar]}}]
status: {{phase: Running, podIP: 10.0.1.1, conditions: [{{type: Ready, status: 'True'}}]}}
"
    )
}
