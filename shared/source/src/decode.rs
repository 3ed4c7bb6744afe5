//! One document or list item into the wire shape of its kind, and that into the cluster.
//!
//! Three readers, each with the last word over the one before: `fast` for plain YAML, serde-saphyr for all of
//! YAML, serde_json for JSON. What serde-saphyr reads goes through serde_json as well, so one object gives one
//! message whatever it was written in, and the message an API server's JSON would give.

use mesh_model::{FieldPath, Kind, Origin, Step};
use mesh_wire::{Lower, lower_json};
use serde_json::Value;

use crate::split::Position;
use crate::{fast, locate};

/// Nested deeper, a document is refused: recursion must end.
const MAX_DEPTH: usize = 128;

/// How a part of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON value.
    Json,
    /// A YAML document.
    Yaml,
    /// An element of a YAML list: a sequence of one, because it begins at its dash.
    Item,
}

/// What is wrong, and where in the text that was read (line from 1, column from 0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) at: Position,
}

/// Lowers the object in `text`.
pub(crate) fn object(
    text: &str,
    form: Form,
    kind: Kind,
    origin: Origin,
    into: &mut Lower<'_>,
) -> Result<(), Failure> {
    if form == Form::Json {
        return json(text, text, form, kind, origin, into);
    }
    let plain = fast::to_json(text, form == Form::Item);
    if plain.is_ok_and(|json| lower_json(kind, &json, origin, into).is_ok()) {
        return Ok(());
    }
    value(text, form)
        .map_err(|failure| hide_secret(kind, failure))
        .and_then(|value| json(&value.to_string(), text, form, kind, origin, into))
}

/// Lowers `json`; `text` is what it came from, for the place of an error.
fn json(
    json: &str,
    text: &str,
    form: Form,
    kind: Kind,
    origin: Origin,
    into: &mut Lower<'_>,
) -> Result<(), Failure> {
    lower_json(kind, json.as_bytes(), origin, into).map_err(|error| {
        let at =
            locate::walk(text, form, &field_path(FieldPath::root(), &error.path)).unwrap_or(Position::START);
        hide_secret(kind, Failure { message: error.to_string(), at })
    })
}

/// Messages of serde quote the value; the values of a Secret must not come out.
pub(crate) fn hide_secret(kind: Kind, failure: Failure) -> Failure {
    if kind == Kind::Secret {
        Failure { message: "Secret cannot be decoded; its values are not shown".to_owned(), ..failure }
    } else {
        failure
    }
}

/// The object in `text` as a JSON value.
pub(crate) fn value(text: &str, form: Form) -> Result<Value, Failure> {
    if form == Form::Json {
        return serde_json::from_str(text).map_err(|error| {
            let full = error.to_string();
            Failure {
                message: full.split(" at line ").next().unwrap_or(&full).to_owned(),
                at: Position {
                    line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
                    column: u32::try_from(error.column()).unwrap_or(u32::MAX).saturating_sub(1),
                },
            }
        });
    }
    let options = yaml_options(text);
    let value =
        serde_yaml::from_str_with_options::<Value>(text, options).map_err(|error| yaml_failure(&error))?;
    match (form, value) {
        (Form::Item, Value::Array(mut items)) if items.len() == 1 => Ok(items.remove(0)),
        (_, value) => Ok(value),
    }
}

/// Limits that no honest document of this size meets; aliases may not blow it up.
fn yaml_options(text: &str) -> serde_yaml::Options {
    let events = text.len().saturating_add(1000);
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: events,
            max_nodes: events,
            max_aliases: events,
            max_anchors: events,
            max_depth: MAX_DEPTH,
            max_total_scalar_bytes: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        with_snippet: false,
    }
}

fn yaml_failure(error: &serde_yaml::Error) -> Failure {
    let full = error.render_with_formatter(&serde_yaml::UserMessageFormatter);
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
    let at = error.location().map_or(Position::START, |location| Position {
        line: u32::try_from(location.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(location.column()).unwrap_or(u32::MAX).saturating_sub(1),
    });
    Failure { message: message.trim_end_matches('.').to_owned(), at }
}

/// The path of a decoding error, `spec.ports[0].port`, below `within`. A key that holds a dot ends the search
/// for it early, at its parent.
pub(crate) fn field_path(within: FieldPath, text: &str) -> FieldPath {
    let mut path = within;
    for part in text.split('.') {
        let mut pieces = part.split('[');
        if let Some(key) = pieces.next().filter(|key| !key.is_empty()) {
            path = path.then(key.to_owned());
        }
        for index in pieces.filter_map(|piece| piece.strip_suffix(']')?.parse::<usize>().ok()) {
            path = path.then(Step::Index(index));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any JSON value; strings of every character and strings that look like something else.
    fn fast_value(text: &str) -> Option<Value> {
        let json = fast::to_json(text, false).ok()?;
        Some(serde_json::from_slice(&json).expect("what was written is JSON"))
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let awkward = prop::sample::select(vec![
            "",
            " ",
            "~",
            "null",
            "true",
            "no",
            "1",
            "0x1",
            "1e3",
            "-",
            "- a",
            "a: b",
            "#c",
            "a #b",
            "<<",
            "*a",
            "&a",
            "!a",
            "---",
            "'",
            "\"",
            "\\",
            "\n",
            "\t",
            "\u{85}",
            "\u{feff}",
            "2026-01-01",
            "12:30",
            "{",
            "[",
            "%",
            "@",
        ]);
        let text = prop_oneof![any::<String>(), awkward.prop_map(str::to_owned)].boxed();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // serde_json reads long fractions a last digit off.
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_read_as_yaml_is_what_serde_json_reads(json in any_json()) {
            for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                let parsed: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(value(&text, Form::Yaml).map_err(|failure| failure.message), Ok(parsed.clone()));
                if let Some(fast) = fast_value(&text) {
                    prop_assert_eq!(fast, parsed);
                }
            }
        }

        #[test]
        fn the_fast_reader_agrees_with_the_full_one_or_gives_up(json in any_json()) {
            let text = serde_yaml::to_string(&json).unwrap();
            if let Some(fast) = fast_value(&text) {
                prop_assert_eq!(Ok(fast), value(&text, Form::Yaml).map_err(|failure| failure.message), "{}", text);
            }
        }

        #[test]
        fn the_fast_reader_agrees_on_any_text_that_both_read(text in "[-a-c0-2: \n'\"#,\\[\\]{}|>&*!.~_e+]{0,40}") {
            if let Some(fast) = fast_value(&text) {
                prop_assert_eq!(Ok(fast), value(&text, Form::Yaml).map_err(|failure| failure.message));
            }
        }
    }

    #[test]
    fn the_fast_reader_takes_what_people_write() {
        let text = "a: 1\nb:\n- c: x\n  d: \"y\"\ne: {f: [1, two]}\n";
        assert_eq!(fast_value(text), value(text, Form::Yaml).ok());
    }
}
