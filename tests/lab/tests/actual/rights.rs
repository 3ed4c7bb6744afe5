//! What a port-forward needs of a real API server.

use std::fs;

use mesh_lab::{Lab, eventually};
use mesh_model::Gap;
use serde_json::{Value, json};

use crate::{HOST, Read, pod};

/// A service account that may read everything, and has these verbs on port-forwards.
fn account(name: &str, verbs: &[&str]) -> Value {
    let rules = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": verbs},
    ]);
    let role = "rbac.authorization.k8s.io";
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}},
        {"apiVersion": format!("{role}/v1"), "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": format!("{role}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": role, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
        },
    ]})
}

/// The lab's kubeconfig with the context west acting as the account.
fn kubeconfig(lab: &Lab, account: &str) -> Value {
    let text = lab.kubectl_output("west", ["config", "view", "--raw", "-o", "json"]).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let token = lab.kubectl_output("west", ["-n", "default", "create", "token", account]).unwrap();
    config["users"] = json!([{"name": account, "user": {"token": token.trim()}}]);
    let west = config["contexts"].as_array_mut().unwrap().iter_mut().find(|one| one["name"] == "west");
    west.unwrap()["context"]["user"] = json!(account);
    config
}

#[test]
fn a_port_forward_needs_both_verbs_and_the_refusal_names_them() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let _proxy = lab.start_proxy("west", "shop", "echo-1").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, verbs, enough) in [
        ("forward-none", &[] as &[&str], false),
        ("forward-get", &["get"], false),
        ("forward-create", &["create"], false),
        ("forward-both", &["get", "create"], true),
    ] {
        // Without a rule rather than with an empty list of verbs, which the API server refuses.
        let mut account = account(name, verbs);
        if verbs.is_empty() {
            account["items"][1]["rules"].as_array_mut().unwrap().pop();
        }
        let account = account.to_string();
        let output = lab.apply("west", &account).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = folder.path().join(name);
        fs::write(&path, kubeconfig(&lab, name).to_string()).unwrap();
        // The API server learns of roles in its own time; before, not even lists are allowed.
        let outcome = eventually(|| {
            let read = Read::with(&path, &["west"]);
            if read.mesh.cluster("west").unwrap().gaps.iter().next().is_some() {
                return Err("lists are forbidden still".to_owned());
            }
            Ok(read.actual(&pod("west", "echo-1"), &[HOST]))
        });
        lab.kubectl_with_input("west", ["delete", "-f", "-"], &account).unwrap();
        match outcome {
            Ok(_) => assert!(enough, "{verbs:?} are enough"),
            Err(Gap::Forbidden { message }) => {
                let needs = "port 15000 of pod \"shop/echo-1\" needs the verbs get and create on pods/portforward in \
                             namespace \"shop\": ";
                assert!(!enough && message.starts_with(needs), "{verbs:?}: {message}");
            }
            Err(other) => panic!("{verbs:?}: {other}"),
        }
    }
}
