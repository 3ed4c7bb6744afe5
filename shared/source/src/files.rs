//! Inputs -> files, each with the cluster it belongs to. Walks directories; reads nothing yet but stdin.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use mesh_model::{ClusterName, Note};

use crate::{DEFAULT_CLUSTER, Input, SourceError};

/// Larger files are refused: they are read into memory.
const MAX_BYTES: u64 = 1 << 30;

/// A file, named as findings show it.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) cluster: ClusterName,
    pub(crate) name: String,
    /// In bytes, as far as known before reading.
    pub(crate) size: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Disk(PathBuf),
    /// Standard input and text of tests: it cannot be read again.
    Memory(Vec<u8>),
}

impl File {
    /// The whole content.
    pub(crate) fn read(&self) -> Result<Cow<'_, [u8]>, String> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.into()),
            Content::Disk(path) => {
                let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
                limited(file).map(Into::into)
            }
        }
    }

    /// Part of the content, cut short where the file ends.
    pub(crate) fn read_range(&self, range: Range<usize>) -> Option<Cow<'_, [u8]>> {
        match &self.content {
            Content::Memory(bytes) => bytes.get(range.start..range.end.min(bytes.len())).map(Into::into),
            Content::Disk(path) => {
                let mut file = fs::File::open(path).ok()?;
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(range.start as u64)).ok()?;
                file.take(range.len() as u64).read_to_end(&mut bytes).ok()?;
                Some(bytes.into())
            }
        }
    }
}

fn limited(from: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is larger than 1 GiB; give it in parts".to_owned());
    }
    Ok(bytes)
}

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By cluster name; in each cluster in the order of inputs, then of paths.
    pub(crate) clusters: BTreeMap<ClusterName, Vec<File>>,
    /// What could not be opened on the way.
    pub(crate) notes: Vec<Note>,
    /// Clusters whose directory holds nothing, with it.
    pub(crate) empty: Vec<(ClusterName, PathBuf)>,
}

impl Found {
    fn add(&mut self, cluster: &str, name: String, size: u64, content: Content) {
        let cluster = ClusterName::from(cluster);
        let file = File { cluster: cluster.clone(), name, size, content };
        self.clusters.entry(cluster).or_default().push(file);
    }

    fn unreadable(&mut self, cluster: &str, path: &Path, message: String) {
        let cluster = ClusterName::from(cluster);
        self.clusters.entry(cluster.clone()).or_default();
        self.notes.push(Note::Unreadable {
            cluster,
            object: None,
            file: path.display().to_string(),
            position: None,
            message,
        });
    }
}

/// Finds the files of all inputs.
pub(crate) fn find(inputs: &[Input], stdin: &mut dyn Read) -> Result<Found, SourceError> {
    let mut found = Found::default();
    let mut stdin = Some(stdin);
    for input in inputs {
        match input {
            Input::Text { cluster, name, text } => {
                let content = Content::Memory(text.clone().into_bytes());
                found.add(cluster, name.clone(), text.len() as u64, content);
            }
            Input::Stdin { cluster } => {
                let cluster = cluster.as_deref().unwrap_or(DEFAULT_CLUSTER);
                match limited(stdin.take().ok_or(SourceError::StdinTwice)?) {
                    Ok(bytes) => {
                        found.add(cluster, "stdin".to_owned(), bytes.len() as u64, Content::Memory(bytes));
                    }
                    Err(message) => found.unreadable(cluster, Path::new("stdin"), message),
                }
            }
            Input::Path { cluster, path } => find_path(cluster.as_deref(), path, &mut found)?,
        }
    }
    Ok(found)
}

fn find_path(cluster: Option<&str>, path: &Path, found: &mut Found) -> Result<(), SourceError> {
    let shown = || path.display().to_string();
    let meta = fs::metadata(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => SourceError::Missing { path: shown() },
        _ => SourceError::Unreadable { path: shown(), cause },
    })?;
    if !meta.is_dir() {
        let cluster = cluster.unwrap_or(DEFAULT_CLUSTER);
        found.add(cluster, shown(), meta.len(), Content::Disk(path.to_owned()));
        return Ok(());
    }
    let entries = sorted(path).map_err(|cause| SourceError::Unreadable { path: shown(), cause })?;
    let before = found.clusters.values().map(Vec::len).sum::<usize>() + found.notes.len();
    let flat = entries.iter().any(|entry| is_manifest(entry) && !entry.is_dir());
    let mut seen = HashSet::new();
    if let Some(cluster) = cluster.or_else(|| flat.then_some(DEFAULT_CLUSTER)) {
        walk(cluster, path, &mut seen, found);
        // A cluster that was named exists, whatever its directory holds.
        found.clusters.entry(cluster.into()).or_default();
    } else {
        for entry in entries.iter().filter(|entry| entry.is_dir()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            walk(&name, entry, &mut HashSet::new(), found);
        }
        // Beside clusters that were exported, an empty directory is an export that failed.
        if found.clusters.values().map(Vec::len).sum::<usize>() + found.notes.len() > before {
            for entry in entries.iter().filter(|entry| entry.is_dir() && is_empty(entry)) {
                let name = entry.file_name().unwrap_or_default().to_string_lossy();
                let cluster = ClusterName::from(&*name);
                found.clusters.entry(cluster.clone()).or_default();
                found.empty.push((cluster, entry.clone()));
            }
        }
    }
    if found.clusters.values().map(Vec::len).sum::<usize>() + found.notes.len() == before {
        return Err(SourceError::NoManifest { path: shown() });
    }
    Ok(())
}

/// Adds the manifests below `directory`. Each real directory is entered once, whatever links lead to it.
fn walk(cluster: &str, directory: &Path, seen: &mut HashSet<PathBuf>, found: &mut Found) {
    let real = match fs::canonicalize(directory) {
        Ok(real) => real,
        Err(error) => return found.unreadable(cluster, directory, format!("cannot be read: {error}")),
    };
    if !seen.insert(real) {
        return;
    }
    let entries = match sorted(directory) {
        Ok(entries) => entries,
        Err(error) => return found.unreadable(cluster, directory, format!("cannot be read: {error}")),
    };
    for entry in entries {
        match fs::metadata(&entry) {
            Ok(meta) if meta.is_dir() => walk(cluster, &entry, seen, found),
            // A pipe or device of that name could hold the run for ever.
            Ok(meta) if meta.is_file() && is_manifest(&entry) => {
                let name = entry.display().to_string();
                found.add(cluster, name, meta.len(), Content::Disk(entry));
            }
            Ok(_) if is_manifest(&entry) => {
                found.unreadable(cluster, &entry, "is no regular file".to_owned());
            }
            Err(error) if is_manifest(&entry) => {
                found.unreadable(cluster, &entry, format!("cannot be read: {error}"));
            }
            _ => {}
        }
    }
}

/// Holds no file, not even in a directory of its own. A link may lead anywhere: it counts as a file.
fn is_empty(directory: &Path) -> bool {
    let empty =
        |entry: &PathBuf| fs::symlink_metadata(entry).is_ok_and(|meta| meta.is_dir()) && is_empty(entry);
    sorted(directory).is_ok_and(|entries| entries.iter().all(empty))
}

/// Entries by name, without the hidden ones: version control, editors, and the `..data` of a mounted ConfigMap.
fn sorted(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
