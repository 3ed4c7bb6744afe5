//! What is read, and what is asked for.

use mesh_model::{Gap, Kind, KindSet};
use mesh_testkit::server::{Fault, KubeconfigFile, When};
use tempfile::TempDir;

use crate::support::{contexts, mesh, one, read, run, service_names, services, shop};

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
    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Service);
    assert_eq!(service_names(one(&mesh)), ["a", "b", "c", "d", "e"]);
    assert_eq!(cluster.count("/api/v1/services"), 3);
    assert_eq!(one(&mesh).gaps.of(Kind::Service), None);
}

#[test]
fn a_continue_token_that_expired_reads_the_kind_once_more_in_one_piece() {
    let expired = When::listing("services").continued();
    let cluster = services(&["a", "b", "c"]).with_pages_of(2).failing(expired, Fault::expired());
    let mesh = read(&cluster, |plan| plan.kinds = KindSet::Service);
    assert_eq!(
        service_names(one(&mesh)),
        ["a", "b", "c"],
        "each object once, although two of them came twice"
    );
    assert_eq!(one(&mesh).gaps.of(Kind::Service), None);
    let lists: Vec<_> =
        cluster.requests().into_iter().filter(|request| request.contains("services")).collect();
    assert_eq!(lists.len(), 3);
    assert_eq!((lists[0].as_str(), lists[2].as_str()), ("/api/v1/services?limit=500", "/api/v1/services"));
}
