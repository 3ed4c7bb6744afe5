//! Late positions: reads the file of a finding again and finds its field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use mesh_model::{FieldPath, Kind, Origin, Step, path};
use serde_json::Value;

use crate::files::File;
use crate::split::Position;
use crate::unit::{self, Unit, What, units};
use crate::{decode, locate};

/// A line longer than this is data, nothing to show.
const MAX_SNIPPET: usize = 400;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File, as the user named it or a directory above it; `stdin` for standard input.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The line itself. None for Secrets, whose values must not be shown, and for overlong lines.
    pub snippet: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Finds where an origin and a field path stand. Reads files again, and only when asked; keeps of each where its
/// units begin and end, no text.
#[derive(Debug, Default)]
pub struct Places {
    files: Vec<File>,
    cuts: Mutex<BTreeMap<u32, Arc<Vec<Unit>>>>,
}

impl Places {
    pub(crate) fn new(files: Vec<File>) -> Self {
        Self { files, cuts: Mutex::default() }
    }

    /// Where the field at `path` of the object from `origin` begins: a member at its key, an element of a list
    /// at its first character. A missing field is found at its deepest parent that is there. None for a live
    /// object, and for a file that changed or went away meanwhile.
    #[must_use]
    pub fn locate(&self, origin: &Origin, path: &FieldPath) -> Option<Place> {
        let found = self.find(origin)?;
        let within: FieldPath = found.prefix.steps().iter().chain(path.steps()).cloned().collect();
        let text = found.text()?;
        let at = locate::walk(text, found.unit().form, &within).unwrap_or(Position::START);
        let at = found.unit().at.inside(at.line, at.column);
        let shown = !matches!(unit::resolve(found.unit(), text)?, What::Object(Kind::Secret) | What::List(_));
        Some(Place {
            file: found.file.name.clone(),
            line: at.line,
            column: at.column.saturating_add(1),
            snippet: shown.then(|| found.line(at.line)).flatten(),
        })
    }

    /// The object from `origin`, whole, as it was written; for patches and remedies. May hold a Secret's values.
    #[must_use]
    pub fn document(&self, origin: &Origin) -> Option<Value> {
        let found = self.find(origin)?;
        let whole = decode::value(found.text()?, found.unit().form).ok()?;
        found.prefix.steps().iter().try_fold(whole, |mut value, step| match step {
            Step::Key(key) => value.get_mut(key.as_ref()).map(Value::take),
            Step::Index(index) => value.get_mut(index).map(Value::take),
        })
    }

    fn find(&self, origin: &Origin) -> Option<Found<'_>> {
        let Origin::Document { file: number, index, item } = *origin else { return None };
        let file = self.files.get(usize::try_from(number).ok()?)?;
        let units = self.cut(number, file)?;
        let first = units.partition_point(|unit| unit.index < index);
        let document = units.get(first).filter(|unit| unit.index == index)?;
        let item = usize::try_from(item).ok()?;
        let (unit, prefix) = match document.what {
            What::List(_) => (first, path!["items", item]),
            _ => (first + item, FieldPath::root()),
        };
        if units.get(unit)?.index != index {
            return None;
        }
        let whole = &units[unit].bytes;
        let from = whole.start.saturating_sub(MAX_SNIPPET);
        let bytes = file.read_range(from..whole.end + MAX_SNIPPET)?;
        let text = whole.start - from..(whole.end - from).min(bytes.len());
        Some(Found { file, units, unit, prefix, bytes, text })
    }

    fn cut(&self, number: u32, file: &File) -> Option<Arc<Vec<Unit>>> {
        // A panic elsewhere leaves a cache that is still right.
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(units) = cuts.get(&number) {
            return Some(Arc::clone(units));
        }
        let units = Arc::new(units(&file.read().ok()?));
        cuts.insert(number, Arc::clone(&units));
        Some(units)
    }
}

/// A unit with its text, and a little of what stands around it.
struct Found<'p> {
    file: &'p File,
    units: Arc<Vec<Unit>>,
    unit: usize,
    /// Where the object is in the unit.
    prefix: FieldPath,
    bytes: Cow<'p, [u8]>,
    /// The unit's part of `bytes`.
    text: Range<usize>,
}

impl Found<'_> {
    fn unit(&self) -> &Unit {
        &self.units[self.unit]
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(self.text.clone())?).ok()
    }

    /// The text of a line of the unit; None if it is overlong.
    fn line(&self, line: u32) -> Option<String> {
        let before = &self.bytes[..self.text.start];
        let begin = match memchr::memrchr(b'\n', before) {
            Some(at) => at + 1,
            None if before.len() < MAX_SNIPPET => 0,
            None => return None,
        };
        let skip = usize::try_from(line.checked_sub(self.unit().at.line)?).ok()?;
        let line = self.bytes[begin..].split(|&byte| byte == b'\n').nth(skip)?;
        let line = std::str::from_utf8(line).ok()?.trim_end();
        (line.len() <= MAX_SNIPPET).then(|| line.to_owned())
    }
}
