//! Lines for people: spans of untrusted text with a tone, escaped and painted when they are written.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use mesh_rules::Severity;

use crate::escape::escape;
use crate::{Icons, Style};

/// What a span tells; a colour only repeats it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Error,
    Warning,
    Info,
    Good,
    Dim,
    Bold,
}

impl Tone {
    const fn sequence(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Error => "\x1b[31m",
            Self::Warning => "\x1b[33m",
            Self::Info => "\x1b[36m",
            Self::Good => "\x1b[32m",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
        }
    }
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Info => Self::Info,
        }
    }
}

/// Sign in front of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Passed,
    Found(Severity),
    Open,
}

impl Sign {
    /// The sign, padded to the widest of its set.
    pub(crate) const fn as_str(self, icons: Icons) -> &'static str {
        match (icons, self) {
            (Icons::Unicode, Self::Passed) => "✓",
            (Icons::Unicode, Self::Found(Severity::Error)) => "✗",
            (Icons::Unicode, Self::Found(Severity::Warning)) => "!",
            (Icons::Unicode, Self::Found(Severity::Info)) => "*",
            (Icons::Unicode, Self::Open) => "-",
            (Icons::Ascii, Self::Passed) => "ok  ",
            (Icons::Ascii, Self::Found(Severity::Error)) => "FAIL",
            (Icons::Ascii, Self::Found(Severity::Warning)) => "!   ",
            (Icons::Ascii, Self::Found(Severity::Info)) => "*   ",
            (Icons::Ascii, Self::Open) => "-   ",
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Passed => Tone::Good,
            Self::Found(severity) => severity.into(),
            Self::Open => Tone::Dim,
        }
    }
}

/// A line in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Vec<(Tone, String)>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds text; it is escaped here, so that its width is the width that is printed.
    pub(crate) fn push(mut self, tone: Tone, text: &str) -> Self {
        self.0.push((tone, escape(text).into_owned()));
        self
    }

    pub(crate) fn plain(self, text: &str) -> Self {
        self.push(Tone::Plain, text)
    }

    /// Pads with spaces to `column`.
    pub(crate) fn to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.plain(&" ".repeat(missing))
    }

    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    /// Writes the line without spaces at its end.
    pub(crate) fn write(self, style: &Style, out: &mut impl Write) -> io::Result<()> {
        let last = self.0.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        let shown = last.map_or(0, |at| at + 1);
        for (at, (tone, text)) in self.0.iter().take(shown).enumerate() {
            let text = if at + 1 == shown { text.trim_end() } else { text };
            if style.color && *tone != Tone::Plain {
                write!(out, "{}{text}\x1b[0m", tone.sequence())?;
            } else {
                out.write_all(text.as_bytes())?;
            }
        }
        writeln!(out)
    }
}

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in lines of at most `columns`, broken at spaces only: a name is never cut.
pub(crate) fn wrap(text: &str, columns: Option<usize>) -> Vec<String> {
    let Some(columns) = columns else { return vec![text.to_owned()] };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: Line, color: bool) -> String {
        let mut out = Vec::new();
        line.write(&Style { color, ..Style::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_colour_closes_before_the_line_ends() {
        let line = || Line::new().push(Tone::Error, "FAIL").to(10).plain("x").to(20);
        assert_eq!(written(line(), true), "\u{1b}[31mFAIL\u{1b}[0m      x\n");
        assert_eq!(written(line(), false), "FAIL      x\n");
    }

    #[test]
    fn untrusted_text_cannot_colour_or_break_a_line() {
        let text = written(Line::new().plain("a\u{1b}[31mb\nc\rd"), true);
        assert_eq!(text, "a\\u{1b}[31mb\\nc\\rd\n");
    }

    #[test]
    fn wide_characters_count_two_columns() {
        assert_eq!(Line::new().plain("東京").to(6).width(), 6);
        assert_eq!(written(Line::new().plain("東京").to(6).plain("x"), false), "東京  x\n");
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrap("aa bb cc", Some(5)), ["aa bb", "cc"]);
        assert_eq!(wrap("a very-long-name b", Some(6)), ["a", "very-long-name", "b"]);
        assert_eq!(wrap("aa bb cc", None), ["aa bb cc"]);
        assert_eq!(wrap("", Some(5)), [""]);
    }
}
