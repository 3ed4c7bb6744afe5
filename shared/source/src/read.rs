//! Units of files -> rows and notes of one cluster.

use std::borrow::Cow;
use std::ops::Range;

use mesh_model::{ClusterBuilder, FieldPath, Gap, Kind, Note, ObjectRef, Origin, path};
use mesh_wire::{Lower, lower_json, versions};
use serde_json::Value;

use crate::decode::{self, Failure, Form};
use crate::files::File;
use crate::head::{self, Head, Identity, Top};
use crate::locate;
use crate::split::Position;
use crate::unit::{self, Items, Unit, What};

/// A file's text with its units.
pub(crate) struct Opened<'f> {
    bytes: Cow<'f, [u8]>,
    pub(crate) units: Vec<Unit>,
}

impl<'f> Opened<'f> {
    pub(crate) fn open(file: &'f File) -> Result<Self, String> {
        let bytes = file.read()?;
        let units = unit::units(&bytes);
        Ok(Self { bytes, units })
    }

    /// The text of a unit; empty for one that is not UTF-8.
    fn text(&self, unit: &Unit) -> &str {
        std::str::from_utf8(&self.bytes[unit.bytes.clone()]).unwrap_or_default()
    }
}

/// Reads units into one cluster.
pub(crate) struct Reader<'a> {
    into: Lower<'a>,
    /// Documents and items of kinds that are not read.
    pub(crate) unknown: usize,
    /// Objects of kinds that are read, broken ones included.
    pub(crate) objects: usize,
}

/// Where a unit stands: its file, and its text.
#[derive(Clone, Copy)]
struct Source<'s> {
    file: &'s str,
    number: u32,
    unit: &'s Unit,
    text: &'s str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(builder: &'a mut ClusterBuilder) -> Self {
        Self { into: Lower::new(builder), unknown: 0, objects: 0 }
    }

    /// Reads a whole file; what cannot be opened is noted.
    pub(crate) fn file(&mut self, file: &File, number: usize) {
        match Opened::open(file) {
            Ok(opened) => self.units(&opened, 0..opened.units.len(), file, number),
            Err(message) => self.note(None, &file.name, None, message),
        }
    }

    /// Reads a range of the units of an open file.
    pub(crate) fn units(&mut self, opened: &Opened<'_>, range: Range<usize>, file: &File, number: usize) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
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
        let message = unread_version(kind, version);
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
            let at = || place(&path!["items", number]);
            let kind = match of {
                Items::Of(kind) => kind,
                Items::Mixed => match unit::object(&value_head(&value), unit.at) {
                    What::Object(kind) => kind,
                    What::Version(kind, version) => {
                        self.objects += 1;
                        let failure = Failure { message: unread_version(kind, &version), at: at() };
                        self.lost(source, kind, &value_identity(&value), failure);
                        continue;
                    }
                    What::Broken(failure) => {
                        let Position { line, column } = at();
                        let position = Some((line, column.saturating_add(1)));
                        self.note(None, source.file, position, failure.message);
                        continue;
                    }
                    _ => {
                        self.unknown += 1;
                        continue;
                    }
                },
            };
            self.objects += 1;
            let item = u32::try_from(number).unwrap_or(u32::MAX);
            let origin = Origin::Document { file: source.number, index: unit.index, item };
            if let Err(error) = lower_json(kind, value.to_string().as_bytes(), origin, &mut self.into) {
                let path = decode::field_path(path!["items", number], &error.path);
                let failure = Failure { message: error.to_string(), at: place(&path) };
                self.lost(source, kind, &value_identity(&value), decode::hide_secret(kind, failure));
            }
        }
    }

    /// A unit that is not even syntax; its beginning may still tell what it was to be.
    fn broken(&mut self, source: Source<'_>, failure: Failure) {
        let form = source.unit.form;
        if let Top::Mapping { head, identity, .. } = head::parse(source.text, form == Form::Item)
            && let Some(kind) = meant(&head)
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

/// The kind an object was to be. Without an apiVersion the core and Istio's networking group are tried: an object
/// that lacks it would be absent otherwise.
fn meant(head: &Head) -> Option<Kind> {
    if let What::Object(kind) = unit::object(head, Position::START) {
        return Some(kind);
    }
    let kind = head.kind.as_deref().filter(|_| head.api_version.is_none())?;
    Kind::parse("", kind).or_else(|| Kind::parse("networking.istio.io", kind))
}

fn unread_version(kind: Kind, version: &str) -> String {
    let known = versions(kind).join(", ");
    format!("apiVersion {version:?} of {kind} is not read; versions that are: {known}")
}

fn value_head(value: &Value) -> Head {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let odd = ["apiVersion", "kind"]
        .into_iter()
        .find(|key| value.get(key).is_some_and(|value| !value.is_string() && !value.is_null()));
    Head { api_version: text("apiVersion"), kind: text("kind"), odd }
}

fn value_identity(value: &Value) -> Identity {
    let name = |key: &str| value["metadata"][key].as_str().unwrap_or_default().to_owned();
    Identity { name: name("name"), namespace: name("namespace") }
}

fn identity(text: &str, form: Form) -> Identity {
    match head::parse(text, form == Form::Item) {
        Top::Mapping { identity, .. } => identity,
        _ => Identity::default(),
    }
}
