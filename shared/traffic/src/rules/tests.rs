//! The look-up against its specification, on meshes of a few rules.

use mesh_model::row::{
    ClientTls, DestinationRule, LoadBalancer, MeshConfig, OutlierDetection, PolicyBlocks, PortPolicy,
    SidecarFact, Subset, TlsMode, TrafficPolicy, VirtualService,
};
use mesh_model::{
    ClusterBuilder, HostPattern, Kind, Labels, Locality, Mesh, MeshBuilder, ObjectRef, Origin, Row, path,
};
use proptest::prelude::*;

use super::*;
use crate::{Cause, Families, Features, Role, RuleSet};

const HOST: &str = "echo.shop.svc.cluster.local";

/// A rule `namespace/name` for a host, with outlier detection whose `consecutive5xxErrors` marks where it came from.
fn rule(namespace: &str, name: &str, host: &str, mark: u32) -> Row<DestinationRule> {
    let fact = DestinationRule {
        host_text: host.into(),
        host: HostPattern::parse(host, namespace),
        policy: Some(TrafficPolicy { blocks: detects(mark), ..TrafficPolicy::default() }),
        subsets: Vec::new(),
        export_to: Vec::new(),
        workload_selector: Labels::default(),
        created: "".into(),
        deleting: false,
    };
    row(Kind::DestinationRule, namespace, name, fact)
}

fn row<R>(kind: Kind, namespace: &str, name: &str, fact: R) -> Row<R> {
    Row {
        obj: ObjectRef::new("west", kind, namespace, name),
        origin: Origin::Live,
        labels: Labels::default(),
        annotations: Labels::default(),
        fact,
    }
}

fn detects(mark: u32) -> PolicyBlocks {
    let detection = OutlierDetection { consecutive_5xx: Some(mark), ..OutlierDetection::default() };
    PolicyBlocks { outlier_detection: Some(detection), ..PolicyBlocks::default() }
}

fn exported(mut row: Row<DestinationRule>, to: &[&str]) -> Row<DestinationRule> {
    row.fact.export_to = to.iter().map(|namespace| (*namespace).into()).collect();
    row
}

fn created(mut row: Row<DestinationRule>, time: &str) -> Row<DestinationRule> {
    row.fact.created = time.into();
    row
}

fn selecting(mut row: Row<DestinationRule>, app: &str) -> Row<DestinationRule> {
    row.fact.workload_selector = Labels::from_iter([("app", app)]);
    row
}

fn with_subset(
    mut row: Row<DestinationRule>,
    name: &str,
    policy: Option<TrafficPolicy>,
) -> Row<DestinationRule> {
    let labels = Labels::from_iter([("from", row.obj.name.as_str())]);
    row.fact.subsets.push(Subset { name: name.into(), labels, policy });
    row
}

fn mesh(rules: Vec<Row<DestinationRule>>) -> Mesh {
    let mut cluster = ClusterBuilder::new("west");
    cluster.destination_rules = rules;
    MeshBuilder::default().with(cluster).finish()
}

fn client(namespace: &str, app: &str) -> Client<'static> {
    Client {
        cluster: 0,
        namespace: namespace.into(),
        labels: Labels::from_iter([("app", app)]),
        locality: Locality { region: "".into(), zone: "".into(), subzone: "".into() },
        network: "".into(),
        network_label: "".into(),
        network_view: None,
        node: "".into(),
        families: Families::default(),
        role: Role::Sidecar,
        pod: None,
    }
}

/// The mark of the outlier detection that a client in `namespace` gets for [`HOST`].
fn mark(rules: &[Row<DestinationRule>], namespace: &str) -> Option<u32> {
    mark_by(rules, &client(namespace, "cart"), &MeshConfig::default())
}

fn mark_by(rules: &[Row<DestinationRule>], client: &Client<'_>, config: &MeshConfig) -> Option<u32> {
    let mesh = mesh(rules.to_vec());
    let features = Features::of(None, RuleSet::LATEST);
    let chosen = find(&mesh, &features, config, client)?;
    chosen.effective(80, None).outlier_detection.value?.consecutive_5xx
}

fn find<'m>(
    mesh: &'m Mesh,
    features: &Features,
    config: &'m MeshConfig,
    client: &Client<'_>,
) -> Option<Chosen<'m>> {
    let config = config_of(features, config);
    Rules::new(&mesh.clusters()[0], &config).find(client, "west", "shop", HOST)
}

fn config_of<'t, 'm>(features: &'t Features, mesh: &'m MeshConfig) -> Config<'t, 'm> {
    Config { rules: RuleSet::LATEST, features, mesh, object: None, root_namespace: "istio-system" }
}

#[test]
fn the_first_namespace_with_a_hit_wins_completely() {
    let client = rule("web", "a", "*.local", 1);
    let service = rule("shop", "b", "echo", 2);
    let root = rule("istio-system", "c", HOST, 3);
    assert_eq!(mark(&[client.clone(), service.clone(), root.clone()], "web"), Some(1));
    assert_eq!(mark(&[client.clone(), service, root.clone()], "other"), Some(2));
    assert_eq!(mark(&[client.clone(), root], "other"), Some(3));
    assert_eq!(mark(&[client], "other"), None);
}

#[test]
fn of_wildcards_the_longest_wins_and_an_exact_host_before_them() {
    let wide = rule("shop", "a", "*", 1);
    let long = rule("shop", "b", "*.svc.cluster.local", 2);
    let partial = rule("shop", "c", "*cho.shop.svc.cluster.local", 3);
    let exact = rule("shop", "d", HOST, 4);
    assert_eq!(mark(&[wide.clone(), long.clone(), partial.clone(), exact], "web"), Some(4));
    assert_eq!(mark(&[wide.clone(), long.clone(), partial], "web"), Some(3));
    assert_eq!(mark(&[wide.clone(), long], "web"), Some(2));
    assert_eq!(mark(&[wide], "web"), Some(1));
}

#[test]
fn a_host_with_a_dot_is_no_short_name() {
    assert_eq!(mark(&[rule("shop", "a", "echo.shop", 1)], "web"), None);
}

#[test]
fn clients_of_the_root_namespace_find_the_services_rules_before_its_public_ones() {
    let service = rule("shop", "a", "echo", 1);
    let public = rule("istio-system", "b", HOST, 2);
    let private = exported(rule("istio-system", "c", HOST, 3), &["."]);
    assert_eq!(mark(&[service.clone(), public], "istio-system"), Some(1));
    assert_eq!(mark(&[service, private], "istio-system"), Some(3));
}

#[test]
fn a_rule_counts_where_it_is_exported_to() {
    let to = |namespaces: &[&str]| [exported(rule("shop", "a", "echo", 1), namespaces)];
    assert_eq!(mark(&to(&["."]), "web"), None);
    assert_eq!(mark(&to(&["."]), "shop"), Some(1));
    assert_eq!(mark(&to(&["web"]), "web"), Some(1));
    assert_eq!(mark(&to(&["web"]), "other"), None);
    assert_eq!(mark(&to(&["web"]), "shop"), None, "its own namespace is not named");
    assert_eq!(mark(&to(&["*"]), "other"), Some(1));
    let private = MeshConfig { destination_rule_export_to: vec![".".into()], ..MeshConfig::default() };
    assert_eq!(mark_by(&to(&[]), &client("web", "cart"), &private), None);
    assert_eq!(mark_by(&to(&[]), &client("shop", "cart"), &private), Some(1));
}

#[test]
fn a_host_that_nobody_may_see_does_not_fall_back_to_a_wider_one() {
    let narrow = exported(rule("shop", "a", "echo", 1), &["web"]);
    let wide = rule("shop", "b", "*.svc.cluster.local", 2);
    let root = rule("istio-system", "c", HOST, 3);
    assert_eq!(mark(&[narrow.clone(), wide.clone(), root], "other"), Some(3));
    assert_eq!(mark(&[narrow, wide], "other"), None);
}

#[test]
fn of_merged_rules_the_oldest_policy_wins_and_subsets_are_put_together() {
    let old = created(rule("shop", "z", "echo", 1), "2024-01-01T00:00:00Z");
    let new = created(rule("shop", "a", "echo", 2), "2025-01-01T00:00:00Z");
    let own = TrafficPolicy { blocks: detects(7), ..TrafficPolicy::default() };
    let old = with_subset(with_subset(old, "v1", None), "v2", None);
    let new = with_subset(with_subset(new, "v2", None), "v3", Some(own));
    let mesh = mesh(vec![new, old]);
    let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
    let chosen = find(&mesh, &features, &config, &client("web", "cart")).expect("a rule");
    assert_eq!(chosen.subsets().collect::<Vec<_>>(), ["v1", "v2", "v3"]);
    assert_eq!(chosen.rows().iter().map(|row| row.obj.name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    let from = |subset: &str| chosen.subset_labels(subset).and_then(|labels| labels.value.get("from"));
    assert_eq!((from("v1"), from("v2"), from("v3")), (Some("z"), Some("z"), Some("a")));
    let of = |subset: &str| chosen.effective(80, Some(subset)).outlier_detection;
    let field =
        |row: &str, path| Cause::field(&ObjectRef::new("west", Kind::DestinationRule, "shop", row), path);
    assert_eq!(of("v2").cause, field("z", path!["spec", "trafficPolicy", "outlierDetection"]));
    let own = path!["spec", "subsets", 1_usize, "trafficPolicy", "outlierDetection"];
    assert_eq!(of("v3").cause, field("a", own));
    assert_eq!(of("v3").value.and_then(|detection| detection.consecutive_5xx), Some(7));
    assert_eq!(of("no such").cause, of("v1").cause);
}

#[test]
fn rules_of_other_exports_do_not_merge_and_the_last_one_counts() {
    let older = created(rule("shop", "a", "echo", 1), "1");
    let newer = exported(created(rule("shop", "b", "echo", 2), "2"), &["*"]);
    assert_eq!(mark(&[older.clone(), newer.clone()], "web"), Some(2));
    let all = [older, newer];
    let mesh = mesh(all.to_vec());
    let mut features = Features::of(None, RuleSet::LATEST);
    features.merge_by_export_to = false;
    let config = MeshConfig::default();
    let chosen = find(&mesh, &features, &config, &client("web", "cart")).expect("a rule");
    assert_eq!(chosen.rows().len(), 2, "without the flag they merge");
    assert_eq!(chosen.effective(80, None).outlier_detection.value.and_then(|d| d.consecutive_5xx), Some(1));
}

#[test]
fn a_wider_export_is_folded_into_the_older_rule_and_reaches_nobody_new() {
    let older = exported(created(rule("shop", "a", "echo", 1), "1"), &["shop"]);
    let newer = exported(created(rule("shop", "b", "echo", 2), "2"), &["shop", "web"]);
    // For the namespace itself the two are one; what is exported holds the newer alone.
    assert_eq!(mark(&[older.clone(), newer.clone()], "shop"), Some(1));
    assert_eq!(mark(&[older, newer], "web"), Some(2));
    let older = exported(created(rule("shop", "a", "echo", 1), "1"), &["other", "web"]);
    let newer = exported(created(rule("shop", "b", "echo", 2), "2"), &["other", "third", "web"]);
    assert_eq!(mark(&[older, newer], "third"), None);
}

#[test]
fn a_rule_for_selected_workloads_counts_for_them_in_its_namespace() {
    let all = rule("web", "a", HOST, 1);
    let cart = selecting(rule("web", "b", HOST, 2), "cart");
    let rules = [all, cart];
    let config = MeshConfig::default();
    assert_eq!(mark_by(&rules, &client("web", "cart"), &config), Some(2));
    assert_eq!(mark_by(&rules, &client("web", "desk"), &config), Some(1));
    let of_service = [selecting(rule("shop", "b", HOST, 2), "cart")];
    assert_eq!(mark_by(&of_service, &client("web", "cart"), &config), None);
}

#[test]
fn a_private_rule_is_merged_into_one_for_selected_workloads_and_lost_to_others() {
    let mut cart = selecting(rule("web", "b", HOST, 0), "cart");
    cart.fact.policy = None;
    let private = exported(rule("web", "a", HOST, 1), &["."]);
    let rules = [cart.clone(), private];
    let config = MeshConfig::default();
    assert_eq!(mark_by(&rules, &client("web", "cart"), &config), Some(1));
    assert_eq!(mark_by(&rules, &client("web", "desk"), &config), None);
    let public = [cart, rule("web", "a", HOST, 1)];
    assert_eq!(mark_by(&public, &client("web", "cart"), &config), None, "a default export is not folded in");
    assert_eq!(mark_by(&public, &client("web", "desk"), &config), Some(1));
}

#[test]
fn a_rule_that_is_being_deleted_still_counts() {
    let mut going = rule("shop", "a", "echo", 1);
    going.fact.deleting = true;
    assert_eq!(mark(&[going], "web"), Some(1));
}

#[test]
fn the_default_of_the_mesh_lies_under_the_rule_but_not_under_a_port_entry_of_a_subset() {
    let config = MeshConfig { default_policy: detects(9), ..MeshConfig::default() };
    let features = Features::of(None, RuleSet::LATEST);
    let entry = |number| PortPolicy { number, blocks: PolicyBlocks::default() };
    let policy = TrafficPolicy { blocks: detects(1), ports: vec![entry(80)] };
    let mut row = with_subset(rule("shop", "a", "echo", 1), "v1", Some(policy.clone()));
    row.fact.policy = Some(policy);
    let mesh = mesh(vec![row]);
    let chosen = find(&mesh, &features, &config, &client("web", "cart")).expect("a rule");
    let mark = |applied: Applied<'_>| applied.outlier_detection.value.and_then(|d| d.consecutive_5xx);
    let under = |port, subset, rules| {
        mark(chosen.effective(port, subset).over_default(&Config { rules, ..config_of(&features, &config) }))
    };
    assert_eq!(under(80, None, RuleSet::LATEST), Some(9));
    assert_eq!(under(80, None, RuleSet::OLDEST_PROVED), None);
    assert_eq!(under(81, None, RuleSet::LATEST), Some(1));
    assert_eq!(under(80, Some("v1"), RuleSet::LATEST), None);
    assert_eq!(mark(Applied::default().over_default(&config_of(&features, &config))), Some(9));
}

#[test]
fn the_cause_of_a_missing_block_is_the_level_that_left_it_out() {
    let mut row = rule("shop", "a", "echo", 1);
    let balancer = PolicyBlocks { load_balancer: Some(LoadBalancer::default()), ..PolicyBlocks::default() };
    row.fact.policy.as_mut().expect("set").ports.push(PortPolicy { number: 80, blocks: balancer });
    let bare = Row { fact: DestinationRule { policy: None, ..row.fact.clone() }, ..row.clone() };
    let cause = |row: Row<DestinationRule>| {
        let mesh = mesh(vec![row]);
        let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
        let chosen = find(&mesh, &features, &config, &client("web", "cart")).expect("a rule");
        chosen.effective(80, None).outlier_detection.cause
    };
    assert_eq!(
        cause(row.clone()),
        Cause::field(&row.obj, path!["spec", "trafficPolicy", "portLevelSettings", 0_usize])
    );
    assert_eq!(cause(bare), Cause::field(&row.obj, path!["spec"]));
}

#[test]
fn tls_for_other_networks_is_searched_level_by_level() {
    let tls = |mode| PolicyBlocks { tls: Some(ClientTls { mode, sni: None }), ..PolicyBlocks::default() };
    let entry = |number, blocks| PortPolicy { number, blocks };
    let top = TrafficPolicy {
        blocks: tls(TlsMode::IstioMutual),
        ports: vec![entry(80, detects(1)), entry(81, tls(TlsMode::Simple))],
    };
    let own = TrafficPolicy { blocks: detects(1), ports: vec![entry(82, tls(TlsMode::Disable))] };
    let mut row = with_subset(rule("shop", "a", "echo", 1), "v1", Some(own));
    row.fact.policy = Some(top);
    let mesh = mesh(vec![row]);
    let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
    let chosen = find(&mesh, &features, &config, &client("web", "cart")).expect("a rule");
    let mode = |port, subset, rules| chosen.tls_mode(port, subset, rules).map(|mode| mode.value.clone());
    assert_eq!(
        mode(80, None, RuleSet::LATEST),
        Some(TlsMode::IstioMutual),
        "an entry without tls drops nothing"
    );
    assert_eq!(mode(81, None, RuleSet::LATEST), Some(TlsMode::Simple));
    assert_eq!(mode(82, Some("v1"), RuleSet::LATEST), Some(TlsMode::Disable));
    assert_eq!(mode(80, Some("v1"), RuleSet::LATEST), Some(TlsMode::IstioMutual));
    assert_eq!(mode(80, Some("v1"), RuleSet::OLDEST_PROVED), None);
    assert_eq!(mode(80, Some("no such"), RuleSet::LATEST), None);
}

fn sees(sidecars: Vec<Row<SidecarFact>>, client: &Client<'_>, namespace: &str, host: &str) -> bool {
    let mut cluster = ClusterBuilder::new("west");
    cluster.sidecars = sidecars;
    let mesh = MeshBuilder::default().with(cluster).finish();
    let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
    let sidecars = Sidecars::new(&mesh.clusters()[0], &config_of(&features, &config));
    sidecars.of(client, "west").sees(&client.namespace, namespace, host).value
}

#[test]
fn a_service_is_seen_where_a_route_that_is_seen_leads_to_it() {
    let seen = |hosts: &[&str], route: &VirtualService, from: &str| {
        let mut cluster = ClusterBuilder::new("west");
        cluster.sidecars = vec![sidecar("web", "a", hosts)];
        cluster.virtual_services = vec![row(Kind::VirtualService, "web", "a", route.clone())];
        let mesh = MeshBuilder::default().with(cluster).finish();
        let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
        let sidecars = Sidecars::new(&mesh.clusters()[0], &config_of(&features, &config));
        sidecars.of(&client(from, "cart"), "west").sees(from, "shop", HOST).value
    };
    let to = HostPattern::parse(HOST, "web");
    let route = VirtualService {
        hosts: vec![HostPattern::parse("front", "web")],
        destinations: vec![(to, "".into())],
        ..VirtualService::default()
    };
    assert!(seen(&["./*"], &route, "web"));
    assert!(seen(&["web/front.web.svc.cluster.local"], &route, "web"));
    assert!(!seen(&["other/*"], &route, "web"));
    assert!(!seen(&["./*", "~web/front.web.svc.cluster.local"], &route, "web"));
    let wide = VirtualService { hosts: vec![HostPattern::parse("*.local", "web")], ..route.clone() };
    assert!(seen(&["web/front.web.svc.cluster.local"], &wide, "web"), "a wider host overlaps");
    let gateway = VirtualService { gateways: vec!["web/public".into()], ..route.clone() };
    assert!(!seen(&["./*"], &gateway, "web"));
    let elsewhere = VirtualService { export_to: vec!["other".into()], ..route };
    assert!(!seen(&["./*"], &elsewhere, "web"));
}

fn sidecar(namespace: &str, name: &str, hosts: &[&str]) -> Row<SidecarFact> {
    let egress_hosts = hosts.iter().map(|host| (*host).into()).collect();
    row(Kind::Sidecar, namespace, name, SidecarFact { egress_hosts, ..SidecarFact::default() })
}

#[test]
fn a_sidecar_limits_the_services_by_namespace_and_host() {
    let web = client("web", "cart");
    let limited = |hosts: &[&str]| sees(vec![sidecar("web", "a", hosts)], &web, "shop", HOST);
    assert!(limited(&[]));
    assert!(limited(&["*/*"]));
    assert!(limited(&["shop/*"]));
    assert!(limited(&["*/*.shop.svc.cluster.local"]));
    assert!(limited(&["shop/echo.shop.svc.cluster.local"]));
    assert!(!limited(&["./*", "istio-system/*"]));
    assert!(!limited(&["shop/other.shop.svc.cluster.local"]));
    assert!(!limited(&["*/*", "~shop/*"]));
    assert!(!limited(&["~/*"]));
    assert!(!limited(&["shop/a/b", "shop"]));
    assert!(sees(vec![sidecar("web", "a", &["./*"])], &web, "web", "cart.web.svc.cluster.local"));
}

#[test]
fn hosts_that_begin_with_a_tilde_exclude_since_1_31() {
    let mut cluster = ClusterBuilder::new("west");
    cluster.sidecars = vec![sidecar("web", "a", &["*/*", "~shop/*"]), sidecar("desk", "a", &["~/*"])];
    let mesh = MeshBuilder::default().with(cluster).finish();
    let seen = |rules, from: &str| {
        let (features, config) = (Features::of(None, rules), MeshConfig::default());
        let config = Config { rules, ..config_of(&features, &config) };
        let sidecars = Sidecars::new(&mesh.clusters()[0], &config);
        sidecars.of(&client(from, "cart"), "west").sees(from, "shop", HOST).value
    };
    assert!(!seen(RuleSet::LATEST, "web"));
    assert!(seen(RuleSet::OLDEST_PROVED, "web"));
    assert!(!seen(RuleSet::OLDEST_PROVED, "desk"), "it lets nothing through");
}

#[test]
fn a_sidecar_with_a_selector_counts_first_and_that_of_the_root_namespace_last() {
    let mut for_desk = sidecar("web", "z", &["shop/*"]);
    for_desk.fact.selector = Labels::from_iter([("app", "desk")]);
    let all = vec![sidecar("web", "a", &["./*"]), for_desk, sidecar("istio-system", "root", &["shop/*"])];
    let sees = |client: &Client<'_>| sees(all.clone(), client, "shop", HOST);
    assert!(!sees(&client("web", "cart")));
    assert!(sees(&client("web", "desk")));
    assert!(sees(&client("other", "cart")));
    assert!(sees(&Client { role: Role::Router, ..client("web", "cart") }));
}

proptest! {
    /// Age decides, so names do not matter as long as no two rules are of one age.
    #[test]
    fn of_rules_of_different_ages_the_names_do_not_matter(
        exports in prop::collection::vec(prop::sample::subsequence(vec![".", "*", "shop", "web"], 0..=3), 6),
        hosts in prop::collection::vec(prop::sample::select(vec!["echo", "*", "*.local"]), 6),
        names in Just(vec!["a", "b", "c", "d", "e", "f"]).prop_shuffle(),
        from in prop::sample::select(vec!["shop", "web", "other", "istio-system"]),
    ) {
        let named = |names: &[&str]| {
            let rules = names.iter().zip(&exports).zip(&hosts).zip(0..);
            let rules: Vec<_> = rules.map(|(((name, to), host), age)| {
                exported(created(rule("shop", name, host, age), &age.to_string()), to)
            }).collect();
            mark(&rules, from)
        };
        prop_assert_eq!(named(&names), named(&["a", "b", "c", "d", "e", "f"]));
    }

    /// Walking suffixes finds what comparing each host finds.
    #[test]
    fn the_most_specific_host_is_the_longest_that_covers(
        patterns in prop::collection::vec("(\\*)?(\\.?[ab]){0,3}", 1..8),
        host in "(\\*\\.)?[ab](\\.[ab]){0,3}",
    ) {
        let rules = patterns.iter().zip(0..).filter(|(pattern, _)| pattern.contains(['.', '*']));
        let rules: Vec<_> = rules.map(|(pattern, at)| rule("shop", &format!("r{at}"), pattern, at)).collect();
        let covers = |pattern: &str| match pattern.strip_prefix('*') {
            Some(rest) => host.strip_prefix('*').unwrap_or(&host).ends_with(rest),
            None => pattern == host,
        };
        let texts = rules.iter().map(|row| &*row.fact.host_text).filter(|pattern| covers(pattern));
        let expected = texts.max_by_key(|pattern| (!pattern.starts_with('*'), pattern.len()));
        let mesh = mesh(rules.clone());
        let (features, config) = (Features::of(None, RuleSet::LATEST), MeshConfig::default());
        let index = Rules::new(&mesh.clusters()[0], &config_of(&features, &config));
        let found = index.find(&client("shop", "cart"), "west", "shop", &host);
        prop_assert_eq!(found.as_ref().map(|chosen| &*chosen.rows()[0].fact.host_text), expected);
    }
}
