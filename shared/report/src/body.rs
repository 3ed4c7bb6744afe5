//! What a command shows that is no list of findings: blocks for people, items for machines.
//!
//! The two are given apart. A table has words such as `-` for a share that is none; an item has only what is there,
//! with the object and path that decided about each number.

use serde::Serialize;
use serde_json::{Map, Value};

use mesh_rules::Severity;

use crate::View;

/// Blocks and items of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// For people, in the order they are printed.
    pub blocks: Vec<Block>,
    /// `items` of the machine formats: flat objects.
    pub items: Vec<Map<String, Value>>,
    /// Further fields of the machine formats, beside `items`.
    pub fields: Map<String, Value>,
    /// Lines of `-o name`.
    pub names: Vec<String>,
}

/// One part of the view for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Lines that begin with a word, whose texts stand below each other.
    Facts(Vec<(&'static str, String)>),
    /// A table; nothing without rows.
    Table(View),
    /// Sentences, one a line.
    Remarks(Vec<Remark>),
    /// An empty line.
    Gap,
}

/// A sentence below a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Puts a sign in front.
    pub severity: Option<Severity>,
    /// The sentence; untrusted.
    pub text: String,
}

impl Remark {
    /// A sentence without a sign.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { severity: None, text: text.into() }
    }

    /// A sentence with the sign of a severity.
    #[must_use]
    pub fn signed(severity: Severity, text: impl Into<String>) -> Self {
        Self { severity: Some(severity), text: text.into() }
    }
}

impl Body {
    /// A body of one table, whose cells are the items and whose first column are the names.
    #[must_use]
    pub fn list(view: View) -> Self {
        let items = view.items();
        let names = view.rows.iter().filter_map(|row| row.first()).map(ToString::to_string).collect();
        Self { blocks: vec![Block::Table(view)], items, fields: Map::new(), names }
    }

    /// Adds an item.
    ///
    /// # Panics
    /// If `item` is no object with text keys: it is to be a struct.
    pub fn push(&mut self, item: &impl Serialize) {
        match serde_json::to_value(item) {
            Ok(Value::Object(members)) => self.items.push(members),
            other => panic!("an item is a struct of plain values, not {other:?}"),
        }
    }

    /// Sets a field beside `items`.
    ///
    /// # Panics
    /// If `value` has keys that are no text, or numbers that are not finite.
    pub fn set(&mut self, name: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value).expect("a field holds text keys and finite numbers");
        self.fields.insert(name.to_owned(), value);
    }
}
