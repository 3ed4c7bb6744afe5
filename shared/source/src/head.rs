//! `apiVersion` and `kind` of a YAML document, found as cheaply as can be.
//!
//! Most documents say both in their first lines: these are read as text. Where a line is anything but a plain
//! `key: value`, the parser's events decide. A guess that could be wrong is not made (a property test compares the
//! two); a missed one costs a second look.

use granit_parser::{Event, ScalarStyle};

use crate::event::Walk;
use crate::plain::{Plain, resolve};

/// What a document says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    /// Which of the two is a number, a mapping, an alias or the like.
    pub(crate) odd: Option<&'static str>,
}

impl Head {
    /// Notes that the value of `key` is no text, if it is one of the two.
    fn is_odd(&mut self, key: &str) {
        if let Some(key) = ["apiVersion", "kind"].into_iter().find(|known| *known == key) {
            self.odd = self.odd.or(Some(key));
        }
    }
}

/// Name and namespace of an object that could not be decoded; empty where it says none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// What stands at the top of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Top {
    /// A mapping; `whole` is false when it could not be read to its end.
    Mapping { head: Head, identity: Identity, whole: bool },
    /// Nothing, or `null`.
    Nothing,
    /// A sequence, or text.
    Other,
    /// Not even its beginning can be parsed.
    Broken,
}

/// Reads the head from the text alone. `column` is where the keys of the object begin, in bytes. None when
/// unsure.
pub(crate) fn scan(text: &str, column: usize) -> Option<Head> {
    let mut head = Head::default();
    let mut first = true;
    for line in text.lines() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        // The first line of an item begins with its dash.
        let line = if first && column > 0 { line.get(column..)? } else { content };
        if indent > column && !first {
            continue;
        }
        if indent < column && !first || first && column == 0 && indent > 0 {
            return None;
        }
        first = false;
        let (key, value) = entry(line)?;
        match key {
            "apiVersion" => head.api_version = Some(plain(value)?.to_owned()),
            "kind" => head.kind = Some(plain(value)?.to_owned()),
            _ if opens(value) => return None,
            _ => {}
        }
        if head.api_version.is_some() && head.kind.is_some() {
            return Some(head);
        }
    }
    None
}

/// Reads the head by the parser's events.
/// `item` is true for an element of a list, which its dash makes a sequence.
pub(crate) fn parse(text: &str, item: bool) -> Top {
    let mut walk = Walk::new(text);
    loop {
        match walk.next() {
            None => return Top::Broken,
            Some((Event::MappingStart(..), _)) => break,
            Some((Event::SequenceStart(..), _)) if item && walk.depth() == 1 => {}
            Some((Event::SequenceStart(..), _)) => return Top::Other,
            Some((Event::Scalar(value, ..), _)) if matches!(&*value, "" | "~" | "null") => {
                return Top::Nothing;
            }
            Some((Event::StreamEnd, _)) => return Top::Nothing,
            Some((event, _)) if event.is_node() => return Top::Other,
            Some(_) => {}
        }
    }
    let (mut head, mut identity) = (Head::default(), Identity::default());
    let top = walk.depth();
    let mut section = String::new();
    let mut key: Option<String> = None;
    while let Some((event, _)) = walk.next() {
        let depth = walk.depth();
        match event {
            Event::MappingEnd if depth < top => {
                // What follows may be no YAML: a template's first line looks like a mapping.
                let whole = walk.next().is_some();
                return Top::Mapping { head, identity, whole };
            }
            Event::Scalar(value, style, ..) if depth == top || depth == top + 1 && section == "metadata" => {
                match key.take() {
                    None => key = Some(value.into_owned()),
                    Some(key) if depth == top => {
                        let known = if style == ScalarStyle::Plain { resolve(&value) } else { Plain::Text };
                        match (key.as_str(), known) {
                            ("apiVersion" | "kind", Plain::Null) => {}
                            ("apiVersion", Plain::Text | Plain::Unsure) => {
                                head.api_version = head.api_version.or_else(|| Some(value.into_owned()));
                            }
                            ("kind", Plain::Text | Plain::Unsure) => {
                                head.kind = head.kind.or_else(|| Some(value.into_owned()));
                            }
                            (key, _) => head.is_odd(key),
                        }
                    }
                    Some(key) => match key.as_str() {
                        "name" => identity.name = value.into_owned(),
                        "namespace" => identity.namespace = value.into_owned(),
                        _ => {}
                    },
                }
            }
            Event::MappingStart(..) if depth == top + 1 => {
                section = key.take().unwrap_or_default();
                head.is_odd(&section);
            }
            Event::SequenceStart(..) if depth == top + 1 => head.is_odd(&key.take().unwrap_or_default()),
            Event::Alias(_) if depth == top => head.is_odd(&key.take().unwrap_or_default()),
            Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(_) => key = None,
            Event::MappingEnd if depth == top => {
                section.clear();
                key = None;
            }
            _ => {}
        }
    }
    Top::Mapping { head, identity, whole: false }
}

/// Splits `key: value`. None for everything that is not a plain key.
fn entry(line: &str) -> Option<(&str, &str)> {
    let key = line.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let rest = line.get(key..)?.strip_prefix(':')?;
    if key == 0 || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    Some((&line[..key], rest.trim()))
}

/// A value that ends on its line and needs no unescaping.
fn plain(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, after) = rest.split_once(quote)?;
            let after = after.trim_start();
            let whole = !inside.contains('\\') && (after.is_empty() || after.starts_with('#'));
            return whole.then_some(inside);
        }
    }
    let value = value.split(" #").next()?.trim_end();
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-');
    (!value.is_empty() && value.chars().all(simple) && resolve(value) == Plain::Text).then_some(value)
}

/// True when the value may go on where it could be mistaken for a key of the document.
fn opens(value: &str) -> bool {
    value.starts_with(['"', '\'', '{', '[', '&', '*', '!', '?', '%', '@', '`'])
        && !(value == "{}" || value == "[]" || plain(value).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_the_text_tells_the_parser_tells_too(
            lines in prop::collection::vec(
                "( |  |- |# )?(apiVersion|kind|x|\"y\"|<<)(:|: |:  )(v1|Pod|\"Pod\"|'v1'|\"a|b\"|'|\\{|\\}|\\[|\\]|\\||>-|&a|\\*a|# c| )?",
                0..6,
            )
        ) {
            let text = lines.join("\n");
            if let (Some(guess), Top::Mapping { head, whole: true, .. }) = (scan(&text, 0), parse(&text, false)) {
                prop_assert_eq!(guess, head, "{}", text);
            }
            if let (Some(guess), Top::Mapping { head, whole: true, .. }) = (scan(&text, 2), parse(&text, true)) {
                prop_assert_eq!(guess, head, "{}", text);
            }
        }
    }

    fn head(api_version: &str, kind: &str) -> Head {
        Head { api_version: Some(api_version.into()), kind: Some(kind.into()), odd: None }
    }

    #[test]
    fn the_first_lines_tell_the_head() {
        let text =
            "\r\n# c\r\napiVersion: apps/v1 # x\r\nmetadata:\r\n  kind: no\r\nkind: \"Deployment\"\r\n";
        assert_eq!(scan(text, 0), Some(head("apps/v1", "Deployment")));
        assert_eq!(scan("- kind: Pod\n  apiVersion: v1\n", 2), Some(head("v1", "Pod")));
        assert_eq!(
            scan("data:\n  x: |\n    kind: no\napiVersion: v1\nkind: Pod\n", 0),
            Some(head("v1", "Pod"))
        );
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for text in [
            "{apiVersion: v1, kind: Pod}",
            "\"kind\": Pod\napiVersion: v1\n",
            "x: \"a\nkind: no\"\nkind: Pod\napiVersion: v1\n",
            "<<: *a\nkind: Pod\n",
            "kind: &a Pod\napiVersion: v1\n",
            "kind: >-\n  Pod\napiVersion: v1\n",
            "  kind: Pod\n  apiVersion: v1\n",
            "kind: Pod\n",
            "",
        ] {
            assert_eq!(scan(text, 0), None, "{text}");
        }
    }

    #[test]
    fn the_parser_tells_head_and_name_of_what_is_not_plain() {
        let expect = |text: &str, kind: &str, whole: bool| {
            let identity = Identity { name: "n".into(), namespace: "s".into() };
            assert_eq!(
                parse(text, text.starts_with('-')),
                Top::Mapping { head: head("v1", kind), identity, whole },
                "{text}"
            );
        };
        expect("{apiVersion: v1, kind: Pod, metadata: {name: n, namespace: s}}", "Pod", true);
        expect(
            "kind: >-\n  Pod\napiVersion: v1\nmetadata:\n  labels: {name: x}\n  name: n\n  namespace: s",
            "Pod",
            true,
        );
        expect("- kind: Pod\n  apiVersion: v1\n  metadata:\n    name: n\n    namespace: s\n", "Pod", true);
        expect("kind: Pod\napiVersion: v1\nmetadata:\n  name: n\n  namespace: s\nspec: [\n", "Pod", false);
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        assert_eq!(parse("hello", false), Top::Other);
        assert_eq!(parse("[1]", false), Top::Other);
        assert_eq!(parse("~", false), Top::Nothing);
        assert_eq!(parse("%%\nkind: x", false), Top::Broken);
    }
}
