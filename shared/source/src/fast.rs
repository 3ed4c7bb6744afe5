//! JSON text straight from the parser's events, for documents that need nothing but the JSON side of YAML.
//!
//! JSON text, because the wire shapes are read from JSON anyway: a second serde format would be compiled for every
//! field of every shape, 1 MB of the binary, and to write and read JSON costs little beside the events.
//!
//! Own code because of a measurement: to read and judge a tree of 36,000 objects (13.6 MB) may take 0.43 s of wall
//! time on two cores. In CPU seconds of a release build, on one machine and side by side, the parser's events
//! alone take 0.50 s, serde-saphyr into small structs 0.97 s, and this with reading, lowering and indexing 0.63 s.
//!
//! It gives up ([`GiveUp`]) at the first thing it does not know: an error of any kind, an alias, a merge key, a
//! tag, a scalar that YAML versions read differently, a duplicate key, deep nesting. serde-saphyr then reads
//! the document and has the last word, the words of errors included.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle, StrInput};
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::event;
use crate::plain::{Plain, resolve};

/// Deeper documents are left to serde-saphyr, which refuses them with a message.
const MAX_DEPTH: u32 = 100;

/// Not for this path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GiveUp;

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("left to the full YAML reader")
    }
}
impl std::error::Error for GiveUp {}
impl de::Error for GiveUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The one object of `text` as JSON; with `item`, `text` is a sequence that holds it.
pub(crate) fn to_json(text: &str, item: bool) -> Result<Vec<u8>, GiveUp> {
    let parser = Parser::new_from_str_with_options(text, event::options());
    let mut events = Events { parser, peeked: None, depth: 0 };
    events.expect(|event| matches!(event, Event::StreamStart))?;
    events.expect(|event| matches!(event, Event::DocumentStart(..)))?;
    if item {
        events.expect(|event| matches!(event, Event::SequenceStart(..)))?;
    }
    let mut json = Vec::with_capacity(text.len());
    serde_transcode::transcode(&mut events, &mut serde_json::Serializer::new(&mut json))
        .map_err(|_| GiveUp)?;
    if item {
        events.expect(|event| matches!(event, Event::SequenceEnd))?;
    }
    events.expect(|event| matches!(event, Event::DocumentEnd))?;
    events.expect(|event| matches!(event, Event::StreamEnd))?;
    Ok(json)
}

struct Events<'de> {
    parser: Parser<'de, StrInput<'de>>,
    peeked: Option<Event<'de>>,
    depth: u32,
}

impl<'de> Events<'de> {
    fn next(&mut self) -> Result<Event<'de>, GiveUp> {
        match self.peeked.take() {
            Some(event) => Ok(event),
            None => match self.parser.next_event() {
                Some(Ok((event, _))) => Ok(event),
                _ => Err(GiveUp),
            },
        }
    }

    fn peek(&mut self) -> Result<&Event<'de>, GiveUp> {
        if self.peeked.is_none() {
            self.peeked = Some(self.next()?);
        }
        self.peeked.as_ref().ok_or(GiveUp)
    }

    fn expect(&mut self, is: impl Fn(&Event<'_>) -> bool) -> Result<(), GiveUp> {
        if is(&self.next()?) { Ok(()) } else { Err(GiveUp) }
    }

    fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, GiveUp>) -> Result<T, GiveUp> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(GiveUp);
        }
        let value = visit(self)?;
        self.depth -= 1;
        Ok(value)
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, GiveUp> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

impl<'de> Deserializer<'de> for &mut Events<'de> {
    type Error = GiveUp;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GiveUp> {
        match self.next()? {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => match resolve(&text) {
                Plain::Null => visitor.visit_unit(),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Unsigned(value) => visitor.visit_u64(value),
                Plain::Signed(value) => visitor.visit_i64(value),
                Plain::Float(value) => visitor.visit_f64(value),
                Plain::Text => visit_text(text, visitor),
                Plain::Unsure => Err(GiveUp),
            },
            Event::Scalar(text, _, _, None) => visit_text(text, visitor),
            Event::SequenceStart(_, _, None) => self.nested(|events| {
                let value = visitor.visit_seq(Elements(events))?;
                events.expect(|event| matches!(event, Event::SequenceEnd)).map(|()| value)
            }),
            Event::MappingStart(_, _, None) => self.nested(|events| {
                let value = visitor.visit_map(Entries { events, keys: Keys::default() })?;
                events.expect(|event| matches!(event, Event::MappingEnd)).map(|()| value)
            }),
            _ => Err(GiveUp),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Elements<'e, 'de>(&'e mut Events<'de>);

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = GiveUp;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GiveUp> {
        if matches!(self.0.peek()?, Event::SequenceEnd) {
            return Ok(None);
        }
        seed.deserialize(&mut *self.0).map(Some)
    }
}

struct Entries<'e, 'de> {
    events: &'e mut Events<'de>,
    keys: Keys<'de>,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = GiveUp;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GiveUp> {
        if matches!(self.events.peek()?, Event::MappingEnd) {
            return Ok(None);
        }
        // kubectl makes every key a string; the odd ones are not for this path.
        let Event::Scalar(key, style, _, None) = self.events.next()? else { return Err(GiveUp) };
        let known = matches!(resolve(&key), Plain::Text | Plain::Unsigned(_)) && &*key != "<<";
        if style == ScalarStyle::Plain && !known {
            return Err(GiveUp);
        }
        if !self.keys.insert(key.clone()) {
            return Err(GiveUp);
        }
        match key {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(key.into_deserializer()),
        }
        .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, GiveUp> {
        seed.deserialize(&mut *self.events)
    }
}

/// Keys of one mapping: a list while it is short, as nearly all are.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 16;

    /// False if the key was there.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<Value, GiveUp> {
        to_json(text, false).map(|json| serde_json::from_slice(&json).expect("what was written is JSON"))
    }

    #[test]
    fn the_json_side_of_yaml_is_read() {
        let text = "# c\na: 1\nb:\n- x\n- 'y'\n- {c: null, d: true}\ne: |\n  t\nf: \"\\u00e4\"\ng:\nh: -1\ni: 0.5\n8080: k\n";
        assert_eq!(
            read(text).unwrap(),
            json!({"a": 1, "b": ["x", "y", {"c": null, "d": true}], "e": "t\n", "f": "ä", "g": null, "h": -1, "i": 0.5,
                   "8080": "k"})
        );
        assert_eq!(to_json("  - a: 1\n    b: 2\n", true).unwrap(), br#"{"a":1,"b":2}"#);
    }

    #[test]
    fn what_needs_the_whole_of_yaml_is_given_up() {
        let deep = "[".repeat(120) + &"]".repeat(120);
        let many = (0..40).map(|at| format!("k{at}: 1")).collect::<Vec<_>>().join("\n");
        for text in [
            "a: &x 1\nb: *x\n",
            "a: !!str 1\n",
            "<<: {a: 1}\n",
            "a: yes\n",
            "a: 1\na: 2\n",
            "? [a]\n: b\n",
            "a: [\n",
            "a: 1\n b: 2\n",
            "a: 1\n...\nb\n",
            &deep,
            &format!("{many}\nk30: 2\n"),
            "",
        ] {
            assert_eq!(read(text), Err(GiveUp), "{text}");
        }
        assert!(to_json("- a: 1\n- b: 2\n", true).is_err());
        assert!(read(&many).is_ok());
    }
}
