//! Whether one rule takes a request (`istio: pilot/pkg/security/authz/model`).

use std::collections::BTreeSet;

use mesh_model::row::{AccessCondition, AccessRule, MeshConfig, Operation, PolicyAction, Source, Values};

use super::value::{asks, contains, fits, fits_any_case, glob, holds};
use super::{Identity, Request};
use crate::{Call, Truth};

/// The trust domain of an istiod and its aliases: an identity of one counts as of each.
pub(super) struct TrustDomains(BTreeSet<String>);

impl TrustDomains {
    pub(super) fn of(config: &MeshConfig) -> Self {
        let own = if config.trust_domain.is_empty() { "cluster.local" } else { &config.trust_domain };
        let aliases = config.trust_domain_aliases.iter().map(ToString::to_string);
        Self(std::iter::once(own.to_owned()).chain(aliases).collect())
    }

    /// The principals that a principal of a policy stands for; `cluster.local` points to the own trust domain
    /// (`istio: pilot/pkg/security/trustdomain/bundle.go: ReplaceTrustDomainAliases`).
    fn principals(&self, principal: &str) -> Vec<String> {
        let (domain, rest) = principal.split_once('/').unwrap_or_default();
        let is_whole = principal.split('/').count() == 5 && domain != "*";
        let is_own = self.0.iter().any(|own| fits(domain, own)) || domain == "cluster.local";
        if !is_whole || !is_own {
            return vec![principal.to_owned()];
        }
        self.0.iter().map(|own| format!("{own}/{rest}")).collect()
    }
}

struct Scope<'a> {
    action: &'a PolicyAction,
    namespace: &'a str,
    domains: &'a TrustDomains,
    request: &'a Request<'a>,
}

/// Whether `rule` of a policy with `action` in `namespace` takes `request`.
///
/// On a TCP port a rule that asks for something of HTTP allows nothing; a rule that denies leaves that part out and
/// denies more.
pub(super) fn takes(
    rule: &AccessRule,
    action: &PolicyAction,
    namespace: &str,
    domains: &TrustDomains,
    request: &Request<'_>,
) -> Truth {
    let scope = Scope { action, namespace, domains, request };
    // istiod drops a rule with a condition that it does not know.
    if rule.when.iter().any(|condition| !is_known(&condition.key)) {
        return Truth::No;
    }
    if request.http.is_none() && *action == PolicyAction::Allow && asks_http(rule) {
        return Truth::No;
    }
    let one_of = |parts: Vec<Truth>| if parts.is_empty() { Truth::Yes } else { Truth::any(parts) };
    let from = one_of(rule.from.iter().map(|source| scope.source(source)).collect());
    let to = one_of(rule.to.iter().map(|operation| scope.operation(operation)).collect());
    let when = rule.when.iter().map(|condition| scope.condition(condition));
    Truth::all([from, to].into_iter().chain(when))
}

fn asks_http(rule: &AccessRule) -> bool {
    rule.from.iter().any(|source| asks(&source.request_principals))
        || rule.to.iter().any(|to| asks(&to.hosts) || asks(&to.methods) || asks(&to.paths))
        || rule.when.iter().any(|condition| condition.key.starts_with("request."))
}

fn is_known(key: &str) -> bool {
    const EXACT: [&str; 12] = [
        "destination.ip",
        "destination.port",
        "connection.sni",
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.trustDomain",
        "source.serviceAccount",
        "source.principal",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
    ];
    const HEADS: [&str; 3] = ["experimental.envoy.filters.", "request.headers", "request.auth.claims"];
    EXACT.contains(&key) || HEADS.iter().any(|head| key.starts_with(head))
}

impl Scope<'_> {
    fn source(&self, source: &Source) -> Truth {
        Truth::all([
            self.identity(&source.principals, |value, identity| self.principal(value, identity)),
            self.identity(&source.namespaces, namespace),
            self.identity(&source.service_accounts, |value, identity| self.account(value, identity)),
            self.identity(&source.trust_domains, |value, identity| self.trust_domain(value, identity)),
            self.address(&source.ip_blocks),
            undecided(&source.remote_ip_blocks, "the address in front of all proxies"),
            self.token(&source.request_principals),
        ])
    }

    fn operation(&self, operation: &Operation) -> Truth {
        Truth::all([
            self.port(&operation.ports),
            self.http(&operation.hosts, |call, value| self.host(call, value)),
            self.http(&operation.methods, |call, value| Truth::of(fits(value, call.method))),
            self.http(&operation.paths, |call, value| path(value, call.path_only())),
        ])
    }

    fn condition(&self, condition: &AccessCondition) -> Truth {
        let values = &condition.values;
        match &*condition.key {
            "source.principal" => self.identity(values, |value, identity| self.principal(value, identity)),
            "source.namespace" => self.identity(values, namespace),
            "source.serviceAccount" => self.identity(values, |value, identity| self.account(value, identity)),
            "source.trustDomain" => {
                self.identity(values, |value, identity| self.trust_domain(value, identity))
            }
            "source.ip" => self.address(values),
            "destination.port" => self.port(values),
            key if key.starts_with("request.auth") => self.token(values),
            key if key.starts_with("request.headers") => {
                let name = key.trim_start_matches("request.headers[").trim_end_matches(']');
                let name = name.to_ascii_lowercase();
                self.http(values, |call, value| header(call, &name, value))
            }
            key => undecided(values, key),
        }
    }

    fn identity(&self, values: &Values, fits: impl Fn(&str, &str) -> bool) -> Truth {
        match &self.request.identity {
            Identity::Known(identity) => holds(values, |value| Truth::of(fits(value, identity))),
            Identity::Nobody => holds(values, |_| Truth::No),
            Identity::Unknown(why) => holds(values, |_| Truth::Unknown(why.clone())),
        }
    }

    fn principal(&self, value: &str, identity: &str) -> bool {
        self.domains.principals(value).iter().any(|value| fits(value, identity))
    }

    fn account(&self, value: &str, identity: &str) -> bool {
        let (namespace, account) = value.split_once('/').unwrap_or((self.namespace, value));
        identity.split_once('/').is_some_and(|(_, rest)| rest == format!("ns/{namespace}/sa/{account}"))
    }

    fn trust_domain(&self, value: &str, identity: &str) -> bool {
        let domain = identity.split('/').next().unwrap_or_default();
        fits(value, domain) || (self.domains.0.contains(value) && self.domains.0.contains(domain))
    }

    fn address(&self, values: &Values) -> Truth {
        match self.request.address {
            Some(address) => holds(values, |value| contains(value, address)),
            None => undecided(values, "the address of the peer"),
        }
    }

    fn port(&self, values: &Values) -> Truth {
        holds(values, |value| Truth::of(value.parse() == Ok(self.request.port)))
    }

    fn host(&self, call: &Call<'_>, value: &str) -> Truth {
        if let Some(authority) = call.authority() {
            return Truth::of(fits_any_case(value, authority));
        }
        let fitting = self.request.names.iter().filter(|name| fits_any_case(value, name)).count();
        match fitting {
            0 => Truth::No,
            all if all == self.request.names.len() => Truth::Yes,
            _ => Truth::Unknown("the name by which the client calls the service is not known".to_owned()),
        }
    }

    /// Something of HTTP; on a TCP port it asks nothing of a rule that denies.
    fn http(&self, values: &Values, fits: impl Fn(&Call<'_>, &str) -> Truth) -> Truth {
        match &self.request.http {
            Some(call) => holds(values, |value| fits(call, value)),
            None => Truth::of(*self.action != PolicyAction::Allow || !asks(values)),
        }
    }

    fn token(&self, values: &Values) -> Truth {
        if self.request.http.is_none() {
            return Truth::of(*self.action != PolicyAction::Allow || !asks(values));
        }
        undecided(values, "a token of the request")
    }
}

fn namespace(value: &str, identity: &str) -> bool {
    glob(&format!("*/ns/{value}/*"), identity)
}

/// Paths are compared after normalisation, which is left to the proxy.
fn path(value: &str, path: &str) -> Truth {
    if value.contains('{') {
        return Truth::Unknown(format!("the path template {value:?}"));
    }
    if value != "*" && ["%", "//", "/.", "\\"].iter().any(|part| path.contains(part)) {
        return Truth::Unknown("what the proxy makes of the path".to_owned());
    }
    Truth::of(fits(value, path))
}

/// A header that was not given is not sent, unless clients and proxies add it by themselves.
fn header(call: &Call<'_>, name: &str, value: &str) -> Truth {
    const ADDED: [&str; 6] =
        ["accept", "accept-encoding", "user-agent", "content-type", "authorization", "cookie"];
    match (name, call.header(name)) {
        (":method", _) => Truth::of(fits(value, call.method)),
        (_, Some(given)) => Truth::of(fits(value, given)),
        (name, None) if name.starts_with(['x', ':']) || name == "host" || ADDED.contains(&name) => {
            Truth::Unknown(format!("the header {name}"))
        }
        (_, None) => Truth::No,
    }
}

/// Values of something that is not known here.
fn undecided(values: &Values, what: &str) -> Truth {
    holds(values, |_| Truth::Unknown(what.to_owned()))
}
