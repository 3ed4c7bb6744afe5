//! Host names as Istio's rules write them, resolved to fully qualified ones.

use std::fmt;

use crate::Hostname;

/// Suffix of Kubernetes services in Istio (`istio: pkg/config/constants`); other cluster domains are the
/// mesh's `trustDomain`-independent `--domain` of istiod, which no supported install changes.
const SERVICE_DOMAIN: &str = "svc.cluster.local";

/// Host of a rule: a name, or a wildcard `*.rest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HostPattern {
    /// One fully qualified host.
    Exact(Hostname),
    /// `*.rest` stands for every host below `rest`; `*` alone for all (empty rest).
    Wildcard(Hostname),
}

impl HostPattern {
    /// Reads the `host` field of a rule that lives in `namespace`.
    #[must_use]
    pub fn parse(host: &str, namespace: &str) -> Self {
        match host.strip_prefix('*') {
            Some(rest) => Self::Wildcard(Hostname::from(rest.trim_start_matches('.'))),
            None => Self::Exact(resolve_host(host, namespace)),
        }
    }

    /// True when the pattern covers `host`.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Wildcard(rest) if rest.is_empty() => true,
            Self::Wildcard(rest) => {
                host.strip_suffix(rest.as_str()).is_some_and(|head| head.ends_with('.') && head.len() > 1)
            }
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => f.write_str(host),
            Self::Wildcard(rest) if rest.is_empty() => f.write_str("*"),
            Self::Wildcard(rest) => write!(f, "*.{rest}"),
        }
    }
}

/// A host without a dot is a service of the rule's own namespace; any other is taken as it stands, so
/// `svc.ns` is *not* a short form (`istio: pkg/config/resolve.go: ResolveShortnameToFQDN`).
#[must_use]
pub fn resolve_host(host: &str, namespace: &str) -> Hostname {
    if host.contains('.') {
        Hostname::from(host)
    } else {
        Hostname::from(format!("{host}.{namespace}.{SERVICE_DOMAIN}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_without_dots_is_short() {
        assert_eq!(resolve_host("echo", "shop"), "echo.shop.svc.cluster.local");
        assert_eq!(resolve_host("echo.shop", "shop"), "echo.shop");
    }

    #[test]
    fn a_wildcard_covers_names_below_it_and_not_itself() {
        let pattern = HostPattern::parse("*.shop.svc.cluster.local", "x");
        assert!(pattern.covers("echo.shop.svc.cluster.local"));
        assert!(!pattern.covers("shop.svc.cluster.local"));
        assert!(!pattern.covers("echo.workshop.svc.cluster.local"));
        assert!(HostPattern::parse("*", "x").covers("a"));
        assert_eq!(HostPattern::parse("*.local", "x").to_string(), "*.local");
    }
}
