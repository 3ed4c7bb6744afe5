//! How the requests of one priority fall to its localities, where `locality_weighted_lb_config` is set.
//!
//! Real numbers here, unlike in priorities: Envoy picks localities by a schedule over these weights.

use super::hosts::Priority;
use super::priority::{Counts, OVERPROVISIONING};
use crate::HostPolicy;

/// Share of each locality of a priority, 0 to 1; `None` where weights of localities do not count and the hosts of
/// all localities are candidates together.
///
/// In panic the weights are left aside, except by policies that build a table over all hosts.
pub(super) fn shares(policy: HostPolicy, priority: &Priority, panic: bool) -> Option<Vec<f64>> {
    if is_by_table(policy) {
        return Some(by_table(priority, panic));
    }
    if panic {
        return None;
    }
    let weights: Vec<f64> = priority.localities.iter().map(|own| effective(own.weight, own.into())).collect();
    let sum: f64 = weights.iter().sum();
    // Without any weight there is no schedule, and all healthy hosts are candidates.
    (sum > 0.0).then(|| weights.into_iter().map(|weight| weight / sum).collect())
}

/// `RING_HASH` and `MAGLEV` build one table of all hosts of a priority
/// (`envoy: thread_aware_lb_impl.cc: normalizeWeights`).
const fn is_by_table(policy: HostPolicy) -> bool {
    matches!(policy, HostPolicy::RingHash | HostPolicy::Maglev)
}

/// The weight that a locality has left with its healthy hosts
/// (`envoy: locality_wrr.cc: effectiveLocalityWeight`).
#[expect(clippy::cast_precision_loss, reason = "Envoy counts in doubles too")]
fn effective(weight: u32, counts: Counts) -> f64 {
    if counts.counted() == 0 {
        return 0.0;
    }
    let available = counts.healthy as f64 / counts.counted() as f64;
    f64::from(weight) * (OVERPROVISIONING as f64 / 100.0 * available).min(1.0)
}

/// A table does not scale a weight by health; localities without candidates fall out. Where all that have some have
/// no weight, the table is empty, and nothing is picked.
fn by_table(priority: &Priority, panic: bool) -> Vec<f64> {
    let weight = |counts: Counts, weight: u32| {
        let candidates = if panic { counts.all } else { counts.healthy };
        if candidates > 0 { f64::from(weight) } else { 0.0 }
    };
    let weights: Vec<f64> = priority.localities.iter().map(|own| weight(own.into(), own.weight)).collect();
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 { weights.into_iter().map(|weight| weight / sum).collect() } else { weights }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::sets::priority;

    fn percents(policy: HostPolicy, localities: &[(u32, usize, usize)], panic: bool) -> Option<Vec<f64>> {
        let shares = shares(policy, &priority(localities), panic)?;
        Some(shares.into_iter().map(|share| (share * 1000.0).round() / 10.0).collect())
    }

    #[test]
    fn example_4_a_locality_keeps_the_weight_its_healthy_hosts_carry() {
        let localities = [(3, 2, 5), (1, 2, 2)];
        assert_eq!(percents(HostPolicy::RoundRobin, &localities, false), Some(vec![62.7, 37.3]));
    }

    #[test]
    fn example_11_sums_beyond_100_are_made_shares() {
        let localities = [(24, 1, 1), (47, 1, 1), (30, 1, 1)];
        assert_eq!(percents(HostPolicy::LeastRequest, &localities, false), Some(vec![23.8, 46.5, 29.7]));
    }

    #[test]
    fn a_locality_without_healthy_hosts_leaves_its_share_to_the_others() {
        let localities = [(8, 0, 3), (1, 1, 1), (1, 2, 2), (5, 0, 0)];
        assert_eq!(percents(HostPolicy::RoundRobin, &localities, false), Some(vec![0.0, 50.0, 50.0, 0.0]));
    }

    #[test]
    fn without_weights_and_in_panic_all_hosts_are_candidates_together() {
        assert_eq!(percents(HostPolicy::RoundRobin, &[(0, 1, 1), (0, 2, 2)], false), None);
        assert_eq!(percents(HostPolicy::RoundRobin, &[(3, 1, 5), (1, 2, 2)], true), None);
    }

    #[test]
    fn a_table_keeps_the_weight_of_a_half_dead_locality_and_of_all_in_panic() {
        let localities = [(3, 1, 5), (1, 2, 2), (4, 0, 1)];
        assert_eq!(percents(HostPolicy::Maglev, &localities, false), Some(vec![75.0, 25.0, 0.0]));
        assert_eq!(percents(HostPolicy::RingHash, &localities, true), Some(vec![37.5, 12.5, 50.0]));
        assert_eq!(percents(HostPolicy::RingHash, &[(0, 1, 1)], false), Some(vec![0.0]));
    }
}
