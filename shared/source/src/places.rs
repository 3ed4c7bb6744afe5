//! Late positions: reads the file of a finding again and finds its field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mesh_model::{FieldPath, Kind, Origin, Step};
use serde_json::Value;

use crate::decode;
use crate::files::File;
use crate::locate;
use crate::unit::{self, Unit, What, units};

/// How much text is kept open between two questions.
const KEEP: usize = 16 << 20;
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

/// Finds where an origin and a field path stand. Reads files again, one at a time, only when asked.
#[derive(Debug, Default)]
pub struct Places {
    files: Vec<File>,
    open: Mutex<BTreeMap<u32, Arc<Opened<'static>>>>,
}

impl Places {
    pub(crate) fn new(files: Vec<File>) -> Self {
        Self { files, open: Mutex::default() }
    }

    /// Where the field at `path` of the object from `origin` begins: a member at its key, an element of a list
    /// at its first character. A missing field is found at its deepest parent that is there. None for a live
    /// object, and for a file that changed or went away meanwhile.
    #[must_use]
    pub fn locate(&self, origin: &Origin, path: &FieldPath) -> Option<Place> {
        let (file, opened) = self.opened(origin)?;
        let (unit, path) = opened.find(origin, path)?;
        let text = opened.text(unit);
        let at = locate::walk(text, unit.form, &path).unwrap_or(crate::split::Position::START);
        let at = unit.at.inside(at.line, at.column);
        Some(Place {
            file: file.name.clone(),
            line: at.line,
            column: at.column.saturating_add(1),
            snippet: opened.line(unit, at.line),
        })
    }

    /// The object from `origin`, whole, as it was written; for patches and remedies. May hold a Secret's values.
    #[must_use]
    pub fn document(&self, origin: &Origin) -> Option<Value> {
        let (_, opened) = self.opened(origin)?;
        let (unit, path) = opened.find(origin, &FieldPath::root())?;
        let whole = decode::value(opened.text(unit), unit.form).ok()?;
        path.steps().iter().try_fold(whole, |mut value, step| match step {
            Step::Key(key) => value.get_mut(key.as_ref()).map(Value::take),
            Step::Index(index) => value.get_mut(index).map(Value::take),
        })
    }

    fn opened(&self, origin: &Origin) -> Option<(&File, Arc<Opened<'static>>)> {
        let Origin::Document { file: number, .. } = *origin else { return None };
        let file = self.files.get(usize::try_from(number).ok()?)?;
        // A panic elsewhere leaves a cache that is still right.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.get(&number) {
            return Some((file, Arc::clone(opened)));
        }
        let opened = Arc::new(Opened::open(file).ok()?.into_owned());
        if open.values().map(|opened| opened.bytes.len()).sum::<usize>() + opened.bytes.len() > KEEP {
            open.clear();
        }
        open.insert(number, Arc::clone(&opened));
        Some((file, opened))
    }
}

/// A file's text with its units.
#[derive(Debug)]
pub(crate) struct Opened<'f> {
    bytes: Cow<'f, [u8]>,
    pub(crate) units: Vec<Unit>,
}

impl<'f> Opened<'f> {
    pub(crate) fn open(file: &'f File) -> Result<Self, String> {
        let bytes = file.read()?;
        let units = units(&bytes);
        Ok(Self { bytes, units })
    }

    fn into_owned(self) -> Opened<'static> {
        Opened { bytes: Cow::Owned(self.bytes.into_owned()), units: self.units }
    }

    /// The text of a unit; empty for one that is not UTF-8.
    pub(crate) fn text(&self, unit: &Unit) -> &str {
        std::str::from_utf8(&self.bytes[unit.bytes.clone()]).unwrap_or_default()
    }

    /// The unit of `origin`, and `path` inside it.
    fn find(&self, origin: &Origin, path: &FieldPath) -> Option<(&Unit, FieldPath)> {
        let Origin::Document { index, item, .. } = *origin else { return None };
        let first = self.units.partition_point(|unit| unit.index < index);
        let document = self.units.get(first).filter(|unit| unit.index == index)?;
        if let What::List(_) = document.what {
            let item = [Step::from("items"), Step::Index(usize::try_from(item).ok()?)];
            return Some((document, item.into_iter().chain(path.steps().iter().cloned()).collect()));
        }
        let unit = self.units.get(first + usize::try_from(item).ok()?);
        unit.filter(|unit| (unit.index, unit.item) == (index, item)).map(|unit| (unit, path.clone()))
    }

    /// The text of a line of the unit.
    fn line(&self, unit: &Unit, line: u32) -> Option<String> {
        if matches!(unit::resolve(unit, self.text(unit))?, What::Object(Kind::Secret) | What::List(_)) {
            return None;
        }
        let begin = memchr::memrchr(b'\n', &self.bytes[..unit.bytes.start]).map_or(0, |at| at + 1);
        let skip = usize::try_from(line.checked_sub(unit.at.line)?).ok()?;
        let text = self.bytes[begin..].split(|&byte| byte == b'\n').nth(skip)?;
        let text = std::str::from_utf8(text).ok()?.trim_end();
        (text.len() <= MAX_SNIPPET).then(|| text.to_owned())
    }
}
