//! YAML.

use std::io::{self, Write};

use mesh_model::is_hostile;
use serde_json::Value;

use crate::Report;
use crate::document::Document;

/// Prints the report as one YAML document, keys sorted as kubectl sorts them.
pub(crate) fn render(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let document = serde_json::to_value(Document::of(report)).map_err(io::Error::other)?;
    out.write_all(yaml_text(&document).as_bytes())
}

/// Twice a character that the writer always puts as an escape into double quotes.
const MARK: &str = "\u{fffe}\u{fffe}";
const MARK_WRITTEN: &str = "\\uFFFE\\uFFFE";

/// `value` as a YAML document without hostile characters: they are written as escapes of YAML.
///
/// The writer leaves characters that turn or hide text as they are. They are handed to it as a mark and eight
/// digits, and the mark becomes the head of an escape in what it wrote.
pub(crate) fn yaml_text(value: &Value) -> String {
    let mut value = value.clone();
    mark(&mut value);
    // A folded command could not be copied out of the document.
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_yaml::to_string_with_options(&value, options).expect("YAML holds every JSON value");
    text.replace(MARK_WRITTEN, "\\U")
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(needs_mark) => {
            *text = text
                .chars()
                .map(|c| if needs_mark(c) { format!("{MARK}{:08X}", u32::from(c)) } else { c.to_string() })
                .collect();
        }
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The writer escapes control characters itself.
fn needs_mark(c: char) -> bool {
    is_hostile(c) && !c.is_control()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn awkward_strings_come_back_as_they_were() {
        let value = json!({
            "items": ["on", "yes", "no", "12:30", "1e3", "0x1f", "null", "~", "", " lead", "trail ", "- a", "# c",
                "a: b", "a #b", "{x}", "[y]", "&z", "*z", "!t", "%d", "@a", "`b", "'q'", "\"q\"", "1.29", "true",
                "two\nlines\n", "two\nlines\u{202e}\n", "tab\there", "\u{1b}[31m", "cr\rcr", "rtl\u{202e}x", "\u{200b}", "\u{85}\u{2028}",
                "tag\u{e0041}", "\u{fffe}", "back\\slash \\u0041", "日本語", "2026-01-01", "=", "<<", "---", "..."],
            "line": 3, "safe": true, "seconds": 1.5, "empty": [], "none": {},
        });
        let text = yaml_text(&value);
        assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), value, "{text}");
        assert!(!text.contains(|c| is_hostile(c) && c != '\n'), "{text:?}");
    }

    #[test]
    fn words_that_other_readers_take_for_booleans_are_quoted() {
        for word in ["on", "yes", "y", "off", "12:30", "null", "1_000"] {
            let text = yaml_text(&json!({"value": word}));
            assert!(text.contains('"') || text.contains('\''), "{text}");
        }
    }
}
