//! Sets of hosts for tests: written short, and generated.

use proptest::prelude::*;

use super::hosts::{Host, HostSet, HostState, LbConfig, Locality, Priority};
use crate::HostPolicy;

/// A priority of localities given as (weight, healthy hosts, hosts); each host has weight 1.
pub(super) fn priority(localities: &[(u32, usize, usize)]) -> Priority {
    let host = |endpoint: usize, healthy: usize| {
        let state = if endpoint < healthy { HostState::Healthy } else { HostState::Unhealthy };
        Host { endpoint, weight: 1, state }
    };
    let localities = localities.iter().enumerate().map(|(group, (weight, healthy, all))| Locality {
        group,
        weight: *weight,
        hosts: (0..*all).map(|endpoint| host(endpoint, *healthy)).collect(),
    });
    Priority { localities: localities.collect() }
}

/// Priorities of one locality each, given as (healthy hosts, hosts).
pub(super) fn tiers(priorities: &[(usize, usize)]) -> HostSet {
    let one = |(healthy, all): &(usize, usize)| priority(&[(1, *healthy, *all)]);
    HostSet { priorities: priorities.iter().map(one).collect(), duplicates: Vec::new() }
}

/// `ROUND_ROBIN` without panic and without weights of localities.
pub(super) const PLAIN: LbConfig =
    LbConfig { policy: HostPolicy::RoundRobin, locality_weights: false, panic_threshold: 0 };

/// Any set of up to four priorities.
pub(super) fn any_set() -> impl Strategy<Value = HostSet> {
    let state = prop_oneof![
        4 => Just(HostState::Healthy),
        2 => Just(HostState::Unhealthy),
        1 => Just(HostState::Ejected),
        1 => Just(HostState::Excluded),
    ];
    let host = (1..9_u32, state).prop_map(|(weight, state)| Host { endpoint: 0, weight, state });
    let locality = (0..5_u32, prop::collection::vec(host, 0..6)).prop_map(|(weight, hosts)| Locality {
        group: 0,
        weight,
        hosts,
    });
    let priority = prop::collection::vec(locality, 0..4).prop_map(|localities| Priority { localities });
    prop::collection::vec(priority, 0..5)
        .prop_map(|priorities| HostSet { priorities, duplicates: Vec::new() })
}

/// Any way to balance.
pub(super) fn any_config() -> impl Strategy<Value = LbConfig> {
    let policy = prop::sample::select(vec![
        HostPolicy::LeastRequest,
        HostPolicy::RoundRobin,
        HostPolicy::Random,
        HostPolicy::RingHash,
        HostPolicy::Maglev,
    ]);
    (policy, any::<bool>(), prop_oneof![Just(0), 0..=100_u32]).prop_map(
        |(policy, locality_weights, panic_threshold)| LbConfig { policy, locality_weights, panic_threshold },
    )
}
