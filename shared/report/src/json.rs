//! JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::Report;
use crate::document::{Document, Envelope};
use crate::escape::escape_json;

/// Prints the report as one JSON document, indented as kubectl does.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut json = Vec::new();
    Document::of(report)
        .serialize(&mut Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    ")))
        .map_err(io::Error::other)?;
    let text = String::from_utf8(json).map_err(io::Error::other)?;
    writeln!(out, "{}", escape_json(&text))
}

/// Prints one JSON object a line: first the report without its items, then each item.
pub(crate) fn render_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    line(&Envelope::of(report), out)?;
    let document = Document::of(report);
    document.items.iter().try_for_each(|item| line(item, out))?;
    document.findings.iter().try_for_each(|finding| line(finding, out))
}

/// The report as a JSON value, for formats that pick from it.
///
/// # Panics
/// Never: the document has text keys and finite numbers only.
#[must_use]
pub fn to_value(report: &Report) -> Value {
    serde_json::to_value(Document::of(report)).expect("the document has text keys and finite numbers")
}

fn line(item: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string(item).map_err(io::Error::other)?;
    writeln!(out, "{}", escape_json(&text))
}
