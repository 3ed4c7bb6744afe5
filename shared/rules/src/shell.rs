//! Words of the commands in remedies.

use std::borrow::Cow;

/// Stands for a word that no command may hold: no command line can hold NUL, so that it is a line's mark as well.
const UNFIT: &str = "\0";

/// `text` as one word of a POSIX shell, for a value right behind `--flag=`. Names of contexts may hold anything.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    shlex::try_quote(text).unwrap_or(Cow::Borrowed("''"))
}

/// `text` as one word of a POSIX shell. What begins with a dash is read as a flag, quoted or not.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    if text.starts_with('-') {
        return Cow::Borrowed(UNFIT);
    }
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(UNFIT))
}

/// The name of an object as a word. What an API server takes for no name can come from a file, and kubectl may read
/// more than one object into it.
pub(crate) fn name(text: &str) -> &str {
    if is_name(text) { text } else { UNFIT }
}

/// A name that an API server accepts for most kinds (RFC 1123); it may end in a dash, as a prefix of a name does.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

/// The line can be printed: each of its words is fit for it.
pub(crate) fn is_fit(line: &str) -> bool {
    !line.contains(UNFIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_could_read_as_a_flag_is_no_word() {
        for (text, fit) in [("west", true), ("a b", true), ("--all", false), ("-", false), ("a\0b", false)] {
            assert_eq!(is_fit(&word(text)), fit, "{text:?}");
        }
        for (text, fit) in [
            ("web-1.x", true),
            ("--all", false),
            ("a b", false),
            ("pods/x", false),
            ("a,b", false),
            ("", false),
        ] {
            assert_eq!(is_fit(name(text)), fit, "{text:?}");
        }
    }
}
