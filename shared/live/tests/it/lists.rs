//! The loader against fake API servers behind sockets: what is read, what is asked for, and what becomes a gap.

use std::path::Path;
use std::time::Duration;

use mesh_live::{Discover, Event, KubeconfigSource, LiveError, Loaded, Plan, load};
use mesh_model::{Cluster, Gap, Kind, KindSet, Mesh, MeshBuilder, Note};
use mesh_testkit::server::{DeadAddress, FakeCluster, Fault, KubeconfigFile, When};
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

fn shop() -> FakeCluster {
    FakeCluster::new().with_yaml(SHOP)
}

fn services(names: &[&str]) -> FakeCluster {
    names.iter().fold(FakeCluster::new(), |cluster, name| {
        cluster.with_yaml(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{ports: [{{port: 80}}]}}"
        ))
    })
}

fn plan(kubeconfig: &Path) -> Plan {
    Plan {
        kubeconfig: KubeconfigSource::File(kubeconfig.to_owned()),
        discover: Discover::None,
        request_timeout: Duration::from_secs(5),
        ..Plan::default()
    }
}

fn contexts(kubeconfig: &Path, words: &[&str]) -> Plan {
    Plan { contexts: words.iter().map(|&word| word.to_owned()).collect(), ..plan(kubeconfig) }
}

fn run(plan: &Plan) -> Result<Loaded, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(load(plan, None))
}

fn mesh(loaded: Loaded) -> Mesh {
    loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish()
}

fn one(mesh: &Mesh) -> &Cluster {
    assert_eq!(mesh.clusters().len(), 1);
    &mesh.clusters()[0]
}

/// Loads one cluster over HTTP.
fn read(cluster: &FakeCluster, change: impl FnOnce(&mut Plan)) -> Mesh {
    let folder = TempDir::new().unwrap();
    let server = cluster.serve();
    let mut plan = plan(&KubeconfigFile::new().with("east", &server).write(folder.path()));
    change(&mut plan);
    mesh(run(&plan).unwrap())
}

fn service_names(cluster: &Cluster) -> Vec<String> {
    cluster.services.rows().iter().map(|row| row.obj.name.to_string()).collect()
}

#[test]
fn several_clusters_are_read_over_http_and_https() {
    let folder = TempDir::new().unwrap();
    let (east, west) = (shop(), services(&["catalog"]));
    let (east_server, west_server) = (east.serve_tls(), west.serve());
    let kubeconfig =
        KubeconfigFile::new().with("west", &west_server).with("east", &east_server).write(folder.path());
    let loaded = run(&contexts(&kubeconfig, &["west,east"])).unwrap();

    let readings: Vec<_> =
        loaded.readings.iter().map(|r| (r.cluster.to_string(), r.context.clone())).collect();
    assert_eq!(readings, [("east".to_owned(), "east".to_owned()), ("west".to_owned(), "west".to_owned())]);
    let version = loaded.readings[0].versions.iter().find(|(kind, _)| *kind == Kind::DestinationRule);
    assert_eq!(version, Some(&(Kind::DestinationRule, "v1")));

    let mesh = mesh(loaded);
    let east = mesh.cluster("east").unwrap();
    assert_eq!(service_names(east), ["payments"]);
    assert_eq!(east.destination_rules.rows()[0].obj.name, "payments");
    assert_eq!(east.kubernetes_version.as_deref(), Some("v1.35.0"));
    assert_eq!(east.gaps.first_of(KindSet::all()), None);
    assert_eq!(service_names(mesh.cluster("west").unwrap()), ["catalog"]);
    assert_eq!(mesh.notes(), []);
}

#[test]
fn only_the_kinds_of_the_plan_are_listed_and_the_others_count_as_not_given() {
    let cluster = shop();
    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Service | KindSet::DestinationRule);
    let mut requests = cluster.requests();
    requests.sort();
    assert_eq!(
        requests,
        [
            "/api/v1/services?limit=500",
            "/apis",
            "/apis/networking.istio.io/v1/destinationrules?limit=500",
            "/version"
        ]
    );
    assert_eq!(one(&mesh).gaps.of(Kind::Service), None);
    assert_eq!(one(&mesh).gaps.of(Kind::Pod), Some(&Gap::NotGiven));
}

#[test]
fn secrets_are_metadata_of_the_system_namespace_and_config_maps_stay_there_too() {
    let cluster = shop();
    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Secret | KindSet::ConfigMap);
    let secrets: Vec<_> = one(&mesh).secrets.rows().iter().map(|row| row.obj.qualified_name()).collect();
    assert_eq!(secrets, ["istio-system/cacerts"]);
    let asked = |path: &str| cluster.requests().iter().any(|request| request == path);
    assert!(asked("/api/v1/namespaces/istio-system/secrets?limit=500 (metadata)"));
    assert!(asked("/api/v1/namespaces/istio-system/configmaps?limit=500"));
    assert!(!format!("{mesh:?}").contains("canary"));
}

#[test]
fn another_istio_namespace_is_asked_for_when_it_is_named() {
    let cluster = shop();
    read(&cluster, |plan| {
        plan.kinds = KindSet::Secret;
        plan.istio_namespace = "mesh".to_owned();
    });
    assert_eq!(cluster.count("/api/v1/namespaces/mesh/secrets"), 1);
}

#[test]
fn pages_are_put_together() {
    let cluster = services(&["a", "b", "c", "d", "e"]).with_pages_of(2);
    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Service.into());
    assert_eq!(service_names(one(&mesh)), ["a", "b", "c", "d", "e"]);
    assert_eq!(cluster.count("/api/v1/services"), 3);
    assert_eq!(one(&mesh).gaps.of(Kind::Service), None);
}

#[test]
fn a_continue_token_that_expired_reads_the_kind_once_more_in_one_piece() {
    let cluster = services(&["a", "b", "c"])
        .with_pages_of(2)
        .failing(When::listing("services").continued(), Fault::expired());
    // In one piece means without a limit, which the test's page size must not cut again.
    let whole = services(&["a", "b", "c"]).failing(When::listing("services").continued(), Fault::expired());
    assert_eq!(service_names(one(&read(&whole, |plan| plan.kinds = KindSet::Service))), ["a", "b", "c"]);

    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Service);
    assert_eq!(service_names(one(&mesh)), ["a", "b"], "each object once, although the first page came twice");
    let lists: Vec<_> =
        cluster.requests().into_iter().filter(|request| request.contains("services")).collect();
    assert_eq!(lists.first().map(String::as_str), Some("/api/v1/services?limit=500"));
    assert_eq!(lists.last().map(String::as_str), Some("/api/v1/services"));
    assert_eq!(lists.len(), 3);
}
