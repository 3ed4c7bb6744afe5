//! Characters that must not be printed as they are, wherever text goes that came from a cluster or a file.

/// True for characters that move the cursor, start a terminal sequence, end a line, turn the direction of text,
/// or have no visible shape.
#[must_use]
pub const fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_turns_or_hides_is_hostile_and_letters_are_not() {
        for c in ['\n', '\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}', '\u{feff}'] {
            assert!(is_hostile(c), "{c:?}");
        }
        assert!(!"a \u{e9}\u{65e5}\u{1f469}/-\"".contains(is_hostile));
    }
}
