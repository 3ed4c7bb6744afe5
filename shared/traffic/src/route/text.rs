//! `StringMatch`: how a value is compared (`istio: pilot/pkg/networking/util/util.go: ConvertToEnvoyMatch`).

use mesh_model::row::TextMatch;
use regex::bytes::RegexBuilder;

use crate::Truth;

/// `*` alone is no regular expression, and asks that the value is there
/// (`istio: pilot/pkg/networking/core/route/route.go: canBeConvertedToPresentMatch`).
pub(super) fn asks_presence(matcher: &TextMatch) -> bool {
    match matcher {
        TextMatch::Present => true,
        TextMatch::Regex(pattern) => &**pattern == "*",
        TextMatch::Exact(_) | TextMatch::Prefix(_) => false,
    }
}

/// `value` is there and fits.
pub(super) fn of_header(matcher: &TextMatch, value: Option<&str>) -> Truth {
    match value {
        None => Truth::No,
        Some(_) if asks_presence(matcher) => Truth::Yes,
        Some(value) => fits(matcher, value),
    }
}

/// `value` fits.
pub(super) fn fits(matcher: &TextMatch, value: &str) -> Truth {
    match matcher {
        TextMatch::Present => Truth::Yes,
        TextMatch::Exact(text) => Truth::of(**text == *value),
        TextMatch::Prefix(text) => Truth::of(value.starts_with(&**text)),
        TextMatch::Regex(pattern) => whole(pattern, value),
    }
}

/// The same without regard to case, which a regular expression keeps.
pub(super) fn fits_any_case(matcher: &TextMatch, value: &str) -> Truth {
    let lower = |text: &str| text.to_ascii_lowercase();
    match matcher {
        TextMatch::Exact(text) => Truth::of(lower(text) == lower(value)),
        TextMatch::Prefix(text) => Truth::of(lower(value).starts_with(&lower(text))),
        TextMatch::Present | TextMatch::Regex(_) => fits(matcher, value),
    }
}

/// Envoy compares the whole value, by bytes with ASCII classes (RE2).
fn whole(pattern: &str, value: &str) -> Truth {
    let regex = RegexBuilder::new(&format!("^(?:{pattern})$")).unicode(false).build();
    match regex {
        Ok(regex) => Truth::of(regex.is_match(value.as_bytes())),
        Err(_) => Truth::Unknown(format!("the regular expression {pattern:?} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_expression_takes_the_whole_value() {
        let regex = |pattern: &str| TextMatch::Regex(pattern.into());
        assert_eq!(fits(&regex("/a|/b"), "/bc"), Truth::No);
        assert_eq!(fits(&regex("/v[0-9]+/.*"), "/v2/x"), Truth::Yes);
        assert!(matches!(fits(&regex("(a"), "a"), Truth::Unknown(_)));
        assert_eq!(of_header(&regex("*"), Some("")), Truth::Yes);
        assert_eq!(of_header(&TextMatch::Present, None), Truth::No);
    }

    #[test]
    fn case_is_left_aside_on_request() {
        let prefix = TextMatch::Prefix("/API".into());
        assert_eq!(fits(&prefix, "/api/x"), Truth::No);
        assert_eq!(fits_any_case(&prefix, "/api/x"), Truth::Yes);
    }
}
