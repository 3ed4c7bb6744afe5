//! Makes text that came from a cluster or a file harmless to print.
//!
//! A name or message may hold terminal sequences, carriage returns that paint over what stands before, or
//! characters that reverse or hide text. Here they become visible escapes; in JSON and YAML they become escapes
//! of those languages, so that nothing is lost.

use std::borrow::Cow;
use std::fmt::Write as _;

use mesh_model::is_hostile;

/// `text` on one line, with every hostile character as `\n`, `\r`, `\t` or `\u{..}`.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    replaced(text, is_hostile, |c, out| match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => push(out, format_args!("\\u{{{:x}}}", u32::from(c))),
    })
}

/// JSON text with the hostile characters inside its strings as `\u` escapes. The serializer has escaped those
/// below U+0020, and what is left of them lays out the document.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    let in_string = |c: char| is_hostile(c) && c >= ' ';
    replaced(json, in_string, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            push(out, format_args!("\\u{unit:04x}"));
        }
    })
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String cannot fail");
}

fn replaced(text: &str, is_bad: impl Fn(char) -> bool, replace: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_bad(c) {
            replace(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &[&str] = &[
        "plain\u{1b}[31mred",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m one byte sequence",
        "over\rpaint",
        "two\nlines",
        "a\tb\u{b}\u{c}\u{8}",
        "nul\0",
        "del\u{7f}",
        "abc\u{202e}fed\u{202c}",
        "\u{2066}isolate\u{2069}\u{61c}\u{200e}\u{200f}",
        "line\u{2028}paragraph\u{2029}next\u{85}",
        "zero\u{200b}width\u{feff}\u{2060}\u{ad}",
        "tags\u{e0041}\u{e007f}",
        "\u{fff9}\u{fffe}\u{ffff}",
    ];

    #[test]
    fn no_hostile_character_survives() {
        for text in HOSTILE {
            let shown = escape(text);
            assert!(!shown.contains(is_hostile), "{shown:?}");
            assert!(shown.contains('\\'), "{shown:?}");
        }
        assert!(HOSTILE.iter().all(|text| text.contains(is_hostile)));
    }

    #[test]
    fn harmless_text_is_not_touched() {
        for text in ["", "shop/payments", "日本語 наприклад é", "a\\b \"c\" 'd'", "👩🏽"] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_was_escaped_can_be_told() {
        assert_eq!(escape("a\u{1b}[0m\r\n\t\u{202e}"), "a\\u{1b}[0m\\r\\n\\t\\u{202e}");
    }

    #[test]
    fn json_loses_nothing_and_holds_nothing_hostile() {
        for text in HOSTILE {
            let json = serde_json::to_string(text).unwrap();
            let escaped = escape_json(&json);
            assert!(!escaped.contains(is_hostile), "{escaped:?}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), *text);
        }
    }
}
