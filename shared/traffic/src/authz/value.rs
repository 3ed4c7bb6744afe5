//! How single values of a policy are compared (`istio: pilot/pkg/security/authz/matcher`).

use std::net::IpAddr;

use mesh_model::row::Values;

use crate::Truth;

/// One of `any_of` holds, and none of `none_of`; an empty list asks nothing.
pub(super) fn holds(values: &Values, holds: impl Fn(&str) -> Truth) -> Truth {
    let any = match values.any_of.as_slice() {
        [] => Truth::Yes,
        some => Truth::any(some.iter().map(|value| holds(value))),
    };
    Truth::all([any, !Truth::any(values.none_of.iter().map(|value| holds(value)))])
}

/// True when the lists ask something.
pub(super) fn asks(values: &Values) -> bool {
    !values.any_of.is_empty() || !values.none_of.is_empty()
}

/// `*` is any text but the empty one; a star in front stands for a head, one at the end for a tail.
pub(super) fn fits(value: &str, text: &str) -> bool {
    if value == "*" {
        return !text.is_empty();
    }
    match (value.strip_prefix('*'), value.strip_suffix('*')) {
        (Some(tail), _) => text.ends_with(tail),
        (None, Some(head)) => text.starts_with(head),
        (None, None) => value == text,
    }
}

/// As [`fits`], without regard to case.
pub(super) fn fits_any_case(value: &str, text: &str) -> bool {
    fits(&value.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Every star of `pattern` stands for any text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let head = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// An address, or a subnet.
pub(super) fn contains(block: &str, address: IpAddr) -> Truth {
    let single = block.parse::<IpAddr>().map(|single| single == address);
    let subnet = || block.parse::<ipnet::IpNet>().map(|subnet| subnet.contains(&address));
    match single.or_else(|_| subnet()) {
        Ok(holds) => Truth::of(holds),
        Err(_) => Truth::Unknown(format!("{block:?} is no address and no subnet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_text_where_istio_lets_them() {
        assert!(fits("*", "x") && !fits("*", ""));
        assert!(fits("/admin*", "/admin/x") && fits("*.png", "/a.png") && !fits("/admin", "/admin/"));
        assert!(fits_any_case("ECHO.*", "echo.shop"));
        assert!(glob("*/ns/shop-*/*", "cluster.local/ns/shop-1/sa/a"));
        assert!(!glob("*/ns/shop/*", "cluster.local/ns/shop-1/sa/a"));
        assert!(glob("a*b*c", "aXbYc") && !glob("a*b", "ab-"));
    }
}
