//! The documents of a case: read from its fences, changed by remedies, lowered into a mesh.

use mesh_model::{ClusterBuilder, Gap, Kind, Mesh, MeshBuilder, Note, ObjectRef, Origin};
use serde_json::Value;

use super::Fence;
use super::settings::Settings;

/// All objects of a case, as values, so that remedies can be applied to them, and what could not be read.
#[derive(Clone, Default)]
pub(super) struct Documents {
    documents: Vec<Document>,
    broken: Vec<Note>,
}

#[derive(Clone)]
struct Document {
    cluster: String,
    origin: Origin,
    value: Value,
}

/// A document of a fence: the lines before it and its text. Parts without content are none.
pub(super) fn parts(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut parts = vec![(0, String::new())];
    for (position, line) in text.lines().enumerate() {
        if line == "---" || line.starts_with("--- ") {
            parts.push((position + 1, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    parts.into_iter().filter(move |(_, part)| !part.lines().all(blank))
}

impl Documents {
    /// Reads the fences; the items of a `List` become documents of their own.
    pub(super) fn read(fences: &[Fence]) -> Self {
        let mut read = Self::default();
        for (file, fence) in fences.iter().enumerate() {
            for (index, (above, text)) in parts(&fence.text).enumerate() {
                match serde_yaml::from_str(&text) {
                    Ok(value) => read.add(fence, [file, index], value),
                    Err(error) => read.broken.push(Note::Unreadable {
                        cluster: fence.cluster.clone(),
                        object: None,
                        file: fence.file.clone(),
                        position: error.location().map(|at| {
                            let line = above + usize::try_from(at.line()).unwrap_or(usize::MAX);
                            (small(line), u32::try_from(at.column()).unwrap_or(u32::MAX))
                        }),
                        message: error.without_snippet().to_string(),
                    }),
                }
            }
        }
        read
    }

    fn add(&mut self, fence: &Fence, [file, index]: [usize; 2], mut value: Value) {
        let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        let items = match value["items"].take() {
            Value::Array(items) if is_list => items,
            _ => vec![value],
        };
        for (item, value) in items.into_iter().enumerate() {
            let origin = Origin::Document { file: small(file), index: small(index), item: small(item) };
            self.documents.push(Document { cluster: fence.cluster.to_string(), origin, value });
        }
    }

    /// The mesh these documents are.
    pub(super) fn mesh(&self, fences: &[Fence], settings: &Settings) -> Mesh {
        let mut names: Vec<&str> = fences.iter().map(|fence| fence.cluster.as_str()).collect();
        names.extend(settings.gaps.iter().map(|(cluster, _, _)| cluster.as_str()));
        names.sort_unstable();
        names.dedup();
        let clusters = names.into_iter().map(|name| self.cluster(name, fences, settings));
        let mesh = clusters.fold(MeshBuilder::default(), MeshBuilder::with);
        mesh.finish_with_places(&|origin| match origin {
            Origin::Document { file, .. } => fences[file as usize].file.clone(),
            Origin::Live => String::new(),
        })
    }

    fn cluster(&self, name: &str, fences: &[Fence], settings: &Settings) -> ClusterBuilder {
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
        let of_this = |note: &&Note| matches!(note, Note::Unreadable { cluster, .. } if *cluster == name);
        self.broken.iter().filter(of_this).for_each(|note| cluster.note(note.clone()));
        let mut lower = mesh_wire::Lower::new(&mut cluster);
        for document in self.documents.iter().filter(|document| document.cluster == name) {
            let Some(kind) = kind(&document.value) else { continue };
            let bytes = document.value.to_string();
            if let Err(error) = mesh_wire::lower_json(kind, bytes.as_bytes(), document.origin, &mut lower) {
                lose(document, kind, error.to_string(), fences, lower.builder());
            }
        }
        cluster
    }

    /// Where an object was read, if it is there.
    pub(super) fn origin(&self, object: &ObjectRef) -> Option<Origin> {
        self.documents.iter().find(|document| document.is(object)).map(|document| document.origin)
    }

    /// The value of an object, to be changed.
    pub(super) fn find_mut(&mut self, object: &ObjectRef) -> Result<&mut Value, String> {
        let found = self.documents.iter_mut().find(|document| document.is(object));
        found.map(|document| &mut document.value).ok_or_else(|| format!("{object} is not there"))
    }

    /// Adds an object, or puts it in the place of the one of its name.
    pub(super) fn put(&mut self, cluster: &str, value: Value) {
        let fresh = Document { cluster: cluster.to_owned(), origin: Origin::Live, value };
        match self
            .documents
            .iter_mut()
            .find(|document| document.cluster == cluster && document.names_same(&fresh))
        {
            Some(document) => document.value = fresh.value,
            None => self.documents.push(fresh),
        }
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, object: &ObjectRef) -> Result<(), String> {
        let at = self.documents.iter().position(|document| document.is(object));
        self.documents.remove(at.ok_or_else(|| format!("{object} is not there"))?);
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

/// An object of a known kind that cannot be decoded: noted, and its kind is known in part.
fn lose(document: &Document, kind: Kind, message: String, fences: &[Fence], cluster: &mut ClusterBuilder) {
    let namespace = if kind.namespaced() { namespace(&document.value) } else { "" };
    let name = document.value["metadata"]["name"].as_str();
    let object = name.map(|name| cluster.object(kind, namespace, name));
    let file = match document.origin {
        Origin::Document { file, .. } => fences[file as usize].file.clone(),
        Origin::Live => String::new(),
    };
    let cause = message.clone();
    cluster.note(Note::Unreadable { cluster: cluster.name().clone(), object, file, position: None, message });
    cluster.gaps_mut().lose(kind, Gap::Truncated { cause });
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
