//! What is secret in objects and in the kubeconfig is in no output: not of files, not of clusters, not of objects
//! whose shape is broken so that an error tells of them.

use std::fmt::Write as _;

use mesh_testkit::server::{FakeCluster, Fault, KubeconfigFile, When};

use crate::program::{Ended, PROGRAM, command, finish};

/// As in `stringData`, and as in `data`. No part of either may be told, so the middle is what is searched for.
const CANARY: &str = "canary-token-of-7f3a";
const ENCODED: &str = "Y2FuYXJ5LXRva2VuLW9mLTdmM2E=";
const TRACES: [&str; 4] = ["canary", "7f3a", "Y2FuYXJ5", "W9mLTdmM2E"];

const FORMATS: [&str; 11] =
    ["", "wide", "short", "name", "json", "yaml", "jsonl", "sarif", "junit", "github", "markdown"];

/// Objects that rules report and that hold the canary wherever objects hold secrets.
const WHOLE: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: nosuch}}
---
apiVersion: v1
kind: Namespace
metadata: {name: till, labels: {}}
---
apiVersion: v1
kind: Secret
metadata:
  name: istio-remote-secret-east
  namespace: istio-system
  labels: {istio/multiCluster: 'true'}
  annotations:
    networking.istio.io/cluster: east
    kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"east":"CANARY"}}'
data: {east: ENCODED}
stringData: {east: CANARY}
---
apiVersion: v1
kind: Secret
metadata:
  name: cacerts
  namespace: istio-system
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"ca-key.pem":"ENCODED"}}'}
data: {ca-key.pem: ENCODED, root-cert.pem: ENCODED}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.29.0
        env: [{name: CLUSTER_ID, value: west}, {name: TOKEN, value: CANARY}]
---
apiVersion: v1
kind: Pod
metadata: {name: teller, namespace: till, labels: {istio.io/rev: nosuch}}
spec:
  nodeName: node-1
  containers: [{name: app, image: app, env: [{name: TOKEN, value: CANARY}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: payments
  namespace: till
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"token":"CANARY"}'}
spec:
  host: payments
  trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: us, to: eu}]}}}
"#;

/// Objects in whose place of a list or a map the canary stands.
const BROKEN: [&str; 9] = [
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken, namespace: istio-system}\ndata: CANARY",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken, namespace: istio-system, annotations: CANARY}",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken, namespace: istio-system, labels: [CANARY]}\n\
     data: {a: ENCODED}",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken, namespace: istio-system}\nstringData: [CANARY]",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: broken, namespace: shop}\nspec: CANARY",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: broken, namespace: shop}\nspec: {containers: CANARY}",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: broken, namespace: shop}\n\
     spec: {containers: [{name: istio-proxy, env: CANARY}]}",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: broken, namespace: shop}\n\
     spec: {containers: [{name: istio-proxy, env: [{name: TOKEN, value: {a: CANARY}}, CANARY]}]}",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: broken, namespace: istio-system, labels: {app: istiod}}\n\
     spec: {template: {spec: {containers: [{name: discovery, env: [CANARY]}]}}}",
];

/// Texts that are no YAML at all, or whose kind cannot be known.
const UNREADABLE: [&str; 3] = [
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\ndata: {a: \"CANARY",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\ndata:\n  a: CANARY\n b: [CANARY",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\ndata: {a: *CANARY}",
];

fn filled(text: &str) -> String {
    text.replace("CANARY", CANARY).replace("ENCODED", ENCODED)
}

/// The mesh with one broken object.
fn with(broken: &str) -> String {
    filled(&format!("{WHOLE}---\n{broken}\n"))
}

/// A difference per output that tells a secret; all are collected, so that one failure shows every leak.
fn search(ended: &Ended, what: &str, leaks: &mut String) {
    for (stream, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        for line in text.lines().filter(|line| TRACES.iter().any(|trace| line.contains(trace))) {
            writeln!(leaks, "{what}: {stream}: {line}").expect("a string takes text");
        }
    }
}

fn of_file(yaml: &str, format: &str) -> Ended {
    let args = ["check", "-f", "west=-", "-o", format, "--show-passed", "--fail-on", "info"];
    finish(command(PROGRAM, &args), yaml.as_bytes())
}

#[test]
fn no_format_tells_a_secret_of_a_file() {
    let mut leaks = String::new();
    for format in FORMATS {
        let ended = of_file(&filled(WHOLE), format);
        assert_eq!(ended.code, Some(1), "-o {format:?}: {}", ended.stderr);
        assert!(ended.stdout.contains("payments"), "-o {format:?} shows no object: {}", ended.stdout);
        search(&ended, &format!("-o {format:?}"), &mut leaks);
        for broken in BROKEN.iter().chain(&UNREADABLE) {
            let ended = of_file(&with(broken), format);
            assert!(matches!(ended.code, Some(1..=3)), "-o {format:?}: {broken}: {}", ended.stderr);
            search(&ended, &format!("-o {format:?} over {broken}"), &mut leaks);
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}

#[test]
fn no_format_tells_a_secret_of_a_cluster_or_a_kubeconfig() {
    let mut leaks = String::new();
    let whole = || FakeCluster::new().with_yaml(&filled(WHOLE));
    let broken = BROKEN.iter().map(|broken| whole().with_yaml(&filled(broken)));
    let refusing = [
        whole().failing(When::listing("secrets"), Fault::forbidden("secrets")),
        whole().failing(When::listing("pods"), Fault::Body(filled("{\"items\": \"CANARY\"}"))),
        whole().failing(When::listing("secrets"), Fault::Body(filled("{\"items\": [\"CANARY\"]}"))),
        whole().failing(When::always(), Fault::unauthorized()),
    ];
    for (index, cluster) in [whole()].into_iter().chain(broken).chain(refusing).enumerate() {
        let server = cluster.serve();
        let directory = tempfile::tempdir().expect("a directory for the kubeconfig can be made");
        let path = KubeconfigFile::new().with("west", &server).write(directory.path());
        for format in FORMATS {
            let mut command =
                command(PROGRAM, &["check", "-o", format, "--show-passed", "--fail-on", "info"]);
            command.env("KUBECONFIG", &path);
            let ended = finish(command, b"");
            assert!(matches!(ended.code, Some(1..=3)), "-o {format:?}: {}", ended.stderr);
            assert!(index > 0 || ended.stdout.contains("payments"), "-o {format:?}: {}", ended.stdout);
            search(&ended, &format!("cluster {index} -o {format:?}"), &mut leaks);
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}
