//! What an unquoted YAML scalar is: the JSON type that kubectl would send for it.

/// Type of a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
    /// Spellings that YAML versions disagree about: left to the YAML crate.
    Unsure,
}

/// Types `text` by its first byte where that is enough.
pub(crate) fn resolve(text: &str) -> Plain {
    match text.as_bytes() {
        [] | [b'~'] => Plain::Null,
        [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..] => number(text),
        [b'+' | b'.' | b'-', ..] => Plain::Unsure,
        [b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O', ..] if text.len() <= 5 => {
            word(text)
        }
        _ => Plain::Text,
    }
}

fn word(text: &str) -> Plain {
    const UNSURE: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"];
    match text {
        "null" => Plain::Null,
        "true" => Plain::Bool(true),
        "false" => Plain::Bool(false),
        _ if UNSURE.iter().any(|word| text.eq_ignore_ascii_case(word)) => Plain::Unsure,
        _ => Plain::Text,
    }
}

/// `text` begins with a digit, or a minus and a digit.
fn number(text: &str) -> Plain {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.iter().all(u8::is_ascii_digit) {
        if digits.len() > 1 && digits[0] == b'0' {
            return Plain::Unsure;
        }
        return match (text.parse(), text.parse()) {
            (Ok(number), _) => Plain::Unsigned(number),
            (_, Ok(number)) => Plain::Signed(number),
            _ => Plain::Unsure,
        };
    }
    let only = |bytes: &[u8]| digits.iter().all(|byte| byte.is_ascii_digit() || bytes.contains(byte));
    // Addresses, versions and dates.
    if memchr::memchr_iter(b'.', digits).count() > 1 || only(b"-") {
        return Plain::Text;
    }
    if only(b".") {
        let decimal = !text.ends_with('.') && (digits[0] != b'0' || digits[1] == b'.');
        return match text.parse() {
            Ok(number) if decimal => Plain::Float(number),
            _ => Plain::Unsure,
        };
    }
    let radix = matches!(digits, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    if radix || only(b"_eE+-.:") { Plain::Unsure } else { Plain::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_scalars_have_their_json_type() {
        assert_eq!(resolve("~"), Plain::Null);
        assert_eq!(resolve("null"), Plain::Null);
        assert_eq!(resolve("true"), Plain::Bool(true));
        assert_eq!(resolve("18446744073709551615"), Plain::Unsigned(u64::MAX));
        assert_eq!(resolve("-9223372036854775808"), Plain::Signed(i64::MIN));
        assert_eq!(resolve("0"), Plain::Unsigned(0));
        assert_eq!(resolve("0.5"), Plain::Float(0.5));
        assert_eq!(resolve("-12.25"), Plain::Float(-12.25));
    }

    #[test]
    fn names_addresses_versions_and_durations_are_text() {
        for text in [
            "svc",
            "10.0.0.1",
            "1.29.2",
            "10s",
            "5m0s",
            "1Gi",
            "never",
            "offline",
            "10.0.0.0/8",
            "a-1",
            "7d9f8b6c5d",
            "2026-01-02",
            "1.2.3-e5",
        ] {
            assert_eq!(resolve(text), Plain::Text, "{text}");
        }
    }

    #[test]
    fn what_yaml_versions_disagree_about_is_unsure() {
        for text in [
            "yes",
            "Off",
            "n",
            "True",
            "NULL",
            "0x1F",
            "0o17",
            "012",
            "1_000",
            "+5",
            ".5",
            "5.",
            "1e3",
            "12:30",
            ".inf",
            "-.inf",
            ".NaN",
            "-",
            "99999999999999999999",
            "00.5",
            "1.2e3",
            "7e10",
        ] {
            assert_eq!(resolve(text), Plain::Unsure, "{text}");
        }
    }
}
