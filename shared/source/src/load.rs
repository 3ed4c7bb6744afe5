//! Files -> cluster builders, on a few threads. The result does not depend on their number.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use mesh_model::{ClusterBuilder, ClusterName, FieldPath, Gap, Kind, Note, ObjectRef, Origin, path};
use mesh_wire::{Lower, lower_json, versions};
use serde_json::Value;

use crate::decode::{self, Failure, Form};
use crate::files::{self, File};
use crate::head::{self, Head, Identity, Top};
use crate::unit::{self, Items, Unit, What};
use crate::{Input, LoadOptions, Loaded, Places, SourceError, locate};

/// Below this many bytes a second thread costs more than it saves.
const SMALL: u64 = 256 << 10;
/// More threads only make more copies of the strings that a cluster shares.
const MAX_THREADS: usize = 4;
/// Enough for the deepest document that is accepted, in a build without optimisation.
const STACK: usize = 16 << 20;

pub(crate) fn load(
    inputs: &[Input],
    options: &LoadOptions,
    stdin: &mut dyn Read,
) -> Result<Loaded, SourceError> {
    let found = files::find(inputs, stdin)?;
    let mut clusters: BTreeMap<ClusterName, ClusterBuilder> =
        found.clusters.keys().map(|name| (name.clone(), ClusterBuilder::new(name.clone()))).collect();
    let files: Vec<File> = found.clusters.into_values().flatten().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let (mut unknown_documents, mut objects) = (0, 0);
    for share in run(&files, &plan(&files, threads)) {
        unknown_documents += share.unknown;
        objects += share.objects;
        for builder in share.builders {
            if let Some(cluster) = clusters.get_mut(builder.name()) {
                cluster.absorb(builder);
            }
        }
    }
    for note in found.notes {
        if let Note::Unreadable { cluster, .. } = &note
            && let Some(builder) = clusters.get_mut(cluster)
        {
            builder.note(note);
        }
    }
    let mut clusters: Vec<_> = clusters.into_values().collect();
    for cluster in &mut clusters {
        if let Some(version) = options.istio_version {
            cluster.set_istio_version(version);
        }
        if !options.complete {
            cluster.lose_what_was_not_given();
        }
    }
    Ok(Loaded { clusters, places: Places::new(files), unknown_documents, objects })
}

/// A file for one thread, or a range of units of a file that threads share.
#[derive(Clone)]
struct Task<'f> {
    file: usize,
    shared: Option<(Arc<Opened<'f>>, Range<usize>)>,
}

/// Cuts the work into shares of about equal bytes, in the order of files.
fn plan(files: &[File], threads: usize) -> Vec<Vec<Task<'_>>> {
    let total: u64 = files.iter().map(|file| file.size).sum();
    let shares = if total < SMALL { 1 } else { threads.max(1) };
    let mut plan = vec![Vec::new(); shares];
    let share =
        |offset: u64| usize::try_from(offset * shares as u64 / total.max(1)).unwrap_or(0).min(shares - 1);
    let mut offset = 0;
    for (number, file) in files.iter().enumerate() {
        let (first, last) = (share(offset), share(offset + file.size));
        let large = file.size > SMALL && file.size > total / (2 * shares as u64);
        match large.then(|| Opened::open(file)) {
            Some(Ok(opened)) if first < last => {
                let opened = Arc::new(opened);
                let mut from = 0;
                for (at, tasks) in plan.iter_mut().enumerate().take(last + 1).skip(first) {
                    let ends = |unit: &Unit| share(offset + unit.bytes.start as u64) > at;
                    let rest = &opened.units[from..];
                    let length = if at == last {
                        rest.len()
                    } else {
                        rest.iter().position(ends).unwrap_or(rest.len())
                    };
                    tasks.push(Task {
                        file: number,
                        shared: Some((Arc::clone(&opened), from..from + length)),
                    });
                    from += length;
                }
            }
            _ => plan[first].push(Task { file: number, shared: None }),
        }
        offset += file.size;
    }
    plan
}

/// A file's text with its units.
struct Opened<'f> {
    bytes: Cow<'f, [u8]>,
    units: Vec<Unit>,
}

impl<'f> Opened<'f> {
    fn open(file: &'f File) -> Result<Self, String> {
        let bytes = file.read()?;
        let units = unit::units(&bytes);
        Ok(Self { bytes, units })
    }

    /// The text of a unit; empty for one that is not UTF-8.
    fn text(&self, unit: &Unit) -> &str {
        std::str::from_utf8(&self.bytes[unit.bytes.clone()]).unwrap_or_default()
    }
}

/// What one thread read.
#[derive(Default)]
struct Share {
    builders: Vec<ClusterBuilder>,
    unknown: usize,
    objects: usize,
}

fn run(files: &[File], plan: &[Vec<Task<'_>>]) -> Vec<Share> {
    thread::scope(|scope| {
        let threads: Vec<_> = plan
            .iter()
            .map(|tasks| {
                let work = move || read_share(files, tasks);
                thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(|_| work)
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // No thread to be had: here, then.
                Err(work) => work(),
            })
            .collect()
    })
}

fn read_share(files: &[File], mut tasks: &[Task<'_>]) -> Share {
    let mut share = Share::default();
    while let Some(first) = tasks.first() {
        let cluster = &files[first.file].cluster;
        let same = tasks.iter().take_while(|task| files[task.file].cluster == *cluster).count();
        let mut builder = ClusterBuilder::new(cluster.clone());
        let mut reader = Reader { into: Lower::new(&mut builder), unknown: 0, objects: 0 };
        for task in &tasks[..same] {
            reader.task(task, &files[task.file]);
        }
        share.unknown += reader.unknown;
        share.objects += reader.objects;
        share.builders.push(builder);
        tasks = &tasks[same..];
    }
    share
}

/// Reads units into one cluster.
struct Reader<'a> {
    into: Lower<'a>,
    unknown: usize,
    objects: usize,
}

/// Where a unit stands: its file, and its text.
#[derive(Clone, Copy)]
struct Source<'s> {
    file: &'s str,
    number: u32,
    unit: &'s Unit,
    text: &'s str,
}

impl Reader<'_> {
    fn task(&mut self, task: &Task<'_>, file: &File) {
        let number = u32::try_from(task.file).unwrap_or(u32::MAX);
        match &task.shared {
            Some((opened, range)) => self.units(opened, range.clone(), file, number),
            None => match Opened::open(file) {
                Ok(opened) => self.units(&opened, 0..opened.units.len(), file, number),
                Err(message) => self.note(None, &file.name, None, message),
            },
        }
    }

    fn units(&mut self, opened: &Opened<'_>, range: Range<usize>, file: &File, number: u32) {
        for unit in &opened.units[range] {
            let text = opened.text(unit);
            let source = Source { file: &file.name, number, unit, text };
            match unit::resolve(unit, text) {
                None | Some(What::Item) => {}
                Some(What::Foreign) => self.unknown += 1,
                Some(What::Empty(kind)) => self.into.builder().saw(kind),
                Some(What::Object(kind)) => self.object(source, kind),
                Some(What::Version(kind, version)) => self.version(source, kind, &version),
                Some(What::List(of)) => self.list(source, of),
                Some(What::Broken(failure)) => self.broken(source, failure),
            }
        }
    }

    fn object(&mut self, source: Source<'_>, kind: Kind) {
        self.objects += 1;
        let Source { unit, text, .. } = source;
        let origin = Origin::Document { file: source.number, index: unit.index, item: unit.item };
        if let Err(failure) = decode::object(text, unit.form, kind, origin, &mut self.into) {
            let at = unit.at.inside(failure.at.line, failure.at.column);
            self.lost(source, kind, &identity(text, unit.form), Failure { at, ..failure });
        }
    }

    fn version(&mut self, source: Source<'_>, kind: Kind, version: &str) {
        self.objects += 1;
        let Source { unit, text, .. } = source;
        let known = versions(kind).join(", ");
        let message = format!("apiVersion {version:?} of {kind} is not read; versions that are: {known}");
        let at = locate::walk(text, unit.form, &path!["apiVersion"]);
        let at = at.map_or(unit.at, |at| unit.at.inside(at.line, at.column));
        self.lost(source, kind, &identity(text, unit.form), Failure { message, at });
    }

    /// A list that only a whole parse can take apart.
    fn list(&mut self, source: Source<'_>, of: Items) {
        let Source { unit, text, .. } = source;
        let place = |path: &FieldPath| {
            let at = locate::walk(text, unit.form, path);
            at.map_or(unit.at, |at| unit.at.inside(at.line, at.column))
        };
        let items = match decode::value(text, unit.form) {
            Ok(mut list) => list.get_mut("items").map(Value::take),
            Err(error) => {
                let at = unit.at.inside(error.at.line, error.at.column);
                return self.broken(source, Failure { at, ..error });
            }
        };
        let items = match items {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                let failure = Failure { message: "items: is no list".to_owned(), at: place(&path!["items"]) };
                return self.broken(source, failure);
            }
        };
        if let Items::Of(kind) = of {
            self.into.builder().saw(kind);
        }
        for (number, value) in items.into_iter().enumerate() {
            let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
            let head = Head { api_version: text("apiVersion"), kind: text("kind") };
            let what = match of {
                Items::Of(kind) => What::Object(kind),
                Items::Mixed => unit::object(&head),
            };
            let What::Object(kind) = what else {
                self.unknown += 1;
                continue;
            };
            self.objects += 1;
            let item = u32::try_from(number).unwrap_or(u32::MAX);
            let origin = Origin::Document { file: source.number, index: unit.index, item };
            if let Err(error) = lower_json(kind, value.to_string().as_bytes(), origin, &mut self.into) {
                let name = |key: &str| value["metadata"][key].as_str().unwrap_or_default().to_owned();
                let identity = Identity { name: name("name"), namespace: name("namespace") };
                let path = decode::field_path(path!["items", number], &error.path);
                let failure = Failure { message: error.to_string(), at: place(&path) };
                self.lost(source, kind, &identity, decode::hide_secret(kind, failure));
            }
        }
    }

    /// A unit that is not even syntax; its beginning may still tell what it was to be.
    fn broken(&mut self, source: Source<'_>, failure: Failure) {
        let form = source.unit.form;
        if let Top::Mapping { head, identity, .. } = head::parse(source.text, form == Form::Item)
            && let What::Object(kind) = unit::object(&head)
        {
            self.objects += 1;
            return self.lost(source, kind, &identity, failure);
        }
        let position = Some((failure.at.line, failure.at.column.saturating_add(1)));
        self.note(None, source.file, position, failure.message);
    }

    /// An object of a known kind is missing: its kind is known in part only.
    fn lost(&mut self, source: Source<'_>, kind: Kind, identity: &Identity, failure: Failure) {
        let namespace = match (kind.namespaced(), identity.namespace.as_str()) {
            (true, "") => "default",
            (true, given) => given,
            (false, _) => "",
        };
        let named = !identity.name.is_empty();
        let object = named.then(|| self.into.builder().object(kind, namespace, &identity.name));
        let cause = match &object {
            Some(object) => format!("{object} cannot be decoded"),
            None => format!("an object of {} cannot be decoded", kind.resource()),
        };
        let builder = self.into.builder();
        builder.saw(kind);
        builder.gaps_mut().lose(kind, Gap::Truncated { cause });
        let position = Some((failure.at.line, failure.at.column.saturating_add(1)));
        self.note(object, source.file, position, failure.message);
    }

    fn note(&mut self, object: Option<ObjectRef>, file: &str, position: Option<(u32, u32)>, message: String) {
        let builder = self.into.builder();
        let cluster = builder.name().clone();
        builder.note(Note::Unreadable { cluster, object, file: file.to_owned(), position, message });
    }
}

fn identity(text: &str, form: Form) -> Identity {
    match head::parse(text, form == Form::Item) {
        Top::Mapping { identity, .. } => identity,
        _ => Identity::default(),
    }
}
