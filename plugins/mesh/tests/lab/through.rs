//! Calls the plugin through the real kubectl, and reads what it prints.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use mesh_lab::Lab;
use serde_json::Value;

/// Code, cluster, kind, namespace, name, path and peer of a finding: what must not depend on the source.
pub(crate) type Identity = [String; 7];

/// `kubectl mesh WORDS` with the kubeconfig of the lab or another one.
pub(crate) fn kubectl_mesh(lab: &Lab, kubeconfig: &Path, words: &[&str]) -> Output {
    // A directory of its own: beside the binary may lie `kubectl-mesh-check`, which kubectl would run instead.
    let plugins = tempfile::tempdir().expect("a temporary directory can be made");
    symlink(env!("CARGO_BIN_EXE_kubectl-mesh"), plugins.path().join("kubectl-mesh"))
        .expect("links can be made");
    let kubectl = lab.program("kubectl").expect("the lab has kubectl");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(plugins.path().to_owned()).chain(std::env::split_paths(&inherited));
    let mut command = lab.command(kubectl).expect("the lab runs");
    command.env("PATH", std::env::join_paths(path).expect("directories without colons"));
    command.env("KUBECONFIG", kubeconfig).arg("mesh").args(words);
    command.output().expect("kubectl runs")
}

/// The report of a run with `-o json`; `code` is what the process must have returned.
pub(crate) fn report(output: &Output, code: i32) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}\n{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).expect("-o json prints JSON")
}

pub(crate) fn identities(report: &Value) -> BTreeSet<Identity> {
    let items = report["items"].as_array().expect("a report has items");
    let keys = ["code", "cluster", "objectKind", "namespace", "objectName", "path", "peer"];
    items.iter().map(|item| keys.map(|key| item[key].as_str().unwrap_or_default().to_owned())).collect()
}

pub(crate) fn codes(report: &Value) -> BTreeSet<String> {
    identities(report).into_iter().map(|[code, ..]| code).collect()
}
