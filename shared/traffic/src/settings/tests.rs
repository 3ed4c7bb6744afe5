//! Settings against the tables of their specification.

use mesh_model::row::{
    ConsistentHash, Distribute, Failover, LoadBalancer, LocalityLbSetting, MeshConfig, OutlierDetection,
    PolicyBlocks, ZoneAware,
};

use super::*;
use crate::{Applied, Cause, Config, Distribution, Features, RuleSet};

const OLD: RuleSet = RuleSet::OLDEST_PROVED;
const NEW: RuleSet = RuleSet::LATEST;

fn caused<T>(value: T) -> Caused<T> {
    Caused { value, cause: Cause::Default("a test") }
}

/// One case, by default a service by EDS without a rule under the newest Istio.
struct Case {
    detection: Option<OutlierDetection>,
    balancer: Option<LoadBalancer>,
    distribution: Distribution,
    discovery: Discovery,
    rules: RuleSet,
    mesh: MeshConfig,
    features: Features,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            detection: None,
            balancer: None,
            distribution: Distribution::Any,
            discovery: Discovery::Eds,
            rules: NEW,
            mesh: MeshConfig::default(),
            features: Features::of(None, NEW),
        }
    }
}

impl Case {
    fn settings(&self) -> Settings {
        let features = Features { auto_send_unhealthy: self.rules == NEW, ..self.features.clone() };
        let mut policy = Applied::default();
        policy.outlier_detection = caused(self.detection.as_ref());
        policy.load_balancer = caused(self.balancer.as_ref());
        let config = Config {
            rules: self.rules,
            features: &features,
            mesh: &self.mesh,
            object: None,
            root_namespace: "istio-system",
        };
        of(&policy, &caused(self.distribution), self.discovery, &config)
    }
}

fn outlier(detection: OutlierDetection) -> Outlier {
    let case = Case { detection: Some(detection), ..Case::default() };
    case.settings().outlier.value.expect("outlier detection")
}

fn list() -> LoadBalancer {
    let failover = vec![Failover { from: "a".into(), to: "b".into() }];
    of_locality(LocalityLbSetting { failover, ..LocalityLbSetting::default() })
}

fn of_locality(setting: LocalityLbSetting) -> LoadBalancer {
    LoadBalancer { locality: Some(setting), ..LoadBalancer::default() }
}

#[test]
fn an_empty_outlier_detection_leaves_all_to_envoy() {
    let found = outlier(OutlierDetection::default());
    assert_eq!(found, Outlier::default());
    assert!(found.can_eject());
    assert_eq!(found.ejection_percent(), 10);
    assert_eq!(Case::default().settings().outlier.value, None);
}

#[test]
fn a_number_of_errors_enforces_and_0_switches_off() {
    let errors = |number| OutlierDetection { consecutive_5xx: Some(number), ..OutlierDetection::default() };
    let found = outlier(errors(7));
    assert_eq!((found.consecutive_5xx, found.enforcing_5xx), (Some(7), Some(100)));
    let found = outlier(errors(0));
    assert_eq!((found.consecutive_5xx, found.enforcing_5xx), (Some(0), Some(0)));
    assert!(!found.can_eject());
    let gateway = OutlierDetection { consecutive_gateway: Some(3), ..OutlierDetection::default() };
    let found = outlier(gateway);
    assert_eq!((found.consecutive_gateway, found.enforcing_gateway), (Some(3), Some(100)));
    assert_eq!(found.enforcing_5xx, None, "Envoy's own 5 errors stay on");
    let deprecated = OutlierDetection { consecutive_errors: Some(3), ..OutlierDetection::default() };
    assert_eq!(outlier(deprecated), Outlier::default());
}

#[test]
fn split_local_origin_errors_cannot_be_switched_off() {
    let local = |split_local_origin, consecutive_local_origin| OutlierDetection {
        split_local_origin,
        consecutive_local_origin,
        consecutive_5xx: Some(0),
        ..OutlierDetection::default()
    };
    let found = outlier(local(true, Some(4)));
    assert_eq!((found.consecutive_local_origin, found.enforcing_local_origin), (Some(4), Some(100)));
    for errors in [None, Some(0)] {
        let found = outlier(local(true, errors));
        assert_eq!((found.consecutive_local_origin, found.enforcing_local_origin), (None, None));
        assert!(found.can_eject());
    }
    let found = outlier(local(false, Some(4)));
    assert_eq!((found.split_local_origin, found.consecutive_local_origin), (false, None));
    assert!(!found.can_eject());
}

#[test]
fn an_ejection_percent_of_0_is_that_of_envoy() {
    let percent =
        |max| outlier(OutlierDetection { max_ejection_percent: max, ..OutlierDetection::default() });
    assert_eq!(percent(Some(0)).max_ejection_percent, None);
    assert_eq!(percent(Some(100)).ejection_percent(), 100);
    let times =
        OutlierDetection { interval: Some(1500), base_ejection_time: Some(60_000), ..Default::default() };
    let found = outlier(times);
    assert_eq!((found.interval, found.base_ejection_time), (Some(1500), Some(60_000)));
}

#[test]
fn the_panic_threshold_is_min_health_percent_unless_unhealthy_endpoints_are_forced() {
    let healthy = |min| Some(OutlierDetection { min_health_percent: min, ..OutlierDetection::default() });
    let of = |case: Case| case.settings().panic_threshold;
    assert_eq!(of(Case { detection: healthy(Some(30)), ..Case::default() }), Some(30));
    assert_eq!(of(Case { detection: healthy(None), ..Case::default() }), Some(0));
    assert_eq!(of(Case { detection: healthy(Some(30)), rules: OLD, ..Case::default() }), Some(30));
    assert_eq!(of(Case::default()), Some(0));
    assert_eq!(of(Case { rules: OLD, ..Case::default() }), None, "Envoy takes 50");
    let near = Distribution::PreferSameZone;
    assert_eq!(of(Case { rules: OLD, distribution: near, ..Case::default() }), Some(0));
    assert_eq!(of(Case { detection: healthy(Some(30)), distribution: near, ..Case::default() }), Some(0));
    let features = Features { send_unhealthy: true, ..Features::of(None, NEW) };
    assert_eq!(of(Case { detection: healthy(Some(30)), features, ..Case::default() }), Some(0));
}

#[test]
fn locality_weights_count_for_distribute_and_for_lists_that_are_switched_on() {
    let detection = || Some(OutlierDetection::default());
    let of = |case: Case| case.settings().locality_weights.value;
    assert!(!of(Case { detection: detection(), ..Case::default() }), "bare failover has no list");
    assert!(!of(Case { balancer: Some(list()), ..Case::default() }), "nothing switches it on");
    assert!(of(Case { balancer: Some(list()), detection: detection(), ..Case::default() }));
    let entry = Distribute { from: "*".into(), to: vec![("*".into(), 100)] };
    let weighing = of_locality(LocalityLbSetting { distribute: vec![entry], ..LocalityLbSetting::default() });
    assert!(of(Case { balancer: Some(weighing), ..Case::default() }));
    assert!(of(Case { distribution: Distribution::PreferSameNode, ..Case::default() }));
    let features = Features { always_locality_weights: true, ..Features::of(None, NEW) };
    assert!(of(Case { features: features.clone(), ..Case::default() }));
    let zones = LoadBalancer { zone_aware: Some(ZoneAware::default()), ..LoadBalancer::default() };
    assert!(!of(Case { balancer: Some(zones), features, ..Case::default() }), "one of the two at most");
}

#[test]
fn zone_aware_routes_all_or_nothing() {
    let of = |enabled, rules| {
        let zones = ZoneAware { enabled, ..ZoneAware::default() };
        let balancer = Some(LoadBalancer { zone_aware: Some(zones), ..LoadBalancer::default() });
        let settings = Case { balancer, rules, ..Case::default() }.settings();
        (settings.zone_aware, settings.locality.value)
    };
    assert_eq!(of(None, NEW), (Some(100), LocalityMode::ZoneAware));
    assert_eq!(of(Some(false), NEW), (Some(0), LocalityMode::None));
    assert_eq!(of(None, OLD), (None, LocalityMode::Inert));
}

#[test]
fn the_host_policy_is_that_of_the_balancer() {
    let of = |simple: Option<&str>, consistent_hash| {
        let balancer =
            LoadBalancer { simple: simple.map(Into::into), consistent_hash, ..LoadBalancer::default() };
        let settings = Case { balancer: Some(balancer), ..Case::default() }.settings();
        (settings.policy.value, settings.discovery)
    };
    for (simple, expected) in [
        (None, HostPolicy::LeastRequest),
        (Some("LEAST_CONN"), HostPolicy::LeastRequest),
        (Some("LEAST_REQUEST"), HostPolicy::LeastRequest),
        (Some("UNSPECIFIED"), HostPolicy::LeastRequest),
        (Some("ROUND_ROBIN"), HostPolicy::RoundRobin),
        (Some("RANDOM"), HostPolicy::Random),
    ] {
        assert_eq!(of(simple, None), (expected, Discovery::Eds));
    }
    assert_eq!(of(None, Some(ConsistentHash::RingHash)).0, HostPolicy::RingHash);
    assert_eq!(of(None, Some(ConsistentHash::Maglev)).0, HostPolicy::Maglev);
    assert_eq!(of(Some("PASSTHROUGH"), None), (HostPolicy::Provided, Discovery::OriginalDst));
    let original = Case { discovery: Discovery::OriginalDst, ..Case::default() }.settings();
    assert_eq!((original.policy.value, original.locality.value), (HostPolicy::Provided, LocalityMode::None));
}

#[test]
fn the_default_of_the_mesh_ejects_and_gives_priorities_to_dns_clusters_only() {
    let default_policy =
        PolicyBlocks { outlier_detection: Some(OutlierDetection::default()), ..PolicyBlocks::default() };
    let of = |discovery, rules| {
        let mesh = MeshConfig { default_policy: default_policy.clone(), ..MeshConfig::default() };
        let settings = Case { discovery, rules, mesh, ..Case::default() }.settings();
        (settings.outlier.value.is_some(), settings.locality.value)
    };
    assert_eq!(of(Discovery::Eds, NEW), (true, LocalityMode::Inert));
    assert_eq!(of(Discovery::StrictDns, NEW), (true, LocalityMode::Failover));
    assert_eq!(of(Discovery::StrictDns, OLD), (false, LocalityMode::Inert));
}
