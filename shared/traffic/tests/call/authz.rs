//! Which calls a workload takes.

use mesh_model::Labels;
use mesh_traffic::authz::{Access, Identity, Request};
use mesh_traffic::{Call, Traffic, Truth};

use crate::tree::{istiod, mesh};

const WEB: &str = "cluster.local/ns/web/sa/web";

fn policy(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"
    )
}

fn http<'a>() -> Request<'a> {
    Request {
        identity: Identity::Known(WEB.to_owned()),
        address: None,
        port: 8080,
        http: Some(Call { path: "/cart?id=1", ..Call::default() }),
        names: vec!["echo.shop.svc.cluster.local".to_owned(), "echo.shop".to_owned()],
    }
}

fn access(policies: &[String], request: &Request<'_>) -> Access {
    let mesh = mesh(&[("west", &format!("{}\n{}", istiod("west"), policies.join("\n")))]);
    let labels: Labels = [("app", "echo")].into_iter().collect();
    Traffic::new(&mesh).view(0).access("shop", &labels, request)
}

fn of(spec: &str, request: &Request<'_>) -> Truth {
    access(&[policy("shop", "p", spec)], request).allowed
}

fn is_unknown(truth: &Truth) -> bool {
    matches!(truth, Truth::Unknown(_))
}

#[test]
fn without_a_policy_every_call_is_taken() {
    let access = access(&[], &http());
    assert_eq!((access.allowed, access.policies), (Truth::Yes, 0));
    assert_eq!(access.cause.to_string(), "no policy selects the workload");
}

#[test]
fn policies_are_those_of_the_root_namespace_and_of_the_workload_that_select_it() {
    let deny = "{action: DENY, rules: [{}]}";
    assert_eq!(access(&[policy("istio-system", "p", deny)], &http()).allowed, Truth::No);
    assert_eq!(access(&[policy("other", "p", deny)], &http()).policies, 0);
    let other = "{selector: {matchLabels: {app: ledger}}, action: DENY, rules: [{}]}";
    assert_eq!(access(&[policy("shop", "p", other)], &http()).policies, 0);
    let waypoint = "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: w}], action: DENY, rules: [{}]}";
    assert_eq!(access(&[policy("shop", "p", waypoint)], &http()).policies, 0);
}

#[test]
fn a_policy_that_allows_closes_the_workload_for_all_others() {
    let denied =
        access(&[policy("shop", "p", "{rules: [{from: [{source: {namespaces: [pay]}}]}]}")], &http());
    assert_eq!(denied.allowed, Truth::No);
    assert_eq!(denied.cause.to_string(), "AuthorizationPolicy shop/p spec.rules");
    let allowed =
        access(&[policy("shop", "p", "{rules: [{}, {from: [{source: {namespaces: [web]}}]}]}")], &http());
    assert_eq!(allowed.cause.to_string(), "AuthorizationPolicy shop/p spec.rules[0]");
    assert_eq!(of("{}", &http()), Truth::No, "no rule allows nothing");
}

#[test]
fn what_is_denied_is_denied_whatever_allows_it() {
    let policies = [policy("shop", "a", "{rules: [{}]}"), policy("shop", "b", "{action: DENY, rules: [{}]}")];
    let denied = access(&policies, &http());
    assert_eq!(denied.cause.to_string(), "AuthorizationPolicy shop/b spec.rules[0]");
    let tried = "---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: b, namespace: shop, annotations: {istio.io/dry-run: 'true'}}
spec: {action: DENY, rules: [{}]}
";
    assert_eq!(access(&[tried.to_owned()], &http()).allowed, Truth::Yes);
}

#[test]
fn a_server_outside_makes_the_answer_unknown_but_not_what_is_denied_anyway() {
    let custom = policy("shop", "c", "{action: CUSTOM, provider: {name: opa}, rules: [{}]}");
    assert!(is_unknown(&access(std::slice::from_ref(&custom), &http()).allowed));
    let deny = policy("shop", "d", "{action: DENY, rules: [{}]}");
    assert_eq!(access(&[custom.clone(), deny], &http()).allowed, Truth::No);
    let allow = policy("shop", "a", "{rules: [{from: [{source: {namespaces: [pay]}}]}]}");
    assert_eq!(access(&[custom, allow], &http()).allowed, Truth::No);
    let elsewhere =
        "{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {paths: [/admin]}}]}]}";
    assert_eq!(of(elsewhere, &http()), Truth::Yes);
}

#[test]
fn callers_are_known_by_principal_namespace_account_and_trust_domain() {
    for (source, taken) in [
        ("principals: [cluster.local/ns/web/sa/web]", true),
        ("principals: ['*/sa/web']", true),
        ("principals: ['cluster.local/ns/web/*']", true),
        ("principals: ['*']", true),
        ("principals: [other.org/ns/web/sa/web]", false),
        ("notPrincipals: ['*']", false),
        ("namespaces: ['w*']", true),
        ("namespaces: [we]", false),
        ("serviceAccounts: [web/web]", true),
        ("serviceAccounts: [web]", false),
        ("trustDomains: [cluster.local]", true),
        ("trustDomains: [other.org]", false),
    ] {
        let spec = format!("{{rules: [{{from: [{{source: {{{source}}}}}]}}]}}");
        assert_eq!(of(&spec, &http()), Truth::of(taken), "{source}");
    }
}

#[test]
fn without_mutual_tls_nobody_calls_and_an_unknown_caller_is_unknown() {
    let by_namespace = "{rules: [{from: [{source: {namespaces: [web]}}]}]}";
    let plain = Request { identity: Identity::Nobody, ..http() };
    assert_eq!(of(by_namespace, &plain), Truth::No);
    assert_eq!(of("{rules: [{from: [{source: {notNamespaces: [web]}}]}]}", &plain), Truth::Yes);
    let unknown = Request { identity: Identity::Unknown("no pod".to_owned()), ..http() };
    assert!(is_unknown(&of(by_namespace, &unknown)));
}

#[test]
fn cluster_local_points_to_the_own_trust_domain_and_aliases_are_as_good() {
    let config = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: 'trustDomain: new.org

    trustDomainAliases: [old.org]'}
";
    let of_domain = |domain: &str| {
        let identity = Identity::Known(format!("{domain}/ns/web/sa/web"));
        let rule =
            policy("shop", "p", "{rules: [{from: [{source: {principals: [cluster.local/ns/web/sa/web]}}]}]}");
        access(&[config.to_owned(), rule], &Request { identity, ..http() }).allowed
    };
    assert_eq!(of_domain("new.org"), Truth::Yes);
    assert_eq!(of_domain("old.org"), Truth::Yes);
    assert_eq!(of_domain("other.org"), Truth::No);
}

#[test]
fn requests_are_known_by_port_method_path_and_host() {
    for (operation, taken) in [
        ("methods: [GET]", true),
        ("methods: [POST]", false),
        ("paths: [/cart]", true),
        ("paths: ['/c*']", true),
        ("notPaths: ['*art']", false),
        ("ports: ['8080']", true),
        ("ports: ['80']", false),
        ("hosts: ['ECHO.shop*']", true),
        ("hosts: [ledger.shop]", false),
    ] {
        let spec = format!("{{rules: [{{to: [{{operation: {{{operation}}}}}]}}]}}");
        assert_eq!(of(&spec, &http()), Truth::of(taken), "{operation}");
    }
    let one_name = "{rules: [{to: [{operation: {hosts: [echo.shop]}}]}]}";
    assert!(is_unknown(&of(one_name, &http())), "the client may use another name");
    assert!(is_unknown(&of("{rules: [{to: [{operation: {paths: ['/{*}']}}]}]}", &http())));
    let call = Call { path: "/a//b", ..Call::default() };
    let spec = "{rules: [{to: [{operation: {paths: [/a/b]}}]}]}";
    assert!(is_unknown(&of(spec, &Request { http: Some(call), ..http() })));
}

#[test]
fn conditions_on_what_is_not_known_are_unknown() {
    let when = |key: &str| format!("{{rules: [{{when: [{{key: '{key}', values: [a]}}]}}]}}");
    for key in
        ["request.auth.claims[iss]", "remote.ip", "source.ip", "connection.sni", "request.headers[x-a]"]
    {
        assert!(is_unknown(&of(&when(key), &http())), "{key}");
    }
    assert_eq!(of(&when("request.headers[colour]"), &http()), Truth::No);
    let headers = [("colour".to_owned(), "a".to_owned())];
    let call = Call { headers: &headers, ..Call::default() };
    assert_eq!(of(&when("request.headers[Colour]"), &Request { http: Some(call), ..http() }), Truth::Yes);
    assert_eq!(of(&when("no.such.key"), &http()), Truth::No, "istiod drops the rule");
    let blocks = "{rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}";
    assert_eq!(of(blocks, &Request { address: "10.1.1.1".parse().ok(), ..http() }), Truth::Yes);
}

#[test]
fn on_a_tcp_port_http_rules_allow_nothing_and_deny_more() {
    let tcp = Request { http: None, ..http() };
    let rules = "rules: [{to: [{operation: {methods: [GET], ports: ['8080']}}]}]";
    assert_eq!(of(&format!("{{{rules}}}"), &tcp), Truth::No);
    assert_eq!(of(&format!("{{action: DENY, {rules}}}"), &tcp), Truth::No);
    let other = "{action: DENY, rules: [{to: [{operation: {methods: [GET], ports: ['9']}}]}]}";
    assert_eq!(of(other, &tcp), Truth::Yes);
}
