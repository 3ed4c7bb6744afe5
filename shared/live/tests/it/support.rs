//! Clusters, plans and runs that the tests share.

use std::path::Path;
use std::time::Duration;

use mesh_live::{Discover, KubeconfigSource, LiveError, Loaded, Plan, load};
use mesh_model::{Cluster, Mesh, MeshBuilder};
use mesh_testkit::server::{FakeCluster, KubeconfigFile};
use tempfile::TempDir;

const SHOP: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: payments, namespace: shop}
spec: {ports: [{port: 80, name: http}], clusterIP: 10.0.0.1}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payments, namespace: shop}
spec: {host: payments}
---
apiVersion: v1
kind: Secret
metadata: {name: cacerts, namespace: istio-system}
data: {ca-key.pem: Y2FuYXJ5LWtleQ==}
---
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "trustDomain: east.example"}
"#;

pub(crate) fn shop() -> FakeCluster {
    FakeCluster::new().with_yaml(SHOP)
}

pub(crate) fn services(names: &[&str]) -> FakeCluster {
    names.iter().fold(FakeCluster::new(), |cluster, name| {
        cluster.with_yaml(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{ports: [{{port: 80}}]}}"
        ))
    })
}

pub(crate) fn plan(kubeconfig: &Path) -> Plan {
    Plan {
        kubeconfig: KubeconfigSource::File(kubeconfig.to_owned()),
        discover: Discover::None,
        // Never reached by a test that does not mean to, however busy the machine is.
        request_timeout: Duration::from_mins(2),
        ..Plan::default()
    }
}

pub(crate) fn contexts(kubeconfig: &Path, words: &[&str]) -> Plan {
    Plan { contexts: words.iter().map(|&word| word.to_owned()).collect(), ..plan(kubeconfig) }
}

pub(crate) fn run(plan: &Plan) -> Result<Loaded, LiveError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(load(plan, None))
}

pub(crate) fn mesh(loaded: Loaded) -> Mesh {
    loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish()
}

pub(crate) fn one(mesh: &Mesh) -> &Cluster {
    assert_eq!(mesh.clusters().len(), 1);
    &mesh.clusters()[0]
}

/// Loads one cluster over HTTP.
pub(crate) fn read(cluster: &FakeCluster, change: impl FnOnce(&mut Plan)) -> Mesh {
    let folder = TempDir::new().expect("a folder can be made");
    let server = cluster.serve();
    let mut plan = plan(&KubeconfigFile::new().with("east", &server).write(folder.path()));
    change(&mut plan);
    mesh(run(&plan).expect("the plan is right"))
}

pub(crate) fn service_names(cluster: &Cluster) -> Vec<String> {
    cluster.services.rows().iter().map(|row| row.obj.name.to_string()).collect()
}

/// Loads these contexts, the first of them the current one.
pub(crate) fn load_all(
    kubeconfig: &KubeconfigFile,
    change: impl FnOnce(&mut Plan),
) -> Result<Loaded, LiveError> {
    let folder = TempDir::new().expect("a folder can be made");
    let mut plan = plan(&kubeconfig.write(folder.path()));
    change(&mut plan);
    run(&plan)
}

/// What is wrong with a whole cluster.
pub(crate) fn lost(mesh: &Mesh, cluster: &str) -> String {
    let gap = mesh.cluster(cluster).expect("lost clusters are in the mesh").gaps.of_cluster();
    gap.expect("the cluster is lost").to_string()
}
