//! What is installed: it matches objects of the mesh only, fails open, and fits the program.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use mesh_model::{ClusterBuilder, Kind, Origin};
use mesh_webhook::args::Args;
use mesh_webhook::router::{FailurePolicy, PATH};
use mesh_wire::{Lower, lower_json};
use serde_json::{Value, json};

fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests")
}

/// Every document of every YAML file below `manifests/`, with its file.
fn documents() -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    let mut directories = vec![manifests()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = fs::read_to_string(&path).unwrap();
                for document in text.split("\n---\n") {
                    found.push((path.clone(), serde_yaml::from_str(document).unwrap()));
                }
            }
        }
    }
    found
}

fn base(kind: &str) -> Value {
    let at = manifests().join("base");
    let mut found: Vec<_> =
        documents().into_iter().filter(|(path, one)| path.starts_with(&at) && one["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0).1
}

fn container() -> Value {
    base("Deployment")["spec"]["template"]["spec"]["containers"][0].clone()
}

#[test]
fn no_configuration_matches_anything_but_objects_of_the_mesh() {
    let documents = documents();
    let configurations: Vec<_> =
        documents.iter().filter(|(_, one)| one["kind"] == "ValidatingWebhookConfiguration").collect();
    assert_eq!(configurations.len(), 2, "the base and the patch for cert-manager");
    let webhooks =
        configurations.iter().flat_map(|(_, one)| one["webhooks"].as_array().into_iter().flatten());
    for webhook in webhooks {
        assert_eq!(webhook["failurePolicy"], "Ignore");
        assert_eq!(webhook["sideEffects"], "None");
        assert_eq!(webhook["matchPolicy"], "Equivalent");
        assert!(webhook["timeoutSeconds"].as_u64().unwrap() <= 5);
        assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]));
        assert!(webhook.get("objectSelector").is_none(), "users set labels");
        for rule in webhook["rules"].as_array().unwrap() {
            assert_eq!(rule["apiGroups"], json!(["networking.istio.io"]));
            assert_eq!(rule["apiVersions"], json!(["v1"]));
            assert_eq!(rule["resources"], json!(["destinationrules"]));
            assert_eq!(rule["operations"], json!(["CREATE", "UPDATE"]));
            assert_eq!(rule["scope"], "Namespaced");
        }
    }
}

#[test]
fn the_configuration_excludes_its_own_namespace_and_calls_the_service() {
    let webhook = base("ValidatingWebhookConfiguration")["webhooks"][0].clone();
    let namespace = base("Namespace")["metadata"]["name"].clone();
    assert_eq!(
        webhook["namespaceSelector"]["matchExpressions"][0],
        json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]})
    );
    let service = base("Service");
    assert_eq!(
        webhook["clientConfig"]["service"],
        json!({"namespace": namespace, "name": service["metadata"]["name"], "path": PATH, "port": 443})
    );
    assert_eq!(service["spec"]["ports"][0]["port"], 443);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], container()["ports"][0]["name"]);
    let pod_labels = &base("Deployment")["spec"]["template"]["metadata"]["labels"];
    for (key, value) in service["spec"]["selector"].as_object().unwrap() {
        assert_eq!(&pod_labels[key], value);
    }
}

#[test]
fn the_programs_options_fit_ports_mounts_and_policy() {
    let container = container();
    let words = container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let args = Args::try_parse_from(std::iter::once("mesh-webhook").chain(words)).unwrap();
    assert_eq!(container["ports"][0]["containerPort"], args.listen.port());
    assert_eq!(container["ports"][1]["containerPort"], args.admin_listen.port());
    let mount = Path::new(container["volumeMounts"][0]["mountPath"].as_str().unwrap());
    // The keys of a Secret of type kubernetes.io/tls.
    assert_eq!(args.tls_cert_file, mount.join("tls.crt"));
    assert_eq!(args.tls_private_key_file, mount.join("tls.key"));
    assert_eq!(args.failure_policy, FailurePolicy::Ignore);
    for probe in ["readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "admin");
    }
    let image = container["image"].as_str().unwrap();
    assert!(image.ends_with(concat!(":", env!("CARGO_PKG_VERSION"))), "{image}");
}

#[test]
fn pods_stay_outside_the_mesh_and_without_rights() {
    let template = &base("Deployment")["spec"]["template"];
    assert_eq!(template["metadata"]["labels"]["sidecar.istio.io/inject"], "false");
    assert_eq!(template["metadata"]["labels"]["istio.io/dataplane-mode"], "none");
    let spec = &template["spec"];
    assert_eq!(spec["automountServiceAccountToken"], false);
    assert_eq!(spec["serviceAccountName"], base("ServiceAccount")["metadata"]["name"]);
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
    assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let context = &spec["containers"][0]["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
    assert_eq!(base("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let kinds: Vec<_> =
        documents().into_iter().map(|(_, one)| one["kind"].as_str().unwrap_or("").to_owned()).collect();
    assert!(!kinds.iter().any(|kind| kind.contains("Role")), "it calls no API: {kinds:?}");
}

#[test]
fn every_file_of_the_base_is_listed_and_the_configuration_is_read_by_our_own_shapes() {
    let listed = base("Kustomization")["resources"].as_array().unwrap().clone();
    for entry in fs::read_dir(manifests().join("base")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "kustomization.yaml" || listed.contains(&name.clone().into()), "{name}");
    }
    let mut cluster = ClusterBuilder::new("west");
    let json = base("ValidatingWebhookConfiguration").to_string();
    let kind = Kind::ValidatingWebhookConfiguration;
    lower_json(kind, json.as_bytes(), Origin::Live, &mut Lower::new(&mut cluster)).unwrap();
    assert_eq!(cluster.validating_webhooks[0].fact.webhooks.len(), 1);
}
