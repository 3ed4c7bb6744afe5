//! The documents of a case as values, so that remedies can be applied to them.

use mesh_model::{Kind, ObjectRef};
use mesh_source::Input;
use serde_json::Value;

use super::Fence;

/// All objects of a case. What cannot be read is left out: no remedy changes it.
#[derive(Clone, Default)]
pub(super) struct Documents(Vec<Document>);

#[derive(Clone)]
struct Document {
    cluster: String,
    value: Value,
}

impl Documents {
    /// Reads the fences; the items of a `List` become documents of their own.
    pub(super) fn read(fences: &[Fence]) -> Self {
        let mut documents = Vec::new();
        for fence in fences {
            for mut value in parts(&fence.text).filter_map(|part| serde_yaml::from_str::<Value>(&part).ok()) {
                let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
                let values = match value.get_mut("items").filter(|_| is_list).map(Value::take) {
                    Some(Value::Array(items)) => items,
                    _ => vec![value],
                };
                let cluster = fence.cluster.to_string();
                documents
                    .extend(values.into_iter().map(|value| Document { cluster: cluster.clone(), value }));
            }
        }
        Self(documents)
    }

    /// The documents as input, a file per cluster; a cluster that lost all of them stays.
    pub(super) fn inputs(&self, fences: &[Fence]) -> Vec<Input> {
        let mut clusters: Vec<String> = fences.iter().map(|fence| fence.cluster.to_string()).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let texts = clusters.into_iter().map(|cluster| {
            let own = self.0.iter().filter(|document| document.cluster == cluster);
            let texts: Vec<String> = own.map(|document| document.value.to_string()).collect();
            Input::Text { name: format!("{cluster}.yaml"), text: texts.join("\n---\n"), cluster }
        });
        texts.collect()
    }

    /// The value of an object, to be changed.
    pub(super) fn find_mut(&mut self, object: &ObjectRef) -> Result<&mut Value, String> {
        let found = self.0.iter_mut().find(|document| document.is(object));
        found.map(|document| &mut document.value).ok_or_else(|| format!("{object} is not there"))
    }

    /// The values of the objects with all these labels, to be changed.
    pub(super) fn select_mut<'a>(
        &'a mut self,
        cluster: &'a str,
        kind: Kind,
        of_namespace: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a mut Value> {
        let chosen = move |document: &&mut Document| {
            let value = &document.value;
            let named = value["kind"].as_str().and_then(|name| Kind::parse(group(value), name));
            document.cluster == cluster
                && named == Some(kind)
                && (!kind.namespaced() || namespace(value) == of_namespace)
                && labels.iter().all(|(key, text)| value["metadata"]["labels"][key].as_str() == Some(text))
        };
        self.0.iter_mut().filter(chosen).map(|document| &mut document.value)
    }

    /// Adds an object, or puts it in the place of the one of its name.
    pub(super) fn put(&mut self, cluster: &str, value: Value) {
        let fresh = Document { cluster: cluster.to_owned(), value };
        match self.0.iter_mut().find(|document| document.names_same(&fresh)) {
            Some(document) => document.value = fresh.value,
            None => self.0.push(fresh),
        }
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, object: &ObjectRef) -> Result<(), String> {
        let at = self.0.iter().position(|document| document.is(object));
        self.0.remove(at.ok_or_else(|| format!("{object} is not there"))?);
        Ok(())
    }
}

impl Document {
    fn is(&self, object: &ObjectRef) -> bool {
        let kind = self.value["kind"].as_str().and_then(|kind| Kind::parse(group(&self.value), kind));
        self.cluster == object.cluster.as_str()
            && kind == Some(object.kind)
            && self.value["metadata"]["name"].as_str() == Some(&object.name)
            && (!object.kind.namespaced() || namespace(&self.value) == object.namespace.as_str())
    }

    fn names_same(&self, other: &Self) -> bool {
        self.cluster == other.cluster
            && self.value["kind"] == other.value["kind"]
            && group(&self.value) == group(&other.value)
            && self.value["metadata"]["name"] == other.value["metadata"]["name"]
            && namespace(&self.value) == namespace(&other.value)
    }
}

/// The documents of a stream.
fn parts(text: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        match parts.last_mut() {
            Some(part) if line.trim_end() != "---" => {
                part.push_str(line);
                part.push('\n');
            }
            _ => parts.push(String::new()),
        }
    }
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    parts.into_iter().filter(move |part| !part.lines().all(blank))
}

fn namespace(value: &Value) -> &str {
    value["metadata"]["namespace"].as_str().unwrap_or("default")
}

fn group(value: &Value) -> &str {
    value["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}
