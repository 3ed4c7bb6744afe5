//! Text for standard error. Part of it may come from a cluster, a file or a script.

/// The text with control characters shown as escapes, so that it cannot steer the terminal; lines and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c.is_control() && c != '\n' && c != '\t' {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_standard_error_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\rb\n\tc\u{9b}"), "a\\u{1b}[31m\\rb\n\tc\\u{9b}");
    }
}
