//! Whole scenarios: what is lost, who notices, and who answers then. Examples 1 and 8 of docs/envoy.md 5 among them.

use mesh_model::{Locality, Mesh};
use mesh_traffic::Traffic;
use mesh_traffic::scenario::{Callers, Loss, Lost, Mode, Outcome, Scenario, Target, mend, outcome};
use proptest::prelude::*;

use crate::support::{Docs, ECHO, World};

const EJECT_ALL: &str = ", trafficPolicy: {outlierDetection: {maxEjectionPercent: 100}}";

fn rule(percent: u32) -> String {
    format!(", trafficPolicy: {{outlierDetection: {{maxEjectionPercent: {percent}}}}}")
}

/// A pod with a sidecar that calls.
fn caller(docs: &mut Docs, node: &str, ip: &str) {
    docs.add(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: caller, namespace: shop}}\nspec: {{nodeName: {node}, \
         containers: [{{name: istio-proxy, image: proxyv2}}]}}\nstatus: {{phase: Running, podIP: {ip}}}"
    ));
}

/// Clusters `west` in region `a` and `east` in region `b`, with a caller each and so many pods of `shop/echo`.
fn regions(version: &str, pods: [usize; 2], rule: &str) -> [Docs; 2] {
    let cluster = |name: &str, other: &str, region: &str, net: u8, pods: usize| {
        let mut docs = Docs::primary_of(version, name, &[other], "");
        docs.node(&format!("n-{name}"), &format!("{region}/z1")).service("echo", "");
        docs.pods(&format!("10.{net}.0"), &format!("n-{name}"), pods);
        if !rule.is_empty() {
            docs.rule(rule);
        }
        caller(&mut docs, &format!("n-{name}"), &format!("10.{net}.9.9"));
        docs
    };
    [cluster("west", "east", "a", 1, pods[0]), cluster("east", "west", "b", 2, pods[1])]
}

/// The same pods, in one network.
fn flat(version: &str, pods: [usize; 2], rule: &str) -> Mesh {
    let [west, east] = regions(version, pods, rule);
    World::default().cluster("west", west).cluster("east", east).mesh()
}

/// The same in two networks, with one gateway each.
fn networks(version: &str, pods: [usize; 2], rule: &str) -> Mesh {
    let [mut west, mut east] = regions(version, pods, rule);
    west.network("n1").gateway("n1", &["192.0.2.1"]);
    east.network("n2").gateway("n2", &["192.0.2.2"]);
    World::default().cluster("west", west).cluster("east", east).mesh()
}

fn all(target: Target) -> Vec<Loss> {
    vec![Loss { target, percent: 100 }]
}

fn region(name: &str) -> Vec<Loss> {
    all(Target::Region(name.to_owned()))
}

/// For callers of `west`.
fn scenario(mesh: &Mesh, losses: Vec<Loss>, mode: Mode) -> Scenario {
    let callers = Callers::Of("west".to_owned());
    Scenario { lost: Lost::of(mesh, losses), mode, callers, ..Scenario::default() }
}

fn ask(mesh: &Mesh, losses: Vec<Loss>, mode: Mode, check: impl FnOnce(&Outcome<'_>)) {
    let traffic = Traffic::new(mesh);
    check(&outcome(&traffic, ECHO, 80, &scenario(mesh, losses, mode)).expect("the service is there"));
}

/// Whole percents sent to west and east, and answered of all, at each moment.
fn percents(found: &Outcome<'_>) -> [[i64; 3]; 3] {
    let of = |name: &str| {
        let shares = found.destinations.iter().find(|(to, _)| to.cluster == *name);
        shares.map_or([0.0; 3], |(_, shares)| shares.sent)
    };
    [of("west"), of("east"), found.served].map(|shares| shares.map(percent))
}

#[expect(clippy::cast_possible_truncation, reason = "percents")]
fn percent(share: f64) -> i64 {
    (share * 100.0).round() as i64
}

#[test]
fn example_8_a_dead_region_is_left_as_far_as_the_limit_goes() {
    let table = [(10, 1, [100, 0, 0]), (25, 3, [70, 30, 30]), (50, 6, [0, 100, 100])];
    for (max, ejected, [west, east, served]) in table {
        ask(&flat("1.31.0", [6, 6], &rule(max)), region("a"), Mode::Unreachable, |found| {
            let expected = [[100, 100, west], [0, 0, east], [100, 0, served]];
            assert_eq!(percents(found), expected, "maxEjectionPercent {max}");
            let settled = &found.courses[0].1.settled.ejection;
            assert_eq!((settled.ejected.len(), settled.needed, settled.least_percent), (ejected, 6, 50));
        });
    }
}

#[test]
fn example_8_with_a_gateway_behind_three_pods_75_percent_must_go() {
    for (max, east) in [(74, 54), (75, 100)] {
        ask(&networks("1.31.0", [3, 3], &rule(max)), region("a"), Mode::Unreachable, |found| {
            assert_eq!(percents(found)[1], [0, 0, east], "maxEjectionPercent {max}");
            let settled = &found.courses[0].1.settled;
            assert_eq!((settled.hosts.len(), settled.ejection.least_percent), (4, 75));
            let to_east = found.destinations.iter().find(|(to, _)| to.cluster == *"east").unwrap().1;
            assert!(to_east.through_gateway && !to_east.direct);
            assert_eq!(to_east.pods, [3; 3]);
        });
    }
}

#[test]
fn example_1_unready_pods_spill_from_1_31_on_and_were_left_out_before() {
    for (version, west, east) in [("1.31.0", 84, 16), ("1.30.0", 100, 0)] {
        let two = [1, 2].map(|at| {
            let name = format!("echo-n-west-{at}");
            Loss { target: Target::Pod("west".to_owned(), "shop".to_owned(), name), percent: 100 }
        });
        ask(&flat(version, [5, 4], EJECT_ALL), two.to_vec(), Mode::Drain, |found| {
            assert_eq!(percents(found), [[100, 100, west], [0, 0, east], [100; 3]], "{version}");
            assert_eq!(found.destinations.values().map(|shares| shares.pods).max(), Some([5, 5, 3]));
        });
    }
}

#[test]
fn a_third_unready_sends_7_percent_away_and_a_third_dead_all_but_nothing() {
    let third = || {
        let target = Target::Workload("west".to_owned(), "shop".to_owned(), "echo-n-west".to_owned());
        vec![Loss { target, percent: 33 }]
    };
    for (version, west) in [("1.31.0", 93), ("1.30.0", 100)] {
        ask(&flat(version, [9, 9], EJECT_ALL), third(), Mode::Drain, |found| {
            assert_eq!(found.lost_endpoints, 3);
            assert_eq!(percents(found)[0], [100, 100, west], "{version}");
        });
    }
    // The limit lets one of 18 go; 6 of the 8 that are left answer.
    ask(&flat("1.31.0", [9, 9], &rule(10)), third(), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[100; 3], [0; 3], [100, 67, 75]]);
    });
}

#[test]
fn distribute_does_not_fail_over_and_outlier_detection_does_not_mend_it() {
    let spec = ", trafficPolicy: {outlierDetection: {maxEjectionPercent: 100}, loadBalancer: {localityLbSetting: \
                {distribute: [{from: a/*, to: {a/*: 100}}]}}}";
    let mesh = flat("1.31.0", [3, 3], spec);
    ask(&mesh, region("a"), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[100, 100, 0], [0; 3], [100, 0, 0]]);
        assert_eq!(found.no_host.map(percent), [0, 0, 100]);
        let scenario = scenario(&mesh, region("a"), Mode::Unreachable);
        assert!(mend(&Traffic::new(&mesh), ECHO, 80, &scenario, found).is_none());
    });
}

#[test]
fn all_dead_is_no_host_once_all_are_ejected() {
    let both = || [region("a"), region("b")].concat();
    ask(&flat("1.31.0", [3, 3], EJECT_ALL), both(), Mode::Unreachable, |found| {
        assert_eq!(percents(found)[2], [100, 0, 0]);
        assert_eq!(found.no_host.map(percent), [0, 0, 100]);
    });
    ask(&flat("1.30.0", [3, 3], EJECT_ALL), both(), Mode::Drain, |found| {
        assert_eq!(percents(found)[2], [100, 100, 0]);
        assert_eq!(found.destinations.values().map(|shares| shares.pods[2]).sum::<usize>(), 0);
    });
}

#[test]
fn a_lost_gateway_takes_the_calls_that_it_passes() {
    // Without outlier detection all endpoints get calls: 3 pods and a gateway that stands for one.
    let address = || all(Target::Gateway("192.0.2.2".to_owned()));
    ask(&networks("1.31.0", [3, 1], ""), address(), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[75; 3], [25; 3], [100, 75, 75]]);
    });
    ask(&networks("1.31.0", [3, 1], EJECT_ALL), address(), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[100; 3], [0; 3], [100; 3]]);
    });
    let network = all(Target::Network("n2".to_owned()));
    ask(&networks("1.31.0", [3, 1], ""), network, Mode::Unreachable, |found| {
        assert_eq!(percents(found)[2], [100, 75, 75]);
    });
}

#[test]
fn a_gateway_goes_with_the_region_of_its_pods() {
    let [mut west, mut east] = regions("1.31.0", [1, 1], "");
    west.network("n1").gateway("n1", &["192.0.2.1"]);
    east.network("n2").node("edge", "c/z1").add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: eastwest, namespace: istio-system, \
         labels: {topology.istio.io/network: n2}}\nspec: {type: LoadBalancer, selector: {istio: eastwest}, \
         ports: [{name: tls, port: 15443}]}\nstatus: {loadBalancer: {ingress: [{ip: 192.0.2.2}]}}",
    );
    east.add(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: eastwest-1, namespace: istio-system, labels: {istio: eastwest}}\n\
         spec: {nodeName: edge}\nstatus: {phase: Running, podIP: 10.2.8.8}",
    );
    let mesh = World::default().cluster("west", west).cluster("east", east).mesh();
    ask(&mesh, region("c"), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[50; 3], [50; 3], [100, 50, 50]]);
    });
    ask(&mesh, all(Target::Node(Some("east".to_owned()), "edge".to_owned())), Mode::Unreachable, |found| {
        assert_eq!(percents(found)[2], [100, 50, 50]);
    });
    ask(&mesh, all(Target::Node(Some("west".to_owned()), "edge".to_owned())), Mode::Unreachable, |found| {
        assert_eq!(percents(found)[2], [100; 3]);
    });
}

#[test]
fn behind_a_gateway_its_own_rule_decides() {
    // East loses one of two pods; west has no pods and no say about east.
    let lost = || all(Target::Pod("east".to_owned(), "shop".to_owned(), "echo-n-east-1".to_owned()));
    ask(&networks("1.31.0", [0, 2], ""), lost(), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[0; 3], [100; 3], [100, 50, 50]]);
    });
    ask(&networks("1.31.0", [0, 2], EJECT_ALL), lost(), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[0; 3], [100; 3], [100, 50, 100]]);
    });
}

#[test]
fn drained_pods_behind_a_gateway_are_found_by_the_callers_alone() {
    // From 1.31 the gateway stays as long as unready pods are listed; before, it goes with the last ready one.
    for (version, rule, served) in [("1.31.0", "", 50), ("1.30.0", "", 100), ("1.31.0", EJECT_ALL, 100)] {
        ask(&networks(version, [1, 1], rule), region("b"), Mode::Drain, |found| {
            assert_eq!(percents(found)[2], [100, 100, served], "{version} {rule}");
        });
    }
}

#[test]
fn an_api_server_that_is_cut_off_changes_nothing() {
    ask(&flat("1.31.0", [3, 3], EJECT_ALL), region("a"), Mode::Stale, |found| {
        assert_eq!(percents(found), [[100; 3], [0; 3], [100; 3]]);
    });
}

#[test]
fn a_missing_rule_is_mended_and_the_normal_split_changes() {
    let mesh = flat("1.31.0", [6, 4], "");
    ask(&mesh, region("a"), Mode::Unreachable, |found| {
        assert_eq!(percents(found), [[60; 3], [40; 3], [100, 40, 40]]);
        let scenario = scenario(&mesh, region("a"), Mode::Unreachable);
        let mend = mend(&Traffic::new(&mesh), ECHO, 80, &scenario, found).expect("it can be mended");
        assert_eq!(mend.served.map(percent), [100, 0, 100]);
        assert_eq!(mend.rules.len(), 1);
        assert!(mend.rules[0].is_new && mend.rules[0].object.to_string().contains("echo"));
        let west = mend.sent.iter().find(|(to, _)| to.cluster == *"west").unwrap().1;
        assert_eq!(west.map(percent), [100, 0]);
    });
}

#[test]
fn a_limit_that_is_too_low_is_mended_where_it_stands() {
    let spec = ", trafficPolicy: {portLevelSettings: [{port: {number: 80}, outlierDetection: {consecutive5xxErrors: 7}}]}";
    let mesh = flat("1.31.0", [3, 3], spec);
    ask(&mesh, region("a"), Mode::Unreachable, |found| {
        let scenario = scenario(&mesh, region("a"), Mode::Unreachable);
        let mend = mend(&Traffic::new(&mesh), ECHO, 80, &scenario, found).expect("it can be mended");
        assert_eq!(mend.rules[0].path.to_string(), "spec.trafficPolicy.portLevelSettings[0]");
        assert_eq!((mend.outlier.consecutive_5xx, mend.outlier.max_ejection_percent), (Some(7), Some(100)));
        assert_eq!(mend.served.map(percent), [100, 0, 100]);
    });
}

#[test]
fn demand_of_lost_callers_comes_from_the_others() {
    let mesh = flat("1.31.0", [2, 2], EJECT_ALL);
    for (shift, load) in [(false, [25, 25]), (true, [25, 50])] {
        let lost = Lost::of(&mesh, region("a"));
        let scenario = Scenario { lost, shift, ..Scenario::default() };
        let found = outcome(&Traffic::new(&mesh), ECHO, 80, &scenario).expect("the service is there");
        assert_eq!(found.courses.len(), 1, "callers of the lost region do not count");
        let east = found.destinations.iter().find(|(to, _)| to.cluster == *"east").unwrap().1;
        assert_eq!(east.load.map(percent), load);
    }
}

#[test]
fn a_mesh_without_callers_has_one_of_each_cluster() {
    let mut docs = Docs::primary("west", &[]);
    docs.node("n1", "a/z").service("echo", "").pods("10.1.0", "n1", 2);
    let mesh = World::default().cluster("west", docs).mesh();
    ask(&mesh, region("a"), Mode::Unreachable, |found| {
        assert_eq!(found.courses.len(), 1);
        assert_eq!(percents(found), [[100; 3], [0; 3], [100, 0, 0]]);
    });
    let traffic = Traffic::new(&mesh);
    assert!(outcome(&traffic, "none.shop.svc.cluster.local", 80, &Scenario::default()).is_none());
    assert!(outcome(&traffic, ECHO, 81, &Scenario::default()).is_none());
    assert!(outcome(&Traffic::new(&Mesh::default()), ECHO, 80, &Scenario::default()).is_none());
}

#[test]
fn a_locality_without_pods_may_be_asked_for() {
    let mesh = flat("1.31.0", [2, 2], EJECT_ALL);
    let nowhere = Locality { region: "b".into(), zone: "z9".into(), subzone: "".into() };
    let callers = Callers::At(0, nowhere);
    let scenario = Scenario { lost: Lost::of(&mesh, region("a")), callers, ..Scenario::default() };
    let found = outcome(&Traffic::new(&mesh), ECHO, 80, &scenario).expect("the service is there");
    assert_eq!(percents(&found), [[0; 3], [100; 3], [100; 3]]);
}

fn any_target() -> impl Strategy<Value = Target> {
    let text = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(ToOwned::to_owned);
    let named =
        || (text(&["west", "east", "nowhere"]), text(&["echo-n-west", "echo-n-west-1", "echo-n-east-1"]));
    prop_oneof![
        text(&["a", "b", ""]).prop_map(Target::Region),
        text(&["z1", "z2", ""]).prop_map(Target::Zone),
        text(&["west", "east"]).prop_map(Target::Cluster),
        text(&["n1", "n2", ""]).prop_map(Target::Network),
        text(&["192.0.2.1", "192.0.2.2"]).prop_map(Target::Gateway),
        text(&["n-west", "n-east"]).prop_map(|name| Target::Node(None, name)),
        named().prop_map(|(cluster, name)| Target::Pod(cluster, "shop".to_owned(), name)),
        named().prop_map(|(cluster, name)| Target::Workload(cluster, "shop".to_owned(), name)),
    ]
}

fn any_rule() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        EJECT_ALL,
        ", trafficPolicy: {outlierDetection: {}}",
        ", trafficPolicy: {outlierDetection: {maxEjectionPercent: 50, minHealthPercent: 60}}",
        ", trafficPolicy: {loadBalancer: {simple: RANDOM}, outlierDetection: {maxEjectionPercent: 100}}",
        ", trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: '*', to: {a/*: 60, b/*: 40}}]}}}",
        ", trafficPolicy: {loadBalancer: {localityLbSetting: {failoverPriority: [topology.istio.io/network]}}, \
         outlierDetection: {consecutive5xxErrors: 0}}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_answered_was_sent_and_all_is_accounted_for(
        pods in [0..4_usize, 0..4_usize],
        rule in any_rule(),
        has_networks in any::<bool>(),
        is_new in any::<bool>(),
        losses in prop::collection::vec((any_target(), 0..=100_u32), 0..3),
        mode in prop::sample::select(vec![Mode::Unreachable, Mode::Drain, Mode::Stale]),
        callers in prop::sample::select(vec![Callers::All, Callers::Surviving, Callers::Of("east".to_owned())]),
        shift in any::<bool>(),
    ) {
        let version = if is_new { "1.31.0" } else { "1.30.0" };
        let mesh = if has_networks { networks(version, pods, rule) } else { flat(version, pods, rule) };
        let losses = losses.into_iter().map(|(target, percent)| Loss { target, percent }).collect();
        let lost = Lost::of(&mesh, losses);
        let scenario = Scenario { lost, mode, callers, shift, rules: None };
        let traffic = Traffic::new(&mesh);
        let found = outcome(&traffic, ECHO, 80, &scenario).expect("the service is there");
        for at in 0..3 {
            let sent: f64 = found.destinations.values().map(|shares| shares.sent[at]).sum();
            let served: f64 = found.destinations.values().map(|shares| shares.served[at]).sum();
            let expected = if found.courses.is_empty() { 0.0 } else { 1.0 };
            prop_assert!((sent + found.no_host[at] - expected).abs() < 1e-9);
            prop_assert!((served - found.served[at]).abs() < 1e-9);
            for shares in found.destinations.values() {
                prop_assert!(shares.served[at] <= shares.sent[at] + 1e-9);
                prop_assert!(shares.load.iter().all(|load| load.is_finite() && *load >= 0.0));
            }
        }
        if let Some(mend) = mend(&traffic, ECHO, 80, &scenario, &found) {
            prop_assert!(mend.served[2] > found.served[2]);
        }
    }
}
