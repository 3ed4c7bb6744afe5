//! Priorities and weights against the tables and worked examples of their specification.

use std::sync::Arc;

use mesh_model::row::{Distribute, Failover, LocalityLbSetting, MeshConfig};
use mesh_model::{Kind, Labels, Locality, ObjectRef, path};
use proptest::prelude::*;

use super::*;
use crate::client::labels;
use crate::endpoint::Endpoint;
use crate::{EndpointOrigin, Families, Features, Health, Role, Via};

fn locality(text: &str) -> Locality {
    let mut parts = text.split('/');
    let mut part = || parts.next().unwrap_or_default();
    Locality { region: part().into(), zone: part().into(), subzone: part().into() }
}

fn client(text: &str, network: &str) -> Client<'static> {
    Client {
        cluster: 0,
        namespace: "shop".into(),
        labels: Labels::from_iter([("version", "v1")]),
        locality: locality(text),
        network: network.into(),
        network_label: network.into(),
        network_view: None,
        node: "n1".into(),
        families: Families::default(),
        role: Role::Sidecar,
        pod: None,
    }
}

/// The row an endpoint of a test stands in.
fn origin() -> &'static mesh_model::Row<mesh_model::row::WorkloadEntry> {
    static ROW: std::sync::LazyLock<mesh_model::Row<mesh_model::row::WorkloadEntry>> =
        std::sync::LazyLock::new(|| mesh_model::Row {
            obj: ObjectRef::new("west", Kind::WorkloadEntry, "shop", "echo"),
            origin: mesh_model::Origin::Live,
            labels: Labels::default(),
            annotations: Labels::default(),
            fact: mesh_model::row::WorkloadEntry::default(),
        });
    &ROW
}

fn sent(weight: u32, via: Via<'static>) -> Sent<'static> {
    Sent { address: "10.0.0.1".into(), port: 80, weight, health: Health::Healthy, via }
}

/// An endpoint of a network, with labels of its own.
fn pod(text: &str, network: &'static str, own: &[(&str, &str)]) -> Sent<'static> {
    let endpoint = Endpoint {
        cluster: 0,
        cluster_id: "west",
        address: "10.0.0.1",
        port: 80,
        port_name: "http",
        locality: locality(text),
        locality_text: text.into(),
        network,
        network_label: network,
        namespace: "shop",
        labels: own.iter().copied().collect(),
        node: "n1",
        has_tls: true,
        health: Health::Healthy,
        weight: 1,
        pod: None,
        origin: EndpointOrigin::Workload(origin()),
    };
    sent(1, Via::Direct(Arc::new(endpoint)))
}

fn gateway(network: &str) -> Sent<'static> {
    let cause = Cause::Default("a test");
    sent(1, Via::Gateway { network: network.into(), cluster_id: "east".into(), cause, behind: Vec::new() })
}

fn group(text: &str, endpoints: Vec<Sent<'static>>) -> Group<'static> {
    let weight = endpoints.iter().map(|sent| sent.weight).sum();
    Group { locality: locality(text), priority: 0, weight, endpoints }
}

/// A group of one endpoint in each locality.
fn groups(texts: &[&str]) -> Vec<Group<'static>> {
    texts.iter().map(|text| group(text, vec![pod(text, "n1", &[])])).collect()
}

fn failover(entries: &[(&str, &str)]) -> LocalityLbSetting {
    let entries = entries.iter().map(|(from, to)| Failover { from: (*from).into(), to: (*to).into() });
    LocalityLbSetting { failover: entries.collect(), ..LocalityLbSetting::default() }
}

fn priority(labels: &[&str]) -> LocalityLbSetting {
    let failover_priority = labels.iter().map(|label| (*label).into()).collect();
    LocalityLbSetting { failover_priority, ..LocalityLbSetting::default() }
}

fn distribute(entries: &[(&str, &[(&str, u32)])]) -> LocalityLbSetting {
    let entry = |(from, to): &(&str, &[(&str, u32)])| Distribute {
        from: (*from).into(),
        to: to.iter().map(|(to, weight)| ((*to).into(), *weight)).collect(),
    };
    LocalityLbSetting { distribute: entries.iter().map(entry).collect(), ..LocalityLbSetting::default() }
}

const OLD: RuleSet = RuleSet::OLDEST_PROVED;
const NEW: RuleSet = RuleSet::LATEST;

fn apply_to<'m>(
    setting: &Setting<'_>,
    client: &Client<'_>,
    rules: RuleSet,
    groups: Vec<Group<'m>>,
) -> Outcome<'m> {
    apply(setting, client, "west", true, rules, true, groups)
}

fn priorities(setting: &Setting<'_>, from: &str, rules: RuleSet, groups: Vec<Group<'_>>) -> Vec<u32> {
    let outcome = apply_to(setting, &client(from, "n1"), rules, groups);
    outcome.groups.iter().map(|group| group.priority).collect()
}

#[test]
fn failover_tiers_are_subzone_zone_region_next_region_others() {
    let texts = ["a/z1/s2", "a/z2/s1", "b/z1/s1", "c/z1/s1"];
    let of = |setting: LocalityLbSetting, texts: &[&str]| {
        priorities(&Setting::Locality(&setting), "a/z1/s1", NEW, groups(texts))
    };
    assert_eq!(of(failover(&[("a", "b")]), &texts), [0, 1, 2, 3]);
    assert_eq!(of(failover(&[]), &texts), [0, 1, 2, 2]);
    assert_eq!(
        of(failover(&[("x", "c")]), &texts),
        [0, 1, 2, 2],
        "an entry for another region counts for nobody"
    );
    assert_eq!(of(failover(&[("a", "b"), ("a", "c")]), &texts), [0, 1, 2, 3], "a second entry is dead");
    assert_eq!(of(failover(&[]), &["a/z1/s1", "b/z1/s1"]), [0, 1]);
    assert_eq!(of(failover(&[]), &["a/z2/s1"]), [0], "the nearest there is comes first");
}

#[test]
fn a_missing_label_equals_only_a_missing_label() {
    let setting = failover(&[]);
    let of = |from: &str, texts: &[&str]| priorities(&Setting::Locality(&setting), from, NEW, groups(texts));
    assert_eq!(of("", &["", ""]), [0, 0]);
    assert_eq!(of("", &["a/z1", "b/z1"]), [0, 0], "all are another region, and move up");
    assert_eq!(of("a/z1", &["", "a/z1"]), [1, 0]);
    assert_eq!(of("a/z1", &["a/z1/s1", "a/z1"]), [1, 0]);
}

#[test]
fn without_outlier_detection_a_list_does_nothing_and_a_distribution_does() {
    let list = failover(&[("a", "b")]);
    let texts = ["a/z1", "b/z1"];
    let setting = Setting::Locality(&list);
    let bare = apply(&setting, &client("a/z1", "n1"), "west", false, NEW, true, groups(&texts));
    assert_eq!(bare.groups.iter().map(|group| group.priority).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(setting.mode(false), LocalityMode::Inert);
    assert_eq!(setting.mode(true), LocalityMode::Failover);
    let near = Setting::Distribution(Distribution::PreferSameZone);
    let near = apply(&near, &client("a/z1", "n1"), "west", false, NEW, true, groups(&texts));
    assert_eq!(near.groups.iter().map(|group| group.priority).collect::<Vec<_>>(), [0, 1]);
}

/// Worked example 10.
#[test]
fn the_network_as_first_label_is_soft_from_1_31_on() {
    let setting = priority(&[labels::NETWORK, labels::REGION, labels::ZONE]);
    let setting = Setting::Locality(&setting);
    let example = || {
        vec![
            group("a/z2", vec![pod("a/z2", "n1", &[])]),
            group("b/z1", vec![pod("b/z1", "n1", &[])]),
            group("c/z1", vec![gateway("n2")]),
        ]
    };
    assert_eq!(priorities(&setting, "a/z1", NEW, example()), [0, 1, 2]);
    assert_eq!(priorities(&setting, "a/z1", OLD, example()), [0, 1, 2]);
    // Seen without a gateway the other network repeats the order of the own one.
    let direct = || {
        let other = |text: &str| group(text, vec![pod(text, "n2", &[])]);
        vec![groups(&["a/z1"]).remove(0), other("a/z1"), other("a/z2"), other("b/z1")]
    };
    assert_eq!(priorities(&setting, "a/z1", NEW, direct()), [0, 1, 2, 3]);
    assert_eq!(priorities(&setting, "a/z1", OLD, direct()), [0, 1, 1, 1]);
    // With a value it is a label as any other.
    let fixed = priority(&["topology.istio.io/network=n1", labels::REGION]);
    assert_eq!(priorities(&Setting::Locality(&fixed), "a/z1", NEW, direct()), [0, 1, 1, 1]);
}

#[test]
fn a_gateway_has_labels_of_cluster_and_network_only() {
    let same_region = || vec![group("a/z1", vec![pod("a/z1", "n1", &[]), gateway("n2")])];
    let setting = priority(&[labels::REGION]);
    let outcome = apply_to(&Setting::Locality(&setting), &client("a/z1", "n1"), NEW, same_region());
    assert_eq!(outcome.groups.len(), 2, "one locality is split");
    assert!(matches!(outcome.groups[1].endpoints[0].via, Via::Gateway { .. }));
    let setting = priority(&["topology.istio.io/cluster=east"]);
    let outcome = apply_to(&Setting::Locality(&setting), &client("a/z1", "n1"), NEW, same_region());
    assert!(matches!(outcome.groups[0].endpoints[0].via, Via::Gateway { .. }));
}

#[test]
fn labels_count_from_the_first_that_differs() {
    let of = |entries: &[&str], endpoints: Vec<Sent<'static>>| {
        let setting = priority(entries);
        let outcome = apply_to(
            &Setting::Locality(&setting),
            &client("a/z1", "n1"),
            NEW,
            vec![group("a/z1", endpoints)],
        );
        outcome.groups.iter().map(|part| (part.priority, part.weight)).collect::<Vec<_>>()
    };
    let versions = || ["v1", "v2", "v1"].map(|version| pod("a/z1", "n1", &[("version", version)])).to_vec();
    assert_eq!(of(&["version"], versions()), [(0, 2), (1, 1)]);
    assert_eq!(of(&["version=v2"], versions()), [(0, 1), (1, 2)]);
    assert_eq!(of(&["no such"], versions()), [(0, 3)], "missing on both sides is a match");
    assert_eq!(of(&["version=v2=x"], versions()), [(0, 2), (1, 1)], "two equals signs give no value");
    assert_eq!(
        of(&["version", "version=v2"], versions()),
        [(0, 1), (1, 2)],
        "a value counts for all entries"
    );
}

#[test]
fn labels_and_failover_combine() {
    let both = LocalityLbSetting { failover: failover(&[("a", "b")]).failover, ..priority(&["version"]) };
    let of = |text: &str, version: &str| group(text, vec![pod(text, "n1", &[("version", version)])]);
    let all = vec![of("a/z1", "v1"), of("a/z1", "v2"), of("b/z1", "v1"), of("c/z1", "v1")];
    assert_eq!(priorities(&Setting::Locality(&both), "a/z1", NEW, all), [0, 3, 1, 2]);
    assert_eq!(Setting::Locality(&both).mode(true), LocalityMode::PriorityThenFailover);
}

#[test]
fn an_empty_group_stays_unless_labels_decide() {
    let empty = || vec![group("a/z1", Vec::new()), groups(&["b/z1"]).remove(0)];
    assert_eq!(priorities(&Setting::Locality(&failover(&[])), "a/z1", NEW, empty()), [0, 1]);
    assert_eq!(priorities(&Setting::Locality(&priority(&[labels::ZONE])), "a/z1", NEW, empty()), [0]);
}

/// Worked example 11.
#[test]
fn distribute_shares_a_weight_and_rounds_up() {
    let weighing = distribute(&[("a/*", &[("a/*", 70), ("b", 30)])]);
    let many = |text: &str, count: usize| group(text, vec![pod(text, "n1", &[]); count]);
    let all = vec![many("a/z1", 1), many("a/z2", 2), many("b/z1", 5)];
    let outcome = apply_to(&Setting::Locality(&weighing), &client("a/z1", "n1"), NEW, all);
    assert_eq!(outcome.groups.iter().map(|group| group.weight).collect::<Vec<_>>(), [24, 47, 30]);
    assert!(outcome.groups.iter().all(|group| group.priority == 0));
    assert!(outcome.emptied.is_empty());
}

#[test]
fn distribute_empties_what_it_does_not_list() {
    let weighing = distribute(&[("b", &[("b", 100)]), ("a", &[("a", 100)]), ("a/z1", &[("c", 100)])]);
    let setting = Setting::Locality(&weighing);
    let outcome = apply_to(&setting, &client("a/z1", "n1"), NEW, groups(&["a/z1", "c/z1"]));
    assert_eq!(outcome.entry, Some(1), "the first entry for the client");
    assert_eq!(outcome.groups.iter().map(|group| group.endpoints.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(outcome.emptied.len(), 1);
    let elsewhere = apply_to(&setting, &client("c/z1", "n1"), NEW, groups(&["a/z1", "c/z1"]));
    assert_eq!(elsewhere.entry, None);
    assert!(elsewhere.groups.iter().all(|group| group.endpoints.len() == 1 && group.weight == 1));
}

#[test]
fn patterns_of_distribute_match_whole_parts() {
    let claims = |pattern: &str, text: &str| {
        let weighing = distribute(&[("*", &[(pattern, 100)])]);
        let outcome = apply_to(&Setting::Locality(&weighing), &client("a/z1", "n1"), NEW, groups(&[text]));
        outcome.emptied.is_empty()
    };
    assert!(claims("*", "a/z1/s1"));
    assert!(claims("a", "a/z1/s1"));
    assert!(claims("a/*", "a/z1/s1"));
    assert!(claims("a//s1", "a/z1/s1"));
    assert!(claims("a/*/s1", "a/z1/s1"));
    assert!(!claims("a/z1/s2", "a/z1/s1"));
    assert!(!claims("us-*", "us-east/z1"));
    assert!(!claims("", "a/z1"), "an empty region is that of nodes without labels");
    assert!(claims("", ""));
}

#[test]
fn zone_aware_looks_at_regions_and_needs_no_outlier_detection() {
    let failover = failover(&[("a", "c")]).failover;
    let zones = ZoneAware { failover, ..ZoneAware::default() };
    let texts = ["a/z1", "a/z2", "b/z1", "c/z1"];
    let of = |zones: &ZoneAware| {
        let outcome = apply(
            &Setting::ZoneAware(zones),
            &client("a/z1", "n1"),
            "west",
            false,
            NEW,
            true,
            groups(&texts),
        );
        outcome.groups.iter().map(|group| group.priority).collect::<Vec<_>>()
    };
    assert_eq!(of(&zones), [0, 0, 2, 1]);
    let by_zone = ZoneAware { failover_priority: vec![labels::ZONE.into()], ..zones.clone() };
    assert_eq!(of(&by_zone), [0, 3, 2, 1]);
    assert_eq!(of(&ZoneAware { enabled: Some(false), ..zones }), [0, 0, 0, 0]);
}

#[test]
fn the_first_setting_there_is_wins_whole() {
    use LocalityMode::{Failover, None as Nothing, Prefer, ZoneAware as Zones};
    let features = Features::of(None, NEW);
    let object = ObjectRef::new("west", Kind::ConfigMap, "istio-system", "istio");
    let mesh = MeshConfig { zone_aware: Some(ZoneAware::default()), ..MeshConfig::default() };
    let any = Caused { value: Distribution::Any, cause: Cause::Default("no traffic distribution") };
    let near = Caused { value: Distribution::PreferSameZone, cause: Cause::Default("a test") };
    let at = Cause::field(&object, path!["spec", "loadBalancer"]);
    let of = |balancer: Option<&LoadBalancer>, distribution, mesh: &MeshConfig, rules| {
        let balancer = Caused { value: balancer, cause: at.clone() };
        let config = Config {
            rules,
            features: &features,
            mesh,
            object: Some(&object),
            root_namespace: "istio-system",
        };
        let chosen = choose(&balancer, distribution, &config);
        (chosen.value.mode(true), chosen.cause)
    };
    let (locality, zone_aware) = (Some(failover(&[])), Some(ZoneAware::default()));
    let both = LoadBalancer { locality, zone_aware, ..LoadBalancer::default() };
    let off = LocalityLbSetting { enabled: Some(false), ..LocalityLbSetting::default() };
    let of_rule = LoadBalancer { locality: Some(off.clone()), ..LoadBalancer::default() };
    let simple = LoadBalancer { simple: Some("RANDOM".into()), ..LoadBalancer::default() };
    let rule_field = |field: &'static str| at.clone().then(field);
    let mesh_field = |field: &'static str| Cause::field(&object, path!["data", "mesh", field]);
    assert_eq!(of(Some(&both), &near, &mesh, NEW), (Zones, rule_field("zoneAwareLbSetting")));
    assert_eq!(of(Some(&both), &near, &mesh, OLD), (Failover, rule_field("localityLbSetting")));
    assert_eq!(
        of(Some(&of_rule), &near, &mesh, NEW),
        (Nothing, rule_field("localityLbSetting").then("enabled"))
    );
    assert_eq!(of(Some(&simple), &near, &mesh, NEW), (Prefer, near.cause.clone()));
    assert_eq!(of(Some(&simple), &any, &mesh, NEW), (Zones, mesh_field("zoneAwareLbSetting")));
    assert_eq!(of(None, &any, &mesh, OLD), (Failover, mesh_field("localityLbSetting")));
    let mesh_off = MeshConfig { locality: off, ..MeshConfig::default() };
    assert_eq!(of(None, &any, &mesh_off, NEW), (Nothing, mesh_field("localityLbSetting").then("enabled")));
}

fn place() -> impl Strategy<Value = String> {
    (0_u8..3, 0_u8..3, 0_u8..2).prop_map(|(region, zone, subzone)| format!("r{region}/z{zone}/s{subzone}"))
}

proptest! {
    /// Priorities have no gap, nothing is lost, and a group that stands nearer is never behind.
    #[test]
    fn failover_keeps_all_and_leaves_no_gap(
        from in place(),
        texts in prop::collection::vec(place(), 1..8),
        next in 0_u8..3,
    ) {
        let region = locality(&from).region.to_string();
        let setting = failover(&[(&region, &format!("r{next}"))]);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = priorities(&Setting::Locality(&setting), &from, NEW, groups(&texts));
        let mut used = found.clone();
        used.sort_unstable();
        used.dedup();
        prop_assert!(used.iter().copied().eq(0..u32::try_from(used.len()).expect("few")));
        let shared = |text: &str| {
            let parts = from.split('/').zip(text.split('/'));
            parts.take_while(|(own, other)| own == other).count()
        };
        for (text, priority) in texts.iter().zip(&found) {
            for (other, behind) in texts.iter().zip(&found) {
                prop_assert!(shared(text) <= shared(other) || priority < behind);
            }
        }
    }

    /// Parts of groups hold the endpoints that came in, each with the sum of their weights.
    #[test]
    fn labels_split_and_lose_nothing(
        versions in prop::collection::vec(prop::collection::vec(0_u8..3, 0..5), 1..5),
    ) {
        let all: Vec<_> = versions.iter().map(|versions| {
            let pods = versions.iter().map(|version| pod("a/z1", "n1", &[("version", &format!("v{version}"))]));
            group("a/z1", pods.collect())
        }).collect();
        let setting = priority(&["version", "version=v2"]);
        let outcome = apply_to(&Setting::Locality(&setting), &client("a/z1", "n1"), NEW, all);
        let sum: usize = outcome.groups.iter().map(|part| part.endpoints.len()).sum();
        prop_assert_eq!(sum, versions.iter().map(Vec::len).sum::<usize>());
        for part in &outcome.groups {
            prop_assert_eq!(part.weight, part.endpoints.iter().map(|sent| sent.weight).sum::<u32>());
            prop_assert!(!part.endpoints.is_empty());
        }
    }

    /// Weights of the groups under one pattern are at least its weight, and beyond it by less than one for each group.
    #[test]
    fn a_share_is_rounded_up_for_each_group(
        counts in prop::collection::vec(1_usize..6, 1..6),
        weight in 1_u32..=100,
    ) {
        let all: Vec<_> = counts.iter().enumerate().map(|(at, count)| {
            let text = format!("a/z{at}");
            let pod = pod(&text, "n1", &[]);
            group(&text, vec![pod; *count])
        }).collect();
        let weighing = distribute(&[("*", &[("a", weight)])]);
        let outcome = apply_to(&Setting::Locality(&weighing), &client("a/z1", "n1"), NEW, all);
        let sum: u32 = outcome.groups.iter().map(|group| group.weight).sum();
        prop_assert!(sum >= weight && sum < weight + u32::try_from(counts.len()).expect("few"));
    }
}
