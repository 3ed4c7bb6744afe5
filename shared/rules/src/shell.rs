//! Words of the commands in remedies.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell. Names of contexts may hold anything.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    // Only a NUL byte cannot be quoted, and no command line can hold one.
    shlex::try_quote(text).unwrap_or(Cow::Borrowed("''"))
}
