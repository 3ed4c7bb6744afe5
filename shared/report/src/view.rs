//! Typed tables of the commands that list things.

use std::fmt;

use serde_json::{Map, Value};

/// When a column is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnClass {
    /// Always.
    #[default]
    Normal,
    /// With `-o wide`.
    Wide,
    /// Always; holds prose, which may be wrapped on a narrow terminal.
    Prose,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Header, upper case.
    pub header: &'static str,
    /// Field of the machine formats, camelCase.
    pub key: &'static str,
    /// When it is shown.
    pub class: ColumnClass,
}

/// A value; one column holds one variant beside [`Cell::Missing`] and [`Cell::Above`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text; untrusted.
    Text(String),
    /// Number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Several texts, in order.
    List(Vec<String>),
    /// Nothing: `<none>` in tables, left out of machine formats.
    Missing,
    /// What stands in a row above: empty in tables, left out of machine formats.
    Above,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Int(number) => number.fmt(f),
            Self::Bool(yes) => yes.fmt(f),
            Self::List(texts) => f.write_str(&texts.join(",")),
            Self::Missing | Self::Above => Ok(()),
        }
    }
}

/// A table. Rows come in the order they are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Columns, in order.
    pub columns: Vec<Column>,
    /// Rows; each has a cell per column.
    pub rows: Vec<Vec<Cell>>,
}

impl View {
    /// The rows as flat objects, by the keys of the columns; what is missing is left out.
    pub(crate) fn items(&self) -> Vec<Map<String, Value>> {
        let member = |(column, cell): (&Column, &Cell)| {
            let value = match cell {
                Cell::Text(text) => Value::from(text.as_str()),
                Cell::Int(number) => Value::from(*number),
                Cell::Bool(yes) => Value::from(*yes),
                Cell::List(texts) => Value::from(texts.as_slice()),
                Cell::Missing | Cell::Above => return None,
            };
            Some((column.key.to_owned(), value))
        };
        self.rows.iter().map(|row| self.columns.iter().zip(row).filter_map(member).collect()).collect()
    }
}
