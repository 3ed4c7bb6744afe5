//! The documents of a case: read from its fences, changed by remedies, lowered into a mesh.

use mesh_model::{ClusterBuilder, Kind, Mesh, MeshBuilder, ObjectRef, Origin};
use serde_json::Value;

use super::Fence;
use super::settings::Settings;

/// All objects of a case, as values, so that remedies can be applied to them.
#[derive(Clone)]
pub(super) struct Documents(Vec<Document>);

#[derive(Clone)]
struct Document {
    cluster: String,
    origin: Origin,
    value: Value,
}

impl Documents {
    /// Reads the fences; the items of a `List` become documents of their own.
    pub(super) fn read(fences: &[Fence]) -> Result<Self, String> {
        let mut documents = Vec::new();
        for (file, fence) in fences.iter().enumerate() {
            let values: Vec<Value> =
                serde_yaml::from_multiple(&fence.text).map_err(|error| format!("{}: {error}", fence.file))?;
            for (index, mut value) in values.into_iter().enumerate() {
                let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
                let items = match value["items"].take() {
                    Value::Array(items) if is_list => items,
                    _ => vec![value],
                };
                for (item, value) in items.into_iter().enumerate() {
                    let [file, index, item] =
                        [file, index, item].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
                    let origin = Origin::Document { file, index, item };
                    documents.push(Document { cluster: fence.cluster.to_string(), origin, value });
                }
            }
        }
        Ok(Self(documents))
    }

    /// The mesh these documents are.
    pub(super) fn mesh(&self, fences: &[Fence], settings: &Settings) -> Result<Mesh, String> {
        let mut names: Vec<&str> = fences.iter().map(|fence| fence.cluster.as_str()).collect();
        names.extend(settings.gaps.iter().map(|(cluster, _, _)| cluster.as_str()));
        names.sort_unstable();
        names.dedup();
        let mut mesh = MeshBuilder::default();
        for name in names {
            mesh = mesh.with(self.cluster(name, settings)?);
        }
        let place = |origin: Origin| match origin {
            Origin::Document { file, .. } => fences[file as usize].file.clone(),
            Origin::Live => String::new(),
        };
        Ok(mesh.finish_with_places(&place))
    }

    fn cluster(&self, name: &str, settings: &Settings) -> Result<ClusterBuilder, String> {
        let mut cluster = ClusterBuilder::new(name);
        if let Some(version) = settings.istio {
            cluster.set_istio_version(version);
        }
        for (_, kind, gap) in settings.gaps.iter().filter(|(cluster, _, _)| *cluster == name) {
            match kind {
                Some(kind) => cluster.gaps_mut().lose(*kind, gap.clone()),
                None => cluster.gaps_mut().lose_cluster(gap.clone()),
            }
        }
        let mut lower = mesh_wire::Lower::new(&mut cluster);
        for document in self.0.iter().filter(|document| document.cluster == name) {
            let Some(kind) = kind(&document.value) else { continue };
            let bytes = document.value.to_string();
            mesh_wire::lower_json(kind, bytes.as_bytes(), document.origin, &mut lower)
                .map_err(|error| format!("{name}: {kind}: {error}"))?;
        }
        Ok(cluster)
    }

    /// Where an object was read, if it is there.
    pub(super) fn origin(&self, object: &ObjectRef) -> Option<Origin> {
        self.0.iter().find(|document| document.is(object)).map(|document| document.origin)
    }

    /// The value of an object, to be changed.
    pub(super) fn find_mut(&mut self, object: &ObjectRef) -> Result<&mut Value, String> {
        let found = self.0.iter_mut().find(|document| document.is(object));
        found.map(|document| &mut document.value).ok_or_else(|| format!("{object} is not there"))
    }

    /// Adds an object, or puts it in the place of the one of its name.
    pub(super) fn put(&mut self, cluster: &str, value: Value) {
        let fresh = Document { cluster: cluster.to_owned(), origin: Origin::Live, value };
        match self.0.iter_mut().find(|document| document.cluster == cluster && document.names_same(&fresh)) {
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
        self.cluster == object.cluster.as_str()
            && kind(&self.value) == Some(object.kind)
            && self.value["metadata"]["name"].as_str() == Some(&object.name)
            && (!object.kind.namespaced() || namespace(&self.value) == object.namespace.as_str())
    }

    fn names_same(&self, other: &Self) -> bool {
        self.value["kind"] == other.value["kind"]
            && group(&self.value) == group(&other.value)
            && self.value["metadata"]["name"] == other.value["metadata"]["name"]
            && namespace(&self.value) == namespace(&other.value)
    }
}

fn namespace(value: &Value) -> &str {
    value["metadata"]["namespace"].as_str().unwrap_or("default")
}

fn group(value: &Value) -> &str {
    value["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}

fn kind(value: &Value) -> Option<Kind> {
    Kind::parse(group(value), value["kind"].as_str()?)
}
