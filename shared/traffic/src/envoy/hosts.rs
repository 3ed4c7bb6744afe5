//! The hosts of one Envoy cluster, by priority and locality, after addresses were made unique.

use crate::HostPolicy;

/// All hosts of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSet {
    /// Priorities from 0; one without hosts is kept.
    pub priorities: Vec<Priority>,
}

/// The hosts of one priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priority {
    /// In the order of the assignment.
    pub localities: Vec<Locality>,
}

/// The hosts of one locality in one priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locality {
    /// Position of the group in the assignment.
    pub group: usize,
    /// `load_balancing_weight`; 0 is never picked by weight.
    pub weight: u32,
    /// The hosts.
    pub hosts: Vec<Host>,
}

/// One host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Position in the group of the assignment.
    pub endpoint: usize,
    /// `load_balancing_weight`.
    pub weight: u32,
    /// Whether it may be picked.
    pub state: HostState,
}

/// State of a host (`envoy: upstream_impl.h: Host::coarseHealth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostState {
    /// May be picked.
    Healthy,
    /// Not ready, by EDS.
    Unhealthy,
    /// Ejected by outlier detection.
    Ejected,
    /// `DRAINING`: not picked, and left out of every count.
    Excluded,
}

/// How a cluster balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LbConfig {
    /// Pick of a host.
    pub policy: HostPolicy,
    /// Weights of localities count.
    pub locality_weights: bool,
    /// Percent of healthy hosts below which a priority is in panic; 0 is never.
    pub panic_threshold: u32,
}
