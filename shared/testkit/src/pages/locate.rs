//! Line of a field in a fence.

use granit_parser::{Event, Parser};
use mesh_model::{FieldPath, Step};

/// Line, from 1, where `path` stands in the document `text`: the key of a member, the start of an element. A
/// field that is missing is found at its deepest parent that exists. `item` counts the items of a `List`, from 0.
pub(super) fn line(text: &str, item: usize, path: &FieldPath) -> Option<usize> {
    let document = document(text)?;
    let mut line = document.line;
    let mut node = &document;
    if let Some(items) = document.member("items").filter(|_| document.is_list) {
        node = items.elements.get(item)?;
        line = node.line;
    }
    for step in path.steps() {
        let next = match step {
            Step::Key(key) => {
                node.members.iter().find(|(name, _, _)| name == key).map(|(_, line, node)| (*line, node))
            }
            Step::Index(at) => node.elements.get(*at).map(|node| (node.line, node)),
        };
        let Some((next_line, next_node)) = next else { break };
        (line, node) = (next_line, next_node);
    }
    Some(line)
}

#[derive(Default)]
struct Node {
    line: usize,
    is_list: bool,
    members: Vec<(String, usize, Self)>,
    elements: Vec<Self>,
}

impl Node {
    fn member(&self, key: &str) -> Option<&Self> {
        self.members.iter().find(|(name, _, _)| name == key).map(|(_, _, node)| node)
    }
}

fn document(text: &str) -> Option<Node> {
    let content =
        |event: &Event<'_>| event.is_node() || matches!(event, Event::MappingEnd | Event::SequenceEnd);
    let events = Parser::new_from_str(text).map_while(Result::ok).filter(|(event, _)| content(event));
    let mut events = events.map(|(event, span)| (event, span.start.line()));
    let (start, line) = events.next()?;
    node(&start, line, &mut events)
}

fn node<'a>(
    start: &Event<'_>,
    line: usize,
    rest: &mut impl Iterator<Item = (Event<'a>, usize)>,
) -> Option<Node> {
    let mut found = Node { line, ..Node::default() };
    match start {
        Event::MappingStart(..) => loop {
            let (key, key_line) = rest.next()?;
            if matches!(key, Event::MappingEnd) {
                break;
            }
            let name = key.scalar().map(|(text, _)| text.to_owned());
            if name.is_none() {
                node(&key, key_line, rest)?;
            }
            let (value, value_line) = rest.next()?;
            let is_list = name.as_deref() == Some("kind")
                && value.scalar().is_some_and(|(text, _)| text.ends_with("List"));
            found.is_list |= is_list;
            let value = node(&value, value_line, rest)?;
            found.members.extend(name.map(|name| (name, key_line, value)));
        },
        Event::SequenceStart(..) => loop {
            let (element, element_line) = rest.next()?;
            if matches!(element, Event::SequenceEnd) {
                break;
            }
            found.elements.push(node(&element, element_line, rest)?);
        },
        _ => {}
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use mesh_model::path;

    use super::line;

    const TEXT: &str = "# above\na: # beside\n  b: 1\n  list:\n  - x: 1\n    y: 2\n";
    const LIST: &str = "kind: PodList\nitems:\n- metadata:\n    name: p\n- metadata:\n    name: q\n";

    #[test]
    fn a_field_is_found_at_its_key_and_an_element_at_its_start() {
        assert_eq!(line(TEXT, 0, &path!["a", "b"]), Some(3));
        assert_eq!(line(TEXT, 0, &path!["a", "list", 0]), Some(5));
        assert_eq!(line(TEXT, 0, &path!["a", "list", 0, "y"]), Some(6));
    }

    #[test]
    fn a_missing_field_is_found_at_its_deepest_parent() {
        assert_eq!(line(TEXT, 0, &path!["a", "z", "w"]), Some(2));
        assert_eq!(line(TEXT, 0, &path![]), Some(2));
    }

    #[test]
    fn an_item_of_a_list_is_an_object_of_its_own() {
        assert_eq!(line(LIST, 1, &path!["metadata", "name"]), Some(6));
        assert_eq!(line(LIST, 1, &path![]), Some(5));
        assert_eq!(line(LIST, 2, &path![]), None);
    }
}
