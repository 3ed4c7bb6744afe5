//! Clusters that cannot be reached: each costs itself alone.

use std::net::TcpListener;
use std::time::Duration;

use mesh_model::{Gap, KindSet, Mesh};
use mesh_testkit::server::{DeadAddress, FakeCluster, Fault, KubeconfigFile, When};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{load_all, lost, mesh, service_names, services, shop};

/// Reads all contexts that are given.
fn all(kubeconfig: &KubeconfigFile) -> Mesh {
    let loaded = load_all(kubeconfig, |plan| {
        plan.contexts = vec!["*".to_owned()];
        plan.kinds = KindSet::Service | KindSet::Namespace;
    });
    mesh(loaded.expect("clusters are no usage errors"))
}

#[test]
fn of_many_clusters_the_dead_one_is_the_only_gap() {
    let clusters: Vec<_> = (0..20).map(|_| shop()).collect();
    let servers: Vec<_> = clusters.iter().map(FakeCluster::serve).collect();
    let dead = DeadAddress::new();
    let kubeconfig = servers
        .iter()
        .enumerate()
        .fold(KubeconfigFile::new(), |file, (number, server)| file.with(&format!("c{number:02}"), server))
        .with_dead("dead", &dead);
    let mesh = all(&kubeconfig);
    assert_eq!(mesh.clusters().len(), 21);
    assert_eq!(lost(&mesh, "dead"), format!("unreachable: {}: Connection refused", dead.url()));
    for cluster in mesh.clusters().iter().filter(|cluster| cluster.name != "dead") {
        assert_eq!(cluster.gaps.of_cluster(), None);
        assert_eq!(service_names(cluster), ["payments"]);
    }
}

#[test]
fn a_server_under_another_root_is_unreachable_by_tls() {
    let (east, west) = (shop(), shop());
    let (east, west) = (east.serve_tls(), west.serve_tls());
    let kubeconfig = KubeconfigFile::new().with("east", &east).with_cluster("west", &west.url(), east.root());
    let mesh = all(&kubeconfig);
    let cause = lost(&mesh, "west");
    assert!(
        cause.starts_with(&format!("unreachable: {}: TLS: invalid peer certificate", west.url())),
        "{cause}"
    );
    assert_eq!(mesh.cluster("east").unwrap().gaps.of_cluster(), None);
}

#[test]
fn a_port_that_accepts_and_says_nothing_costs_its_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kubeconfig = KubeconfigFile::new()
        .with_cluster("http", &format!("http://{address}"), None)
        .with_cluster("https", &format!("https://{address}"), None);
    let loaded = load_all(&kubeconfig, |plan| {
        plan.contexts = vec!["*".to_owned()];
        plan.request_timeout = Duration::from_millis(300);
    });
    let mesh = mesh(loaded.unwrap());
    for cluster in ["http", "https"] {
        assert_eq!(mesh.cluster(cluster).unwrap().gaps.of_cluster(), Some(&Gap::Timeout { after_ms: 300 }));
    }
}

#[test]
fn a_body_cut_by_a_closed_connection_is_read_again() {
    let cluster = services(&["a"]).failing(When::listing("services").first(2), Fault::CutBody);
    let server = cluster.serve_tls();
    let mesh = all(&KubeconfigFile::new().with("east", &server));
    assert_eq!(service_names(mesh.cluster("east").unwrap()), ["a"]);
    assert_eq!(cluster.count("/api/v1/services"), 3);
}

#[test]
fn a_context_whose_part_of_the_kubeconfig_is_broken_is_lost_alone() {
    let cluster = shop();
    let server = cluster.serve();
    let kubeconfig = KubeconfigFile::new()
        .with("east", &server)
        .with_cluster("no-url", "", None)
        .with_cluster("bad-root", &server.url(), Some("no certificate"))
        .with_cluster("bad-key", &server.url(), None)
        .with_user(
            json!({"client-certificate-data": "canary-certificate!", "client-key-data": "canary-key!"}),
        );
    let mesh = all(&kubeconfig);
    assert_eq!(mesh.cluster("east").unwrap().gaps.of_cluster(), None);
    for cluster in ["no-url", "bad-key"] {
        let cause = lost(&mesh, cluster);
        assert!(cause.starts_with("unreachable: ") && !cause.contains("canary"), "{cause}");
    }
}

#[test]
fn the_proxy_of_a_cluster_is_used_and_named_when_it_is_dead() {
    let cluster = shop();
    let server = cluster.serve();
    let dead = DeadAddress::new();
    let proxy = dead.url().replace("https", "http");
    let kubeconfig = KubeconfigFile::new().with("east", &server).through(&proxy);
    let cause = lost(&all(&kubeconfig), "east");
    assert_eq!(cause, format!("unreachable: {} through proxy {proxy}: Connection refused", server.url()));
    assert!(cluster.requests().is_empty());
}

#[test]
fn credential_plugins_fail_for_their_own_cluster_and_without_what_they_printed_for_the_program() {
    let cluster = shop();
    let server = cluster.serve();
    let exec = |command: &str, args: &[&str]| {
        json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": args, "interactiveMode": "Never",
        }})
    };
    let credential =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}"#;
    let kubeconfig = KubeconfigFile::new()
        .with("works", &server)
        .with_user(exec("sh", &["-c", &format!("echo '{credential}'")]))
        .with("missing", &server)
        .with_user(exec("no-such-plugin", &[]))
        .with("fails", &server)
        .with_user(exec("sh", &["-c", "echo canary-token; echo 'run: login again' >&2; exit 3"]))
        .with("babbles", &server)
        .with_user(exec("sh", &["-c", "echo canary-token: ["]));
    let mesh = all(&kubeconfig);
    assert_eq!(service_names(mesh.cluster("works").unwrap()), ["payments"]);
    assert_eq!(
        lost(&mesh, "missing"),
        "unreachable: credential plugin no-such-plugin cannot be started: No such file or directory (os error 2); \
         install it"
    );
    assert_eq!(
        lost(&mesh, "fails"),
        "unreachable: credential plugin sh failed with exit status: 3: run: login again"
    );
    assert_eq!(
        lost(&mesh, "babbles"),
        "unreachable: credential plugin sh did not print an ExecCredential with a token or a certificate"
    );
}

#[test]
fn a_credential_plugin_runs_once_and_is_told_what_for() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let cluster = shop();
    let server = cluster.serve();
    let script = format!(
        "echo \"$KUBERNETES_EXEC_INFO $GREETING\" >> {}; \
         echo '{{apiVersion: client.authentication.k8s.io/v1, kind: ExecCredential, status: {{token: t}}}}'",
        log.display()
    );
    let kubeconfig = KubeconfigFile::new().with("east", &server).with_user(json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
        "env": [{"name": "GREETING", "value": "hello"}], "interactiveMode": "Never", "provideClusterInfo": true,
    }}));
    let mesh = all(&kubeconfig);
    assert_eq!(service_names(mesh.cluster("east").unwrap()), ["payments"]);
    let lines = std::fs::read_to_string(&log).unwrap();
    let expected = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "spec": {"interactive": false, "cluster": {"server": server.url()}},
    });
    let (told, greeting) = lines.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert_eq!(greeting, "hello");
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    assert_eq!(told, expected);
}

#[test]
fn a_credential_plugin_that_hangs_ends_with_the_run() {
    let cluster = shop();
    let server = cluster.serve();
    let exec = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sleep", "args": ["600"], "interactiveMode": "Never",
    }});
    let kubeconfig = KubeconfigFile::new().with("east", &server).with_user(exec);
    let loaded = load_all(&kubeconfig, |plan| plan.timeout = Some(Duration::from_millis(300)));
    let mesh = mesh(loaded.unwrap());
    assert_eq!(mesh.cluster("east").unwrap().gaps.of_cluster(), Some(&Gap::Timeout { after_ms: 300 }));
    assert!(cluster.requests().is_empty());
}
