//! Cuts a file into YAML documents without parsing it: at lines that begin with `---` or are `...`.
//!
//! YAML forbids both at the beginning of a line inside a document, quoted text included, so the cut is exact.
//! It isolates a broken document from the others and lets threads share a file. JSON passes unharmed: its
//! strings hold no line breaks. Works on bytes, so that invalid UTF-8 costs only its own document.

use memchr::memchr;

/// A document, from behind its `---` to the next mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a [u8],
    /// Byte offset in the file.
    pub(crate) start: usize,
    pub(crate) at: Position,
}

/// A place in a file: line from 1, column from 0 in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Position {
    pub(crate) const START: Self = Self { line: 1, column: 0 };

    /// The place behind `text`, which begins here. Counts that do not fit stay at the end of the range.
    pub(crate) fn after(self, text: &str) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        match memchr::memrchr(b'\n', text.as_bytes()) {
            None => Self { column: self.column.saturating_add(count(text.chars().count())), ..self },
            Some(last) => Self {
                line: self.line.saturating_add(count(memchr::memchr_iter(b'\n', text.as_bytes()).count())),
                column: count(text[last + 1..].chars().count()),
            },
        }
    }

    /// A place inside a text that begins here, given relative to it: line from 1, column from 0.
    pub(crate) fn inside(self, line: u32, column: u32) -> Self {
        let column = if line == 1 { column.saturating_add(self.column) } else { column };
        Self { line: self.line.saturating_add(line.saturating_sub(1)), column }
    }
}

/// The chunks of `bytes`; those of nothing but blanks, comments and directives are left out.
pub(crate) fn chunks(bytes: &[u8]) -> Vec<Chunk<'_>> {
    let bom = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut chunks = Vec::new();
    let mut open = Chunk { bytes: &[], start: bom, at: Position::START };
    let (mut start, mut line) = (bom, 1_u32);
    while start < bytes.len() {
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length + 1);
        if is_mark(&bytes[start..end]) {
            push(&mut chunks, bytes, open, start);
            // What follows on the line of the mark belongs to the new document.
            open = Chunk { bytes: &[], start: start + 3, at: Position { line, column: 3 } };
        }
        start = end;
        line = line.saturating_add(1);
    }
    push(&mut chunks, bytes, open, bytes.len());
    chunks
}

fn is_mark(line: &[u8]) -> bool {
    (line.starts_with(b"---") || line.starts_with(b"..."))
        && matches!(line.get(3), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

fn push<'a>(chunks: &mut Vec<Chunk<'a>>, bytes: &'a [u8], open: Chunk<'a>, end: usize) {
    let chunk = Chunk { bytes: &bytes[open.start..end], ..open };
    if chunk.bytes.split(|&byte| byte == b'\n').any(holds_content) {
        chunks.push(chunk);
    }
}

fn holds_content(line: &[u8]) -> bool {
    let directive = line.starts_with(b"%");
    let first = line.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
    !directive && first.is_some_and(|&byte| byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<(&str, u32, u32)> {
        let text = |chunk: Chunk<'static>| std::str::from_utf8(chunk.bytes).unwrap();
        chunks(bytes.to_vec().leak()).into_iter().map(|c| (text(c), c.at.line, c.at.column)).collect()
    }

    #[test]
    fn documents_are_cut_at_marks_in_the_first_column_only() {
        assert_eq!(
            texts(b"a: 1\n---\nb: |\n  ---\n  x\n--- # c\nc: 3\n...\n----\n"),
            [("a: 1\n", 1, 0), ("\nb: |\n  ---\n  x\n", 2, 3), (" # c\nc: 3\n", 6, 3), ("\n----\n", 8, 3)]
        );
    }

    #[test]
    fn what_follows_the_mark_on_its_line_belongs_to_the_document() {
        assert_eq!(texts(b"--- {a: 1}\n"), [(" {a: 1}\n", 1, 3)]);
    }

    #[test]
    fn empty_documents_comments_directives_and_a_byte_order_mark_hold_nothing() {
        assert_eq!(texts(b"\xef\xbb\xbf%YAML 1.2\n---\n\n---\r\n# only\r\n--- \na: 1"), [(" \na: 1", 6, 3)]);
        assert!(texts(b"").is_empty());
        assert!(texts(b"---").is_empty());
    }

    #[test]
    fn windows_line_ends_cut_too() {
        assert_eq!(texts(b"a: 1\r\n---\r\nb: 2\r\n"), [("a: 1\r\n", 1, 0), ("\r\nb: 2\r\n", 2, 3)]);
    }

    #[test]
    fn positions_count_lines_and_characters() {
        let start = Position { line: 3, column: 4 };
        assert_eq!(start.after("äb"), Position { line: 3, column: 6 });
        assert_eq!(start.after("x\nyä\nzü"), Position { line: 5, column: 2 });
        assert_eq!(start.inside(1, 2), Position { line: 3, column: 6 });
        assert_eq!(start.inside(2, 2), Position { line: 4, column: 2 });
    }
}
