//! Reads fixture meshes: trees of plain YAML with one directory per cluster.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Cluster -> objects of its files, in the order of file names.
pub(crate) fn read(tree: &Path) -> Result<BTreeMap<String, Vec<Value>>> {
    let mut clusters = BTreeMap::new();
    for directory in sorted(tree)?.into_iter().filter(|path| path.is_dir()) {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut objects = Vec::new();
        for file in
            sorted(&directory)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        {
            let text =
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let documents: Vec<Value> =
                serde_yaml::from_multiple(&text).with_context(|| format!("{} is no YAML", file.display()))?;
            objects.extend(documents.into_iter().filter(|document| !document.is_null()));
        }
        clusters.insert(name, objects);
    }
    ensure!(!clusters.is_empty(), "{} holds no mesh: it needs one directory per cluster", tree.display());
    Ok(clusters)
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Whether an object has one of these kinds of the group and version `api`.
pub(crate) fn is(object: &Value, api: &str, kinds: &[&str]) -> bool {
    object["apiVersion"] == api && object["kind"].as_str().is_some_and(|kind| kinds.contains(&kind))
}

/// Namespace of an object as kubectl understands it without a flag.
pub(crate) fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or("default")
}

/// Name of an object, empty when it has none.
pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Name of the Service whose endpoints an EndpointSlice holds, when the controllers are to keep it.
pub(crate) fn service_of_slice(object: &Value) -> Option<&str> {
    let labels = &object["metadata"]["labels"];
    let kept = labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io";
    let service = labels["kubernetes.io/service-name"].as_str()?;
    (is(object, "discovery.k8s.io/v1", &["EndpointSlice"]) && kept).then_some(service)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::read;

    #[test]
    fn a_tree_gives_the_objects_of_each_cluster_in_the_order_of_files() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("west")).unwrap();
        fs::write(tree.path().join("west/b.yaml"), "kind: B\n").unwrap();
        fs::write(tree.path().join("west/a.yaml"), "kind: A1\n---\n---\nkind: A2\n").unwrap();
        fs::write(tree.path().join("west/note.txt"), "no object").unwrap();
        let clusters = read(tree.path()).unwrap();
        let kinds: Vec<_> = clusters["west"].iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["A1", "A2", "B"]);
    }

    #[test]
    fn broken_yaml_is_an_error_that_names_the_file() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("west")).unwrap();
        fs::write(tree.path().join("west/a.yaml"), "kind: [\n").unwrap();
        let error = format!("{:#}", read(tree.path()).unwrap_err());
        assert!(error.contains("west/a.yaml"), "{error}");
    }
}
