//! Typed tables of the commands that list things.

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

/// A value; one column holds one variant beside [`Cell::Missing`].
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

/// A table. Rows come in the order they are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Columns, in order.
    pub columns: Vec<Column>,
    /// Rows; each has a cell per column.
    pub rows: Vec<Vec<Cell>>,
}
