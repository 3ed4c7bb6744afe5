//! How the requests that reach a set of candidates fall to its hosts.
//!
//! Owns the policies of Envoy (`envoy: source/extensions/load_balancing_policies`). Who is a candidate was decided
//! before. Shares here are parts of what reaches the candidates, and add up to 1.

use std::ops::Range;

use crate::HostPolicy;

/// Shares of the candidates, given by their weights in the order of the assignment, with no more than one request
/// under way.
///
/// `range` is the part of 0..100 that leads to their priority: `RANDOM` picks the host by the number that picked the
/// priority. Tables of `RING_HASH` and `MAGLEV` come near these shares and do not meet them.
pub(super) fn shares(policy: HostPolicy, weights: &[u32], range: Range<u32>) -> Vec<f64> {
    match policy {
        HostPolicy::Random => random(weights.len(), range),
        HostPolicy::LeastRequest | HostPolicy::RoundRobin | HostPolicy::RingHash | HostPolicy::Maglev => {
            parts(weights.iter().map(|weight| of(*weight)))
        }
        HostPolicy::Provided => vec![0.0; weights.len()],
    }
}

/// Shares of the candidates with very many requests under way, all equally slow. They differ from [`shares`] only
/// for `LEAST_REQUEST` with unequal weights.
pub(super) fn busy(policy: HostPolicy, weights: &[u32], range: Range<u32>) -> Vec<f64> {
    if policy == HostPolicy::LeastRequest {
        return parts(weights.iter().map(|weight| of(*weight).sqrt()));
    }
    shares(policy, weights, range)
}

/// Shares of hosts under `LEAST_REQUEST` with `in_flight` requests under way, all equally slow.
///
/// A schedule gives each host turns by `weight / (active + 1)`. Where every request takes as long as any other, the
/// number under way at a host is in proportion to its turns, so `active * (active + 1) / weight` is the same for all.
/// From a share in proportion to the weight without load it drifts to one in proportion to its root.
#[must_use]
pub fn under_load(weights: &[u32], in_flight: u32) -> Vec<f64> {
    if in_flight == 0 {
        return parts(weights.iter().map(|weight| of(*weight)));
    }
    let active = |level: f64, weight: u32| (4.0f64.mul_add(level * of(weight), 1.0).sqrt() - 1.0) / 2.0;
    let sum = |level: f64| weights.iter().map(|weight| active(level, *weight)).sum::<f64>();
    let wanted = f64::from(in_flight);
    // At this level a single host of weight 1 has them all.
    let (mut low, mut high) = (0.0, wanted * (wanted + 1.0));
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        if sum(middle) < wanted { low = middle } else { high = middle }
    }
    parts(weights.iter().map(|weight| active(high, *weight)))
}

/// Halvings after which a double has no digit left to gain.
const BISECTIONS: u32 = 200;

/// A weight as Envoy counts with it: one that is not set is 1.
fn of(weight: u32) -> f64 {
    f64::from(weight.max(1))
}

fn parts(weights: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let sum: f64 = weights.clone().sum();
    weights.map(|weight| weight / sum).collect()
}

/// One random number `r` picks the priority by `r % 100` and the host by `r % n`. A host can meet a remainder of 100
/// only if both are equal modulo their greatest common divisor, and then once in each least common multiple.
#[expect(clippy::cast_precision_loss, reason = "numbers of hosts are far below 2^53")]
fn random(hosts: usize, range: Range<u32>) -> Vec<f64> {
    let common = common_divisor(hosts, 100).max(1);
    let mut met = vec![0_usize; common];
    for remainder in range.clone() {
        met[remainder as usize % common] += 1;
    }
    let all = hosts as f64 * range.len().max(1) as f64;
    (0..hosts).map(|host| (met[host % common] * common) as f64 / all).collect()
}

const fn common_divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percents(shares: &[f64]) -> Vec<f64> {
        shares.iter().map(|share| (share * 1000.0).round() / 10.0).collect()
    }

    #[test]
    fn example_5_least_request_drifts_from_weights_to_their_roots() {
        let weights = [1, 9];
        assert_eq!(percents(&shares(HostPolicy::LeastRequest, &weights, 0..100)), [10.0, 90.0]);
        assert_eq!(percents(&under_load(&weights, 0)), [10.0, 90.0]);
        assert_eq!(percents(&under_load(&weights, 64)), [24.6, 75.4]);
        assert_eq!(percents(&busy(HostPolicy::LeastRequest, &weights, 0..100)), [25.0, 75.0]);
        assert_eq!(percents(&busy(HostPolicy::RoundRobin, &weights, 0..100)), [10.0, 90.0]);
    }

    #[test]
    fn example_6_random_picks_the_host_by_the_number_that_picked_the_priority() {
        assert_eq!(percents(&shares(HostPolicy::Random, &[9, 1, 1, 1], 98..100)), [0.0, 0.0, 50.0, 50.0]);
        assert_eq!(percents(&shares(HostPolicy::Random, &[9, 1, 1], 0..100)), [33.3, 33.3, 33.3]);
    }

    proptest! {
        #[test]
        fn random_is_what_counting_over_the_least_common_multiple_gives(
            hosts in 1..40_usize,
            start in 0..99_u32,
            length in 1..100_u32,
        ) {
            let range = start..(start + length).min(100);
            let cycle = hosts * 100 / common_divisor(hosts, 100);
            let mut counted = vec![0.0; hosts];
            for number in (0..cycle).filter(|number| range.contains(&u32::try_from(number % 100).unwrap())) {
                counted[number % hosts] += 1.0;
            }
            let all: f64 = counted.iter().sum();
            for (share, counted) in random(hosts, range).iter().zip(counted) {
                prop_assert!((share - counted / all).abs() < 1e-12);
            }
        }

        #[test]
        fn under_any_load_a_share_lies_between_its_bounds(
            weights in prop::collection::vec(1..50_u32, 1..9),
            in_flight in 0..5000_u32,
        ) {
            let idle = shares(HostPolicy::LeastRequest, &weights, 0..100);
            let busy = busy(HostPolicy::LeastRequest, &weights, 0..100);
            let found = under_load(&weights, in_flight);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let extreme = |weight: u32| weights.iter().all(|w| *w >= weight) || weights.iter().all(|w| *w <= weight);
            for at in (0..weights.len()).filter(|at| extreme(weights[*at])) {
                let (low, high) = (idle[at].min(busy[at]), idle[at].max(busy[at]));
                prop_assert!(found[at] > low - 1e-9 && found[at] < high + 1e-9);
            }
        }
    }
}
