//! Wrong kubeconfigs and missing rights: a clear message, the right exit code, the rest still checked.

use std::fs;
use std::path::PathBuf;

use mesh_lab::Lab;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::through::{codes, kubectl_mesh, report};

/// The lab's kubeconfig with further contexts.
struct Kubeconfig {
    _directory: TempDir,
    path: PathBuf,
}

/// Adds contexts: name, server (`None` for that of west), token.
fn kubeconfig(lab: &Lab, contexts: &[(&str, Option<&str>, &str)]) -> Kubeconfig {
    let text = lab.kubectl_output("west", ["config", "view", "--raw", "-o", "json"]).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let west =
        config["clusters"].as_array().unwrap().iter().find(|entry| entry["name"] == "west").unwrap().clone();
    for (name, server, token) in contexts {
        let mut cluster = west.clone();
        cluster["name"] = json!(name);
        if let Some(server) = server {
            cluster["cluster"]["server"] = json!(server);
        }
        let entries = [
            ("clusters", cluster),
            ("users", json!({"name": name, "user": {"token": token}})),
            ("contexts", json!({"name": name, "context": {"cluster": name, "user": name}})),
        ];
        for (list, entry) in entries {
            config[list].as_array_mut().unwrap().push(entry);
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, config.to_string()).unwrap();
    Kubeconfig { _directory: directory, path }
}

#[test]
fn an_unknown_context_is_a_usage_error() {
    let lab = Lab::connect();
    let output = kubectl_mesh(&lab, lab.kubeconfig(), &["check", "--contexts", "west,nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.starts_with("error: context \"nowhere\" does not exist"), "{stderr}");
    assert!(stderr.trim_end().ends_with("contexts are: west, east"), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_dead_server_and_a_refused_token_are_one_finding_each_and_the_rest_is_checked() {
    let lab = Lab::connect();
    let _lock = lab.exclusive().unwrap();
    let secret = "canary-token-51c0";
    let dead = format!("https://{}:9", lab.address("east").unwrap());
    let config = kubeconfig(&lab, &[("dead", Some(&dead), "x"), ("refused", None, secret)]);
    let output =
        kubectl_mesh(&lab, &config.path, &["check", "--contexts", "east,dead,refused", "-o", "json"]);
    let report = report(&output, 3);
    let unreachable = report["items"].as_array().unwrap().iter().filter(|item| item["code"] == "MESH003");
    let clusters: Vec<_> = unreachable.map(|item| item["cluster"].as_str().unwrap()).collect();
    assert_eq!(clusters, ["dead", "refused"]);
    assert_eq!(report["complete"], false);
    assert!(report["summary"]["passed"].as_u64().unwrap() > 0, "east was checked");
    for stream in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(stream).contains(secret));
    }
}

#[test]
fn no_cluster_that_answers_is_an_error_with_a_line_for_each() {
    let lab = Lab::connect();
    let dead = format!("https://{}:9", lab.address("east").unwrap());
    let config = kubeconfig(&lab, &[("dead", Some(&dead), "x"), ("refused", None, "y")]);
    let output = kubectl_mesh(&lab, &config.path, &["check", "--contexts", "dead,refused"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("error: none of 2 clusters could be read"), "{stderr}");
    assert!(stderr.contains("dead") && stderr.contains("refused"), "{stderr}");
}

#[test]
fn a_forbidden_kind_is_named_with_its_verb_and_costs_only_its_own_rules() {
    let lab = Lab::connect();
    let _lock = lab.exclusive().unwrap();
    let reader = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: half-blind, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: half-blind}
rules:
- apiGroups: ["", apps, discovery.k8s.io, admissionregistration.k8s.io]
  resources: ["*"]
  verbs: [get, list]
- apiGroups: [networking.istio.io]
  resources: [virtualservices, serviceentries, gateways, sidecars]
  verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: half-blind}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: half-blind}
subjects:
- {kind: ServiceAccount, name: half-blind, namespace: default}
"#;
    assert!(lab.apply("west", reader).unwrap().status.success());
    let token = lab.kubectl_output("west", ["-n", "default", "create", "token", "half-blind"]).unwrap();
    let config = kubeconfig(&lab, &[("half-blind", None, token.trim())]);
    let output = kubectl_mesh(&lab, &config.path, &["check", "--contexts", "half-blind,east", "-o", "json"]);
    lab.kubectl_with_input("west", ["delete", "-f", "-"], reader).unwrap();
    let report = report(&output, 3);
    assert!(codes(&report).contains("MESH004"), "{report:#}");
    let gap = &report["gaps"][0];
    assert_eq!(
        (&gap["cluster"], &gap["resource"], &gap["cause"]),
        (&json!("half-blind"), &json!("destinationrules"), &json!("forbidden"))
    );
    let blind = report["notEvaluated"].as_array().unwrap().iter();
    let blind: Vec<_> =
        blind.filter(|entry| entry["cluster"] == "half-blind").map(|entry| &entry["code"]).collect();
    assert!(blind.contains(&&json!("MESH201")) && !blind.contains(&&json!("MESH302")), "{blind:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains(token.trim()));
}
