//! JSON into rows: whole pages fast, and object by object when one of them is broken.

use std::fmt;

use mesh_model::{Gap, Kind, Note, ObjectRef, Origin};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient::null;
use crate::place;
use crate::{KindVisitor, Lower, Resource, with_kind};

/// Something that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Field, as far as known; empty for the document itself.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}
impl std::error::Error for DecodeError {}

/// What a page of a list held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Token of the next page.
    pub next: Option<String>,
    /// Objects, broken ones included.
    pub items: usize,
}

/// Lowers one page of a list. A broken object becomes a note and makes the kind known in part; the others are
/// kept.
///
/// # Errors
/// If the page is no list at all.
pub fn lower_page(kind: Kind, bytes: &[u8], into: &mut Lower<'_>) -> Result<Page, DecodeError> {
    struct PageVisitor<'b, 'l, 'a>(&'b [u8], &'l mut Lower<'a>);
    impl KindVisitor for PageVisitor<'_, '_, '_> {
        type Out = Result<Page, DecodeError>;
        fn visit<T: Resource>(self) -> Self::Out {
            page::<T>(self.0, self.1)
        }
    }
    into.builder.saw(kind);
    with_kind(kind, PageVisitor(bytes, into))
}

/// Lowers one object.
///
/// # Errors
/// If it is no object of the kind, or has no name.
pub fn lower_json(kind: Kind, bytes: &[u8], origin: Origin, into: &mut Lower<'_>) -> Result<(), DecodeError> {
    struct OneVisitor<'b, 'l, 'a>(&'b [u8], Origin, &'l mut Lower<'a>);
    impl KindVisitor for OneVisitor<'_, '_, '_> {
        type Out = Result<(), DecodeError>;
        fn visit<T: Resource>(self) -> Self::Out {
            let object = object::<T>(self.0)?;
            let meta = object.meta();
            if meta.name.is_empty() && meta.generate_name.is_none() {
                return Err(DecodeError { path: "metadata".to_owned(), message: "has no name".to_owned() });
            }
            object.lower(self.1, self.2);
            Ok(())
        }
    }
    into.builder.saw(kind);
    with_kind(kind, OneVisitor(bytes, origin, into))
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct List<T> {
    #[serde(default, deserialize_with = "null")]
    metadata: ListMeta,
    #[serde(default = "Vec::new", deserialize_with = "null")]
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl ListMeta {
    fn next(self) -> Option<String> {
        self.next.filter(|token| !token.is_empty())
    }
}

fn page<T: Resource>(bytes: &[u8], into: &mut Lower<'_>) -> Result<Page, DecodeError> {
    if let Ok(list) = serde_json::from_slice::<List<T>>(bytes) {
        let page = Page { next: list.metadata.next(), items: list.items.len() };
        for item in list.items {
            item.lower(Origin::Live, into);
        }
        return Ok(page);
    }
    let list: List<&RawValue> =
        serde_json::from_slice(bytes).map_err(|error| error_at(String::new(), &error))?;
    let page = Page { next: list.metadata.next(), items: list.items.len() };
    for item in list.items {
        match object::<T>(item.get().as_bytes()) {
            Ok(object) => object.lower(Origin::Live, into),
            Err(error) => broken::<T>(item, &error, into),
        }
    }
    Ok(page)
}

fn object<T: Resource>(bytes: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let path = place::path(bytes, error.line(), error.column());
        let DecodeError { message, .. } = error_at(String::new(), &error);
        let message = if holds_values(T::KIND) { without_value(&message) } else { message };
        DecodeError { path, message }
    })
}

/// Decodes a page that is no API object; errors quote none of its values.
pub(crate) fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let DecodeError { path, message } =
            error_at(place::path(bytes, error.line(), error.column()), &error);
        DecodeError { path, message: without_value(&message) }
    })
}

/// Kinds that hold what applications are configured with, passwords among it; serde's sentences quote the value
/// they did not expect.
const fn holds_values(kind: Kind) -> bool {
    matches!(kind, Kind::Secret | Kind::ConfigMap | Kind::Pod | Kind::Deployment)
}

/// `invalid type: integer 5, expected a string` without what stands between the colon and the comma.
fn without_value(message: &str) -> String {
    let Some((head, rest)) = message.split_once(": ") else { return message.to_owned() };
    match rest.rfind(", expected") {
        Some(at) => format!("{head}{}", &rest[at..]),
        None => head.to_owned(),
    }
}

fn broken<T: Resource>(item: &RawValue, error: &DecodeError, into: &mut Lower<'_>) {
    #[derive(Default, Deserialize)]
    struct Named {
        #[serde(default)]
        metadata: Option<Name>,
    }
    #[derive(Deserialize)]
    struct Name {
        name: String,
        #[serde(default)]
        namespace: String,
    }
    let name = serde_json::from_str::<Named>(item.get()).unwrap_or_default().metadata;
    let cluster = into.builder.name().clone();
    let object = name.map(|name| ObjectRef::new(cluster.clone(), T::KIND, name.namespace, name.name));
    let cause = match &object {
        Some(object) => format!("{object} cannot be decoded"),
        None => format!("an object of {} cannot be decoded", T::KIND.resource()),
    };
    into.builder.note(Note::Unreadable {
        cluster,
        object,
        file: String::new(),
        position: None,
        message: error.to_string(),
    });
    into.builder.gaps_mut().lose(T::KIND, Gap::Truncated { cause });
}

/// serde_json ends its sentences with a place in the bytes of the wire, which nobody can look up.
fn error_at(path: String, error: &serde_json::Error) -> DecodeError {
    let full = error.to_string();
    let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
    DecodeError { path, message }
}
