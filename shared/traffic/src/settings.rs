//! What istiod sends by CDS: how one Envoy cluster balances and ejects (`envoy: Cluster`).

mod derive;

pub use derive::{discovery, of};

use crate::Caused;

/// Settings of one Envoy cluster, for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How Envoy learns the hosts.
    pub discovery: Discovery,
    /// How a host is picked.
    pub policy: Caused<HostPolicy>,
    /// `common_lb_config.locality_weighted_lb_config` is set: weights of groups count.
    pub locality_weights: Caused<bool>,
    /// `common_lb_config.zone_aware_lb_config`: percentage of requests that it routes; `None` without it.
    pub zone_aware: Option<u32>,
    /// `common_lb_config.healthy_panic_threshold`, percent; `None` where istiod leaves it to Envoy, which takes 50.
    pub panic_threshold: Option<u32>,
    /// `outlier_detection`.
    pub outlier: Caused<Option<Outlier>>,
    /// The locality setting in force, and what it makes of the groups.
    pub locality: Caused<LocalityMode>,
}

/// How Envoy learns the hosts of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// From istiod.
    Eds,
    /// By resolving each name.
    StrictDns,
    /// By resolving one name.
    LogicalDns,
    /// The address the client called.
    OriginalDst,
}

/// How Envoy picks a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPolicy {
    /// `LEAST_REQUEST`, Istio's default: the less busy of two.
    LeastRequest,
    /// `ROUND_ROBIN`.
    RoundRobin,
    /// `RANDOM`: weights do not count.
    Random,
    /// `RING_HASH`, by `consistentHash`.
    RingHash,
    /// `MAGLEV`, by `consistentHash`.
    Maglev,
    /// `CLUSTER_PROVIDED`: the address the client called.
    Provided,
}

/// `outlier_detection` of an Envoy cluster; unset fields are Envoy's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlier {
    /// `consecutive_5xx`; Envoy takes 5.
    pub consecutive_5xx: Option<u32>,
    /// `enforcing_consecutive_5xx`, percent; Envoy takes 100.
    pub enforcing_5xx: Option<u32>,
    /// `consecutive_gateway_failure`; Envoy takes 5.
    pub consecutive_gateway: Option<u32>,
    /// `enforcing_consecutive_gateway_failure`, percent; Envoy takes 0.
    pub enforcing_gateway: Option<u32>,
    /// `split_external_local_origin_errors`.
    pub split_local_origin: bool,
    /// `consecutive_local_origin_failure`; Envoy takes 5.
    pub consecutive_local_origin: Option<u32>,
    /// `enforcing_consecutive_local_origin_failure`, percent; Envoy takes 100.
    pub enforcing_local_origin: Option<u32>,
    /// `max_ejection_percent`; Envoy takes 10.
    pub max_ejection_percent: Option<u32>,
    /// `interval`, milliseconds; Envoy takes 10 s.
    pub interval: Option<u64>,
    /// `base_ejection_time`, milliseconds; Envoy takes 30 s.
    pub base_ejection_time: Option<u64>,
}

impl Outlier {
    /// Percent of hosts that may be ejected.
    #[must_use]
    pub fn ejection_percent(&self) -> u32 {
        self.max_ejection_percent.unwrap_or(10)
    }

    /// Some kind of error leads to an ejection.
    #[must_use]
    pub fn can_eject(&self) -> bool {
        let local = self.split_local_origin && self.enforcing_local_origin.unwrap_or(100) > 0;
        self.enforcing_5xx.unwrap_or(100) > 0 || self.enforcing_gateway.unwrap_or(0) > 0 || local
    }
}

/// What the locality setting in force makes of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalityMode {
    /// Nothing: all groups have one priority.
    None,
    /// A setting asks for priorities, and nothing switches them on: no outlier detection.
    Inert,
    /// Priorities by region, zone and subzone.
    Failover,
    /// Priorities by labels.
    Priority,
    /// Priorities by labels, then by region.
    PriorityThenFailover,
    /// Priorities by labels, since the Service asks for near endpoints.
    Prefer,
    /// Weights.
    Distribute,
    /// Priorities by region, and Envoy routes by zone within them.
    ZoneAware,
}

#[cfg(test)]
mod tests;
