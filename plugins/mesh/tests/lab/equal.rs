//! One mesh through live clusters and through files gives the same findings, and a healthy one gives none.

use std::fs;
use std::path::Path;

use mesh_lab::Lab;
use mesh_model::Kind;

use crate::through::{codes, identities, kubectl_mesh, report};

/// Writes every kind of every cluster as the API server lists it. A kind that is not served becomes an empty list:
/// the server knows that there is none.
fn export(lab: &Lab, directory: &Path) {
    for cluster in lab.clusters() {
        let target = directory.join(&cluster.name);
        fs::create_dir_all(&target).unwrap();
        for kind in Kind::ALL {
            let version = mesh_wire::versions(*kind)[0];
            let prefix =
                if kind.group().is_empty() { "/api".to_owned() } else { format!("/apis/{}", kind.group()) };
            let path = format!("{prefix}/{version}/{}", kind.plural());
            let output = lab.kubectl(&cluster.name, ["get", "--raw", &path]).unwrap();
            let text = if output.status.success() {
                String::from_utf8(output.stdout).unwrap()
            } else {
                let refused = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(refused.contains("could not find the requested resource"), "{path}: {refused}");
                let api = if kind.group().is_empty() {
                    version.to_owned()
                } else {
                    format!("{}/{version}", kind.group())
                };
                format!("{{\"apiVersion\":\"{api}\",\"kind\":\"{kind}List\",\"items\":[]}}")
            };
            fs::write(target.join(format!("{}.json", kind.resource())), text).unwrap();
        }
    }
}

#[test]
fn live_clusters_and_their_export_to_files_give_identical_findings() {
    let lab = Lab::connect();
    let mesh = lab.apply_mesh("faults").unwrap();
    let files = tempfile::tempdir().unwrap();
    export(&lab, files.path());
    let live = kubectl_mesh(&lab, lab.kubeconfig(), &["check", "--contexts", "west,east", "-o", "json"]);
    let live = report(&live, 1);
    let tree = files.path().to_str().unwrap();
    let from_files = report(&kubectl_mesh(&lab, lab.kubeconfig(), &["check", "-f", tree, "-o", "json"]), 1);
    drop(mesh);
    assert_eq!(identities(&live), identities(&from_files));
    let wanted = [
        "MESH201", "MESH205", "MESH206", "MESH215", "MESH238", "MESH301", "MESH302", "MESH303", "MESH501",
        "MESH503", "MESH505", "MESH804", "MESH813",
    ];
    let found = codes(&live);
    let missed: Vec<_> = wanted.iter().filter(|code| !found.contains(**code)).collect();
    assert!(missed.is_empty(), "missed {missed:?}; found {found:?}");
}

#[test]
fn what_a_tree_alone_shows_is_what_its_live_mesh_shows() {
    let lab = Lab::connect();
    let select = "MESH201,MESH205,MESH206,MESH238,MESH302,MESH303,MESH501,MESH505";
    let tree = mesh_lab::source_directory().join("meshes/faults");
    let words = ["check", "-f", tree.to_str().unwrap(), "--select", select, "-o", "json"];
    let from_files = report(&kubectl_mesh(&lab, lab.kubeconfig(), &words), 1);
    let mesh = lab.apply_mesh("faults").unwrap();
    let words = ["check", "--contexts", "west,east", "--select", select, "-o", "json"];
    let live = report(&kubectl_mesh(&lab, lab.kubeconfig(), &words), 1);
    drop(mesh);
    assert_eq!(identities(&live), identities(&from_files));
}

#[test]
fn a_healthy_mesh_gives_no_finding_at_warning_or_above() {
    let lab = Lab::connect();
    let mesh = lab.apply_mesh("two-networks").unwrap();
    let words = ["check", "--contexts", "west,east", "--fail-on", "warning", "-o", "json"];
    let output = kubectl_mesh(&lab, lab.kubeconfig(), &words);
    drop(mesh);
    let report = report(&output, 0);
    assert_eq!(report["complete"], true, "{report:#}");
    assert!(report["summary"]["passed"].as_u64().unwrap() > 0);
}
