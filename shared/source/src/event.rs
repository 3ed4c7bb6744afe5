//! The YAML parser's events, up to the first error. The only module that sets the parser's options.

use granit_parser::{Event, Options, Parser, Span, StrInput};

/// Events with their spans; ends at the end of the stream and at the first error.
pub(crate) struct Walk<'a> {
    parser: Parser<'a, StrInput<'a>>,
    depth: usize,
    failed: bool,
}

impl<'a> Walk<'a> {
    /// Walks one document. An alias whose anchor stands elsewhere is an event, no error: a part of a document
    /// can be walked alone.
    pub(crate) fn new(text: &'a str) -> Self {
        let mut options = options();
        options.emit_unresolved_aliases = true;
        Self { parser: Parser::new_from_str_with_options(text, options), depth: 0, failed: false }
    }

    /// How many collections are open after the last event.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// Passes over the node that `event` began.
    pub(crate) fn skip(&mut self, event: &Event<'_>) {
        if !matches!(event, Event::MappingStart(..) | Event::SequenceStart(..)) {
            return;
        }
        let outside = self.depth - 1;
        while self.depth > outside && self.next().is_some() {}
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Event<'a>, Span);

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let Some(Ok((event, span))) = self.parser.next_event() else {
            self.failed = true;
            return None;
        };
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => self.depth += 1,
            Event::MappingEnd | Event::SequenceEnd => self.depth -= 1,
            _ => {}
        }
        Some((event, span))
    }
}

/// Without comments: nothing here reads them, and they cost.
pub(crate) fn options() -> Options {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options
}
