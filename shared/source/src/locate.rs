//! Field path -> line and column, from the text of the one document that is asked for.

use granit_parser::{Event, Span};
use mesh_model::{FieldPath, Step};

use crate::decode::Form;
use crate::event::Walk;
use crate::split::Position;

/// Where the field at `path` begins: a member at its key, an element at its first character. What is not there
/// is found at its deepest parent that is. None if not even the object's beginning can be parsed.
pub(crate) fn walk(text: &str, form: Form, path: &FieldPath) -> Option<Position> {
    let mut walk = Walk::new(text);
    let item = [Step::Index(0)];
    let prefix: &[Step] = if form == Form::Item { &item } else { &[] };
    let (mut event, span) = next_node(&mut walk)?;
    let mut found = position(span);
    for step in prefix.iter().chain(path.steps()) {
        let Some((child, at)) = child(&mut walk, &event, step) else { return Some(found) };
        (event, found) = (child, at);
    }
    Some(found)
}

/// The member or element that `step` names in the collection that `open` began, and where it stands.
fn child<'a>(walk: &mut Walk<'a>, open: &Event<'_>, step: &Step) -> Option<(Event<'a>, Position)> {
    match (open, step) {
        (Event::MappingStart(..), Step::Key(wanted)) => loop {
            let (key, at) = next_node(walk)?;
            walk.skip(&key);
            let (value, _) = next_node(walk)?;
            if matches!(&key, Event::Scalar(name, ..) if name == wanted) {
                return Some((value, position(at)));
            }
            walk.skip(&value);
        },
        (Event::SequenceStart(..), Step::Index(wanted)) => {
            for _ in 0..*wanted {
                let (element, _) = next_node(walk)?;
                walk.skip(&element);
            }
            let (element, at) = next_node(walk)?;
            Some((element, position(at)))
        }
        _ => None,
    }
}

/// The next node; None at the end of the collection.
fn next_node<'a>(walk: &mut Walk<'a>) -> Option<(Event<'a>, Span)> {
    loop {
        let (event, span) = walk.next()?;
        if event.is_node() {
            return Some((event, span));
        }
        if matches!(event, Event::MappingEnd | Event::SequenceEnd | Event::StreamEnd) {
            return None;
        }
    }
}

fn position(span: Span) -> Position {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: count(span.start.line()), column: count(span.start.col()) }
}

#[cfg(test)]
mod tests {
    use mesh_model::path;

    use super::*;

    const TEXT: &str = "\
kind: DestinationRule
metadata:
  labels: {a.b/c: x}
spec:
  # comment
  subsets:
  - name: v1
    labels:
      version: v1
  -
    name: v2
  text: |
    a: b
  empty:
";

    fn at(path: &FieldPath) -> Option<(u32, u32)> {
        walk(TEXT, Form::Yaml, path).map(|at| (at.line, at.column))
    }

    #[test]
    fn a_member_is_found_at_its_key_and_an_element_at_its_first_character() {
        assert_eq!(at(&path![]), Some((1, 0)));
        assert_eq!(at(&path!["spec"]), Some((4, 0)));
        assert_eq!(at(&path!["spec", "subsets"]), Some((6, 2)));
        assert_eq!(at(&path!["spec", "subsets", 0]), Some((7, 4)));
        assert_eq!(at(&path!["spec", "subsets", 0, "labels", "version"]), Some((9, 6)));
        assert_eq!(at(&path!["spec", "subsets", 1, "name"]), Some((11, 4)));
        assert_eq!(at(&path!["metadata", "labels", "a.b/c"]), Some((3, 11)));
    }

    #[test]
    fn a_missing_field_is_found_at_its_deepest_parent() {
        assert_eq!(at(&path!["spec", "trafficPolicy", "outlierDetection"]), Some((4, 0)));
        assert_eq!(at(&path!["spec", "subsets", 7, "name"]), Some((6, 2)));
        assert_eq!(at(&path!["spec", "text", "a"]), Some((12, 2)));
        assert_eq!(at(&path!["spec", "empty", 0]), Some((14, 2)));
        assert_eq!(at(&path!["status"]), Some((1, 0)));
    }

    #[test]
    fn json_is_walked_as_well() {
        let json = "{\"a\":\n {\"b\": [1, {\"c\": 2}]}}";
        let at = |path: &FieldPath| walk(json, Form::Json, path).map(|at| (at.line, at.column));
        assert_eq!(at(&path!["a", "b", 1, "c"]), Some((2, 12)));
        assert_eq!(at(&path!["a", "b", 1]), Some((2, 11)));
    }

    #[test]
    fn a_path_through_an_alias_ends_at_the_alias_and_one_through_an_error_before_it() {
        let text = "a: &x {b: 1}\nc: *x\nd: *unknown\ne: [\n";
        let at = |path: &FieldPath| walk(text, Form::Yaml, path).map(|at| (at.line, at.column));
        assert_eq!(at(&path!["c", "b"]), Some((2, 0)));
        assert_eq!(at(&path!["d", "b"]), Some((3, 0)));
        assert_eq!(at(&path!["e", 0]), Some((4, 0)));
        assert_eq!(at(&path!["f"]), Some((1, 0)));
    }

    #[test]
    fn an_item_of_a_list_is_walked_from_its_dash() {
        let at =
            |path: &FieldPath| walk("  - a: 1\n    b: 2\n", Form::Item, path).map(|at| (at.line, at.column));
        assert_eq!(at(&path!["b"]), Some((2, 4)));
        assert_eq!(at(&path![]), Some((1, 4)));
    }
}
