//! Remote secrets that are followed, and contexts that are one cluster.

use mesh_live::{Discover, Loaded, Unmatched};
use mesh_model::Gap;
use mesh_testkit::server::{FakeCluster, Fault, KubeconfigFile, When};

use crate::support::{load_all, mesh, service_names, services, shop};

fn with_remote_secret(cluster: FakeCluster, id: &str) -> FakeCluster {
    cluster.with_yaml(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: istio-remote-secret-{id}\n  namespace: istio-system\n  labels: \
         {{istio/multiCluster: \"true\"}}\n  annotations: {{networking.istio.io/cluster: {id}}}\ndata: {{{id}: Y2FuYXJ5}}"
    ))
}

fn chosen(loaded: &Loaded) -> Vec<(&str, &str)> {
    loaded.readings.iter().map(|reading| (reading.cluster.as_str(), reading.context.as_str())).collect()
}

#[test]
fn clusters_of_remote_secrets_are_read_under_their_cluster_id() {
    let east =
        ["tokyo", "west", "nowhere", "twice"].into_iter().fold(shop(), with_remote_secret).with_pages_of(2);
    let (tokyo, west) = (services(&["tokyo"]), services(&["west"]));
    let (east_server, tokyo_server, west_server) = (east.serve(), tokyo.serve(), west.serve());
    let kubeconfig = KubeconfigFile::new()
        .with("east", &east_server)
        .with("gke_acme_asia-northeast1_tokyo", &tokyo_server)
        .with("west", &west_server)
        .with("gke_a_b_west", &west_server)
        .with("gke_a_b_twice", &west_server)
        .with("gke_c_d_twice", &west_server);
    let loaded = load_all(&kubeconfig, |plan| plan.discover = Discover::Auto).unwrap();
    assert_eq!(
        chosen(&loaded),
        [("east", "east"), ("tokyo", "gke_acme_asia-northeast1_tokyo"), ("west", "west")]
    );
    let unmatched = |cluster_id: &str, candidates: &[&str]| Unmatched {
        cluster_id: cluster_id.to_owned(),
        candidates: candidates.iter().map(|&name| name.to_owned()).collect(),
    };
    assert_eq!(
        loaded.remote.unmatched,
        [unmatched("nowhere", &[]), unmatched("twice", &["gke_a_b_twice", "gke_c_d_twice"])]
    );
    assert_eq!(loaded.remote.gap, None);
    let path = "/api/v1/namespaces/istio-system/secrets?labelSelector=istio%2FmultiCluster%3Dtrue&limit=500 (metadata)";
    assert!(east.requests().iter().any(|request| request == path));
    let secrets = |request: &String| request.contains("/secrets") && !request.ends_with("(metadata)");
    assert!(!east.requests().iter().any(secrets));
    let mesh = mesh(loaded);
    assert_eq!(service_names(mesh.cluster("tokyo").unwrap()), ["tokyo"]);
    assert!(!format!("{mesh:?}").contains("canary"));
}

#[test]
fn a_secret_for_the_cluster_itself_adds_nothing() {
    let east = with_remote_secret(with_remote_secret(shop(), "east"), "other");
    let server = east.serve();
    let kubeconfig = KubeconfigFile::new().with("east", &server);
    let loaded = load_all(&kubeconfig, |plan| plan.discover = Discover::Auto).unwrap();
    assert_eq!(chosen(&loaded), [("east", "east")]);
    assert_eq!(loaded.remote.unmatched.len(), 1);
}

#[test]
fn remote_secrets_that_cannot_be_listed_leave_the_current_context() {
    let east =
        with_remote_secret(shop(), "west").failing(When::listing("secrets"), Fault::forbidden("secrets"));
    let (east, west) = (east.serve(), shop().serve());
    let kubeconfig = KubeconfigFile::new().with("east", &east).with("west", &west);
    let loaded = load_all(&kubeconfig, |plan| plan.discover = Discover::Auto).unwrap();
    assert_eq!(chosen(&loaded), [("east", "east")]);
    assert!(matches!(loaded.remote.gap, Some(Gap::Forbidden { .. })));
}

#[test]
fn nothing_is_followed_when_contexts_are_typed_or_discovery_is_off() {
    let east = with_remote_secret(shop(), "west");
    let (east, west) = (east.serve(), shop().serve());
    let kubeconfig = KubeconfigFile::new().with("east", &east).with("west", &west);
    let loaded = load_all(&kubeconfig, |plan| plan.discover = Discover::None).unwrap();
    assert_eq!(chosen(&loaded), [("east", "east")]);
    let loaded = load_all(&kubeconfig, |plan| {
        plan.contexts = vec!["east".to_owned()];
        plan.discover = Discover::Auto;
    });
    assert_eq!(chosen(&loaded.unwrap()), [("east", "east")]);
}

#[test]
fn all_contexts_reads_a_cluster_once_and_typed_contexts_read_it_as_often_as_typed() {
    let (east, west) = (shop(), shop());
    let (east_server, west_server) = (east.serve(), west.serve());
    let kubeconfig = KubeconfigFile::new()
        .with("east", &east_server)
        .with("east-admin", &east_server)
        .with("west", &west_server);
    let loaded = load_all(&kubeconfig, |plan| plan.all_contexts = true).unwrap();
    assert_eq!(chosen(&loaded), [("east", "east"), ("west", "west")]);
    assert_eq!(loaded.same, [("east-admin".to_owned(), "east".into())]);
    assert_eq!(east.count("/api/v1/services"), 1);

    let typed = |plan: &mut mesh_live::Plan| plan.contexts = vec!["east*".to_owned()];
    let loaded = load_all(&kubeconfig, typed).unwrap();
    assert_eq!(chosen(&loaded), [("east", "east"), ("east-admin", "east-admin")]);
    let mesh = mesh(loaded);
    let uid =
        |name: &str| mesh.cluster(name).unwrap().namespaces.find("", "kube-system").unwrap().fact.uid.clone();
    assert_eq!(uid("east"), uid("east-admin"));
}
