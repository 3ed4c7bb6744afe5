//! Text for standard error. Part of it may come from a cluster, a file or a script.

use mesh_model::is_hostile;

/// Put before every line after the first.
const CONTINUED: &str = "  ";

/// The text with every character shown as an escape that steers the terminal, turns or hides text; lines and tabs
/// stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if is_hostile(c) && c != '\n' && c != '\t' {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

/// The same for text of others behind a head of ours: its further lines are indented, so that none of them can
/// pass for a line of ours.
pub(crate) fn continued(text: &str) -> String {
    printable(text).trim_end_matches('\n').replace('\n', &format!("\n{CONTINUED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_standard_error_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\rb\n\tc\u{9b}"), "a\\u{1b}[31m\\rb\n\tc\\u{9b}");
        assert_eq!(printable("a\u{202e}b\u{200b}\u{2028}"), "a\\u{202e}b\\u{200b}\\u{2028}");
    }

    #[test]
    fn a_note_of_a_server_cannot_forge_a_line_of_ours() {
        let shown = continued("refused\nnote: all is well\n\nerror: none\n");
        assert_eq!(shown, "refused\n  note: all is well\n  \n  error: none");
    }
}
