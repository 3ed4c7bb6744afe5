//! Cuts a file into units: the objects in it, each with its place and, where it was cheap, its kind.
//!
//! Loading and locating cut with the same code, so the numbers in an origin mean the same to both.

use std::ops::Range;

use mesh_model::Kind;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode::{self, Failure, Form};
use crate::head::{self, Head, Top};
use crate::list;
use crate::split::{self, Position};

/// A document, or an item of a list document.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Number of the document in its file.
    pub(crate) index: u32,
    /// Number of the item in its list; 0 for a document of its own.
    pub(crate) item: u32,
    /// Bytes in the file.
    pub(crate) bytes: Range<usize>,
    /// Where they begin.
    pub(crate) at: Position,
    pub(crate) form: Form,
    pub(crate) what: What,
}

/// What a unit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An object of a kind that is read.
    Object(Kind),
    /// A kind that is read, in a version that is not.
    Version(Kind, String),
    /// Anything else with a kind, or a mapping without one.
    Foreign,
    /// An item whose head was not looked at yet.
    Item,
    /// A typed list without items.
    Empty(Kind),
    /// A list that has to be parsed as a whole.
    List(Items),
    /// Not readable; the position is the file's.
    Broken(Failure),
}

const TEMPLATE: &str = "is a template that was not rendered";
pub(crate) const NO_OBJECT: &str = "is no Kubernetes object: it has neither apiVersion nor kind";

/// What the items of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Items {
    /// All of one kind: `DestinationRuleList`.
    Of(Kind),
    /// Each says its own: `List`.
    Mixed,
}

/// The units of a file, in order.
pub(crate) fn units(bytes: &[u8]) -> Vec<Unit> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let message = "is UTF-16; save it as UTF-8".to_owned();
        return vec![broken(0, 0..bytes.len(), Position::START, Failure { message, at: Position::START })];
    }
    let mut cut = Cut { units: Vec::new(), index: 0 };
    for chunk in split::chunks(bytes) {
        match std::str::from_utf8(chunk.bytes) {
            Ok(text) => cut.chunk(text, chunk.start, chunk.at),
            Err(error) => {
                let valid = std::str::from_utf8(&chunk.bytes[..error.valid_up_to()]).unwrap_or_default();
                let message = "is not UTF-8 text".to_owned();
                let failure = Failure { message, at: chunk.at.after(valid) };
                cut.broken(chunk.start..chunk.start + chunk.bytes.len(), chunk.at, failure);
            }
        }
    }
    cut.units
}

/// What an object with this head is.
pub(crate) fn object(head: &Head, at: Position) -> What {
    let broken = |message: String| What::Broken(Failure { message, at });
    if let Some(key) = head.odd {
        return broken(format!("{key} is no plain string"));
    }
    let given = |text: &'_ Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    match (given(&head.api_version), given(&head.kind)) {
        (false, false) => return What::Foreign,
        (false, true) => return broken("has kind but no apiVersion".to_owned()),
        (true, false) => return broken("has apiVersion but no kind".to_owned()),
        (true, true) => {}
    }
    if head.api_version.iter().chain(&head.kind).any(|text| text.contains("{{")) {
        return broken(TEMPLATE.to_owned());
    }
    let api_version = head.api_version.as_deref().unwrap_or_default();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    match Kind::parse(group, head.kind.as_deref().unwrap_or_default()) {
        None => What::Foreign,
        Some(kind) if mesh_wire::versions(kind).contains(&version) => What::Object(kind),
        Some(kind) => What::Version(kind, api_version.to_owned()),
    }
}

/// What a unit is, once its head was looked at: never [`What::Item`]. `text` is the unit's.
pub(crate) fn resolve(unit: &Unit, text: &str) -> Option<What> {
    if unit.what != What::Item {
        return Some(unit.what.clone());
    }
    let broken = || What::Broken(Failure { message: NO_OBJECT.to_owned(), at: unit.at });
    if unit.form == Form::Json {
        let head = text.starts_with('{').then(|| serde_json::from_str::<JsonHead<'_>>(text).ok()).flatten();
        return Some(head.map_or_else(broken, |head| object(&head.head(), unit.at)));
    }
    if let Some(head) = list::key_column(text).and_then(|column| head::scan(text, column)) {
        return Some(object(&head, unit.at));
    }
    match head::parse(text, true) {
        Top::Nothing => None,
        Top::Mapping { head, whole, .. } if whole || head.kind.is_some() => Some(object(&head, unit.at)),
        Top::Mapping { .. } | Top::Other | Top::Broken => Some(match decode::value(text, Form::Item) {
            Err(error) => {
                What::Broken(Failure { at: unit.at.inside(error.at.line, error.at.column), ..error })
            }
            Ok(_) => broken(),
        }),
    }
}

/// The items of a list; None if it is no list that is read.
fn list_of(head: &Head) -> Option<Items> {
    let kind = head.kind.as_deref()?.strip_suffix("List")?;
    let api_version = head.api_version.as_deref().unwrap_or_default();
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    match Kind::parse(group, kind) {
        Some(kind) => Some(Items::Of(kind)),
        None if kind.is_empty() && group.is_empty() => Some(Items::Mixed),
        None => None,
    }
}

struct Cut {
    units: Vec<Unit>,
    index: u32,
}

impl Cut {
    fn chunk(&mut self, text: &str, start: usize, at: Position) {
        if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
            let failure =
                Failure { message: "holds NUL bytes; it is no text".to_owned(), at: at.after(&text[..nul]) };
            self.broken(start..start + text.len(), at, failure);
        } else if text.trim_start().starts_with(['{', '[']) {
            self.json(text, start, at);
        } else {
            self.yaml(text, start, at);
        }
    }

    /// JSON values one after the other. What is no JSON may still be YAML in flow style.
    fn json(&mut self, text: &str, start: usize, at: Position) {
        let (mut from, mut at) = (0, at);
        loop {
            let blank = text[from..].len() - text[from..].trim_start().len();
            at = at.after(&text[from..from + blank]);
            from += blank;
            let rest = &text[from..];
            if rest.is_empty() {
                return;
            }
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
            let length = if let Some(Ok(value)) = values.next() {
                let value = value.get();
                self.json_value(value, start + from, at);
                value.len()
            } else {
                self.no_json(rest, start + from, at)
            };
            at = at.after(&rest[..length]);
            from += length;
        }
    }

    /// Takes what is no JSON at the beginning of `text`; gives its length.
    fn no_json(&mut self, text: &str, start: usize, at: Position) -> usize {
        let like_json = text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']));
        if !like_json {
            self.yaml(text, start, at);
            return text.len();
        }
        // A line that begins an object is where the next value can begin.
        let length = memchr::memmem::find(text.as_bytes(), b"\n{").map_or(text.len(), |end| end + 1);
        let value = &text[..length];
        match decode::value(value, Form::Json) {
            Err(failure) if decode::value(value, Form::Yaml).is_err() => {
                let failure = Failure { at: at.inside(failure.at.line, failure.at.column), ..failure };
                self.broken(start..start + length, at, failure);
            }
            _ => self.yaml(value, start, at),
        }
        length
    }

    fn json_value(&mut self, value: &str, start: usize, at: Position) {
        let whole = start..start + value.len();
        let head = value.starts_with('{').then(|| serde_json::from_str::<JsonHead<'_>>(value).ok()).flatten();
        let Some(head) = head else {
            return self.broken(whole, at, Failure { message: NO_OBJECT.to_owned(), at });
        };
        let (items, head) = (head.items, head.head());
        let Some(of) = list_of(&head) else {
            return self.push(0, whole, at, Form::Json, object(&head, at));
        };
        let items = items.filter(|items| items.get() != "null").map_or("[]", RawValue::get);
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(items) else {
            let message = "items: is no list".to_owned();
            return self.broken(whole, at, Failure { message, at });
        };
        let mut place = (0, at);
        let ranges: Vec<_> = items
            .into_iter()
            .map(|item| {
                // The item is a part of the value's text.
                let from = item.get().as_ptr() as usize - value.as_ptr() as usize;
                place = (from, place.1.after(&value[place.0..from]));
                (start + from..start + from + item.get().len(), place.1)
            })
            .collect();
        self.list(of, whole, at, Form::Json, ranges);
    }

    fn yaml(&mut self, text: &str, start: usize, at: Position) {
        let whole = start..start + text.len();
        let head = match head::scan(text, 0) {
            Some(head) => head,
            None => match head::parse(text, false) {
                Top::Nothing => return,
                Top::Mapping { head, .. }
                    if head.kind.is_none() && text.lines().any(|line| line.starts_with("{{")) =>
                {
                    let failure = Failure { message: TEMPLATE.to_owned(), at: first_content(text, at) };
                    return self.broken(whole, at, failure);
                }
                Top::Mapping { head, whole, .. } if whole || head.kind.is_some() => head,
                Top::Other => {
                    let failure = Failure { message: NO_OBJECT.to_owned(), at: first_content(text, at) };
                    return self.broken(whole, at, failure);
                }
                Top::Mapping { .. } | Top::Broken => {
                    let failure = match decode::value(text, Form::Yaml) {
                        Err(error) => Failure { at: at.inside(error.at.line, error.at.column), ..error },
                        Ok(_) => Failure { message: "cannot be parsed".to_owned(), at },
                    };
                    return self.broken(whole, at, failure);
                }
            },
        };
        let Some(of) = list_of(&head) else {
            let what = object(&head, first_content(text, at));
            return self.push(0, whole, at, Form::Yaml, what);
        };
        let Some(items) = list::items(text) else {
            return self.push(0, whole, at, Form::Yaml, What::List(of));
        };
        let mut place = (0, at);
        let ranges: Vec<_> = items
            .into_iter()
            .map(|item| {
                place = (item.start, place.1.after(&text[place.0..item.start]));
                (start + item.start..start + item.start + item.text.len(), place.1)
            })
            .collect();
        self.list(of, whole, at, Form::Item, ranges);
    }

    fn list(
        &mut self,
        of: Items,
        whole: Range<usize>,
        at: Position,
        form: Form,
        items: Vec<(Range<usize>, Position)>,
    ) {
        if let (Items::Of(kind), true) = (of, items.is_empty()) {
            return self.push(0, whole, at, form, What::Empty(kind));
        }
        let what = match of {
            Items::Of(kind) => What::Object(kind),
            Items::Mixed => What::Item,
        };
        for (item, (bytes, at)) in (0..).zip(items) {
            self.units.push(Unit { index: self.index, item, bytes, at, form, what: what.clone() });
        }
        self.index += 1;
    }

    fn push(&mut self, item: u32, bytes: Range<usize>, at: Position, form: Form, what: What) {
        self.units.push(Unit { index: self.index, item, bytes, at, form, what });
        self.index += 1;
    }

    fn broken(&mut self, bytes: Range<usize>, at: Position, failure: Failure) {
        self.units.push(broken(self.index, bytes, at, failure));
        self.index += 1;
    }
}

fn broken(index: u32, bytes: Range<usize>, at: Position, failure: Failure) -> Unit {
    Unit { index, item: 0, bytes, at, form: Form::Yaml, what: What::Broken(failure) }
}

#[derive(Deserialize)]
struct JsonHead<'a> {
    #[serde(borrow, default, rename = "apiVersion")]
    api_version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    items: Option<&'a RawValue>,
}

impl JsonHead<'_> {
    fn head(&self) -> Head {
        let mut head = Head::default();
        for (key, value) in [("apiVersion", self.api_version), ("kind", self.kind)] {
            let Some(value) = value.filter(|value| value.get() != "null") else { continue };
            match (key, serde_json::from_str::<String>(value.get())) {
                ("kind", Ok(text)) => head.kind = Some(text),
                (_, Ok(text)) => head.api_version = Some(text),
                (key, Err(_)) => head.odd = head.odd.or(Some(key)),
            }
        }
        head
    }
}

fn first_content(text: &str, at: Position) -> Position {
    let mut place = at;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            return place.after(&line[..line.len() - content.len()]);
        }
        place = place.after(line);
    }
    at
}
