//! Cuts the `items` of a YAML list into documents of their own, without parsing.
//!
//! Only the form that kubectl and people write is cut: `items:` at the left margin, dashes below it in one
//! column. An item begins at its dash, so it is a sequence of one element to the parser, with the lines and
//! columns of the file. Everything else (flow style, anchors) is left to a whole parse of the list.

/// One item: a slice of the list's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) text: &'a str,
    /// Byte offset in the list.
    pub(crate) start: usize,
}

/// The items, or None if the list must be parsed as a whole.
pub(crate) fn items(list: &str) -> Option<Vec<Item<'_>>> {
    // An alias may point across items.
    if list.contains(['&', '*']) && anchors(list) {
        return None;
    }
    let mut lines = Lines { text: list, at: 0 };
    let (_, head) = lines.find(|(_, line)| line.starts_with("items"))?;
    let rest = head.strip_prefix("items")?.trim_start().strip_prefix(':')?.trim();
    if rest == "[]" || rest == "null" {
        return Some(Vec::new());
    }
    if !(rest.is_empty() || rest.starts_with('#')) {
        return None;
    }
    let mut items = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut end = list.len();
    for (start, line) in lines {
        let content = line.trim_start_matches(' ');
        if content.trim_end().is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        let dash = content.strip_prefix('-').is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n']));
        match open {
            None if dash => open = Some((start, indent)),
            // A key after `items:` says that it was null.
            None if indent == 0 => return Some(Vec::new()),
            None => return None,
            Some((from, column)) if indent == column && dash => {
                items.push(Item { text: &list[from..start], start: from });
                open = Some((start, column));
            }
            Some((_, column)) if indent < column || column == 0 && indent == 0 => {
                if indent > 0 {
                    return None;
                }
                end = start;
                break;
            }
            Some(_) => {}
        }
    }
    if let Some((from, _)) = open {
        items.push(Item { text: &list[from..end], start: from });
    }
    Some(items)
}

/// True when an anchor or an alias may stand at the beginning of a value.
fn anchors(list: &str) -> bool {
    list.match_indices(['&', '*']).any(|(at, _)| {
        let before = list[..at].trim_end_matches([' ', '\t']);
        let after = list[at + 1..].chars().next();
        before.ends_with([':', '-', ',', '[', '{', '\n', '?']) && after.is_some_and(|c| !c.is_whitespace())
    })
}

/// Column of the first key of an item, in bytes; None when the key is not on the line of the dash.
pub(crate) fn key_column(item: &str) -> Option<usize> {
    let line = item.lines().next()?;
    let rest = line.trim_start_matches(' ').strip_prefix('-')?.trim_start_matches(' ');
    (!rest.trim_end().is_empty() && !rest.starts_with('#')).then(|| line.len() - rest.len())
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = &self.text[start..];
        if rest.is_empty() {
            return None;
        }
        let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        self.at += length;
        Some((start, &rest[..length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &str) -> Option<Vec<&str>> {
        items(list).map(|items| items.into_iter().map(|item| item.text).collect())
    }

    #[test]
    fn items_are_cut_at_their_dashes() {
        let list = "kind: List\nitems:\n# c\n- a: 1\n  b:\n  - x\n- c: |\n    - d\n\nmetadata:\n  x: y\n";
        assert_eq!(texts(list).unwrap(), ["- a: 1\n  b:\n  - x\n", "- c: |\n    - d\n\n"]);
        let list = "items:\r\n  - a: 1\r\n  -\r\n    b: 2\r\nkind: List\r\n";
        assert_eq!(texts(list).unwrap(), ["  - a: 1\r\n", "  -\r\n    b: 2\r\n"]);
    }

    #[test]
    fn an_empty_list_has_no_items() {
        for list in
            ["items: []\nkind: List\n", "items:\nkind: List", "items: null", "items:\n", "items: [] \r\n"]
        {
            assert_eq!(items(list), Some(Vec::new()), "{list}");
        }
    }

    #[test]
    fn what_cannot_be_cut_safely_is_not_cut() {
        for list in [
            "kind: List\n",
            "items: [{a: 1}]\n",
            "items: # c\n  {a: 1}\n",
            "items:\n- a: &x 1\n- a: *x\n",
            "items:\n  - a: 1\n - b: 2\n",
        ] {
            assert_eq!(items(list), None, "{list}");
        }
        assert!(items("items:\n- a: \"x & y\"\n  host: '*.example'\n  b: x*y\n").is_some());
    }

    #[test]
    fn the_column_of_the_first_key_is_known() {
        assert_eq!(key_column("  -  a: 1\n"), Some(5));
        assert_eq!(key_column("-\n  a: 1\n"), None);
    }
}
