//! From the policy in force to the settings of the Envoy cluster
//! (`istio: pilot/pkg/networking/core/cluster_traffic_policy.go`).

use mesh_model::row::{ConsistentHash, LoadBalancer, OutlierDetection};

use super::{Discovery, HostPolicy, LocalityMode, Outlier, Settings};
use crate::locality::{self, Setting};
use crate::{Applied, Cause, Caused, Config, Distribution, Role, Service, ServiceResolution};

/// How a proxy learns the hosts of a service, before a policy changes it
/// (`istio: pilot/pkg/networking/core/cluster.go: convertResolution`).
#[must_use]
pub fn discovery(service: &Service<'_>, role: Role, config: &Config<'_, '_>) -> Discovery {
    match service.resolution {
        ServiceResolution::Dns => Discovery::StrictDns,
        ServiceResolution::DnsRoundRobin => Discovery::LogicalDns,
        ServiceResolution::Passthrough => {
            let by_eds =
                role == Role::Router || (service.is_kubernetes() && config.features.eds_for_headless);
            if by_eds { Discovery::Eds } else { Discovery::OriginalDst }
        }
        ServiceResolution::Static | ServiceResolution::Alias | ServiceResolution::Dynamic => Discovery::Eds,
    }
}

/// The settings of one Envoy cluster. `policy` is what reaches the port of the subset by the rule alone; the default
/// of the mesh comes under it here. `discovery` is that of the service, before a policy changes it.
#[must_use]
pub fn of(
    policy: &Applied<'_>,
    distribution: &Caused<Distribution>,
    discovery: Discovery,
    config: &Config<'_, '_>,
) -> Settings {
    let sent = policy.clone().over_default(config);
    let setting = locality::choose(&policy.load_balancer, distribution, config);
    let by_eds = matches!(discovery, Discovery::Eds | Discovery::OriginalDst);
    let detects =
        if by_eds { policy.outlier_detection.value } else { sent.outlier_detection.value }.is_some();
    let zone_aware = match setting.value {
        Setting::ZoneAware(zones) => Some(if zones.enabled == Some(false) { 0 } else { 100 }),
        _ => None,
    };
    let is_passthrough = policy.load_balancer.value.is_some_and(LoadBalancer::is_passthrough);
    let discovery = if is_passthrough { Discovery::OriginalDst } else { discovery };
    Settings {
        discovery,
        policy: host_policy(policy, discovery),
        locality_weights: locality_weights(&setting, sent.outlier_detection.value.is_some(), config),
        zone_aware,
        panic_threshold: panic_threshold(sent.outlier_detection.value, distribution.value, config),
        outlier: Caused {
            value: sent.outlier_detection.value.map(outlier),
            cause: sent.outlier_detection.cause,
        },
        locality: Caused { value: mode(&setting.value, detects, discovery), cause: setting.cause },
    }
}

/// Envoy asks for no endpoints of a cluster that goes where the client called.
fn mode(setting: &Setting<'_>, detects: bool, discovery: Discovery) -> LocalityMode {
    if discovery == Discovery::OriginalDst { LocalityMode::None } else { setting.mode(detects) }
}

fn host_policy(policy: &Applied<'_>, discovery: Discovery) -> Caused<HostPolicy> {
    let cause = policy.load_balancer.cause.clone();
    let named = policy.load_balancer.value.map_or((HostPolicy::LeastRequest, None), |balancer| {
        let hash = balancer.consistent_hash.map(|hash| match hash {
            ConsistentHash::RingHash => HostPolicy::RingHash,
            ConsistentHash::Maglev => HostPolicy::Maglev,
        });
        let simple = match balancer.simple.as_deref() {
            Some("RANDOM") => HostPolicy::Random,
            Some("ROUND_ROBIN") => HostPolicy::RoundRobin,
            _ => HostPolicy::LeastRequest,
        };
        match hash {
            Some(hash) => (hash, Some("consistentHash")),
            None => (simple, balancer.simple.is_some().then_some("simple")),
        }
    });
    let (value, field) =
        if discovery == Discovery::OriginalDst { (HostPolicy::Provided, None) } else { named };
    Caused { value, cause: field.into_iter().fold(cause, Cause::then) }
}

/// `locality_weighted_lb_config`: for weights, and for priorities that a list asks for and something switches on.
fn locality_weights(setting: &Caused<Setting<'_>>, detects: bool, config: &Config<'_, '_>) -> Caused<bool> {
    let value = match setting.value {
        Setting::ZoneAware(_) => false,
        _ if config.features.always_locality_weights => true,
        Setting::Off => false,
        Setting::Distribution(_) => true,
        Setting::Locality(lists) => {
            let has_list = !lists.failover.is_empty() || !lists.failover_priority.is_empty();
            !lists.distribute.is_empty() || (detects && has_list)
        }
    };
    Caused { value, cause: setting.cause.clone() }
}

fn panic_threshold(
    detection: Option<&OutlierDetection>,
    distribution: Distribution,
    config: &Config<'_, '_>,
) -> Option<u32> {
    let forces_unhealthy = config.features.send_unhealthy || distribution != Distribution::Any;
    match detection {
        Some(_) if forces_unhealthy => Some(0),
        Some(detection) => Some(detection.min_health_percent.unwrap_or(0)),
        None => (forces_unhealthy || config.features.auto_send_unhealthy).then_some(0),
    }
}

/// `outlier_detection` of Envoy. 0 switches a kind of error off where it is set; local origin errors cannot be
/// switched off once they are split.
fn outlier(detection: &OutlierDetection) -> Outlier {
    let enforcing = |errors: u32| if errors > 0 { 100 } else { 0 };
    let split = detection.split_local_origin;
    let local = detection.consecutive_local_origin.filter(|errors| split && *errors > 0);
    Outlier {
        consecutive_5xx: detection.consecutive_5xx,
        enforcing_5xx: detection.consecutive_5xx.map(enforcing),
        consecutive_gateway: detection.consecutive_gateway,
        enforcing_gateway: detection.consecutive_gateway.map(enforcing),
        split_local_origin: split,
        consecutive_local_origin: local,
        enforcing_local_origin: local.map(enforcing),
        max_ejection_percent: detection.max_ejection_percent.filter(|percent| *percent > 0),
        interval: detection.interval,
        base_ejection_time: detection.base_ejection_time,
    }
}
