//! From a position in JSON text to the path of the field that stands there.
//!
//! Own code, because serde can tell paths only by a second deserializer around each shape, which costs the binary
//! as much again as the shapes themselves; and it is asked only after an error.

use std::fmt::Write as _;

/// Path of the value that ends at or holds `line` and `column` (from 1, as `serde_json` counts them), for example
/// `spec.ports[0].port`; empty for the document itself.
pub(crate) fn path(json: &[u8], line: usize, column: usize) -> String {
    let start = json
        .split(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let end = (start + column).min(json.len());
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut at = 0;
    while at < end {
        let next = after_token(json, at);
        if next >= end && !matches!(json[at], b'}' | b']' | b',' | b':') && !is_key(json[at], &frames) {
            break;
        }
        match json[at] {
            b'{' => frames.push(Frame::Object(None)),
            b'[' => frames.push(Frame::Array(0)),
            b'}' | b']' => {
                frames.pop();
            }
            b',' => match frames.last_mut() {
                Some(Frame::Object(key)) => *key = None,
                Some(Frame::Array(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                if let Some(Frame::Object(key @ None)) = frames.last_mut() {
                    *key = json.get(at + 1..next - 1);
                }
            }
            _ => {}
        }
        at = next;
    }
    print(&frames)
}

enum Frame<'j> {
    Object(Option<&'j [u8]>),
    Array(usize),
}

fn is_key(byte: u8, frames: &[Frame<'_>]) -> bool {
    byte == b'"' && matches!(frames.last(), Some(Frame::Object(None)))
}

/// End of the token at `at`: a string with its quotes, a run of anything else that is no punctuation, or one byte.
fn after_token(json: &[u8], at: usize) -> usize {
    let rest = &json[at..];
    let length = match rest[0] {
        b'"' => {
            let mut escaped = false;
            let close = rest[1..].iter().position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            close.map_or(rest.len(), |close| close + 2)
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => rest.iter().position(|byte| b"{}[],:\"".contains(byte)).unwrap_or(rest.len()),
    };
    at + length
}

fn print(frames: &[Frame<'_>]) -> String {
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Array(index) => write!(path, "[{index}]").expect("a String takes all"),
            Frame::Object(None) => {}
            Frame::Object(Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&String::from_utf8_lossy(key));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::path;

    #[derive(Deserialize)]
    struct Outer {
        #[serde(rename = "b\"c", default)]
        _odd: Option<u8>,
        #[serde(default)]
        _list: Vec<Inner>,
    }

    #[derive(Deserialize)]
    struct Inner {
        #[serde(default)]
        _n: Option<u16>,
        #[serde(default)]
        _t: Option<String>,
    }

    fn failing(json: &str) -> String {
        let error = serde_json::from_str::<Outer>(json).err().expect("it does not fit");
        path(json.as_bytes(), error.line(), error.column())
    }

    #[test]
    fn the_place_of_an_error_names_its_field() {
        assert_eq!(failing(r#"{"_list": [{}, {"_n": "80"}]}"#), "_list[1]._n");
        assert_eq!(failing(r#"{"_list": [{"_n": 1, "_t": 5, "x": 1}]}"#), "_list[0]._t");
        assert_eq!(failing(r#"{"_list": [{"_n": 70000}]}"#), "_list[0]._n");
        assert_eq!(failing(r#"{"_list": {"a": 1}}"#), "_list");
        assert_eq!(failing("{\n \"_list\": [\n  {\"_t\": [1]}\n]}"), "_list[0]._t");
        assert_eq!(failing(r#"{"b\"c": true}"#), r#"b\"c"#);
        assert_eq!(failing(r#"{"_list": [{"_t": tru"#), "_list[0]._t");
    }

    #[test]
    fn no_text_and_no_position_makes_it_fail() {
        for text in ["", "{", "\"", "\"\\", "[[[,,,", "}}]]", "{\"a\":"] {
            for column in 0..8 {
                let _ = path(text.as_bytes(), 1, column);
                let _ = path(text.as_bytes(), 9, column);
            }
        }
    }
}
