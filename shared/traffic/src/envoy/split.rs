//! All of Envoy's decisions together: from a set of hosts to the share of each priority, locality and host.
//!
//! The order is Envoy's: a priority, panic, a locality where their weights count, a host among the candidates.
//! Zone-aware routing is not computed: it hangs on where the other proxies of the caller's own service stand.

use std::ops::Range;

use super::hosts::{Host, HostAt, HostSet, HostState, LbConfig, Locality, Priority};
use super::panic::{self, Tiers};
use super::priority::Counts;
use super::{locality, pick};
use crate::HostPolicy;

/// Where requests are sent. Shares are of all requests, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    /// As in the set of hosts.
    pub priorities: Vec<PriorityShare>,
    /// Share that finds no candidate, and is answered with 503 and the flag `UH`. With `CLUSTER_PROVIDED` the caller
    /// names the host: all shares are 0, and this one too.
    pub no_host: f64,
}

/// What a priority gets.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorityShare {
    /// Its hosts.
    pub counts: Counts,
    /// Health, percent: 100 from 71.43 % healthy hosts on.
    pub health: u32,
    /// Load, percent.
    pub load: u32,
    /// In panic: all its hosts are candidates.
    pub panic: bool,
    /// As in the set of hosts.
    pub localities: Vec<LocalityShare>,
}

/// What the hosts of a locality in one priority get.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalityShare {
    /// Position of the group in the assignment.
    pub group: usize,
    /// Sum over its hosts.
    pub share: f64,
    /// As in the set of hosts.
    pub hosts: Vec<HostShare>,
}

/// What a host gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostShare {
    /// Position in the group of the assignment.
    pub endpoint: usize,
    /// Share with few requests under way. `RING_HASH` and `MAGLEV` come near it only.
    pub share: f64,
    /// Share in the limit of many requests under way: another bound for `LEAST_REQUEST` with unequal weights, else
    /// the same.
    pub busy: f64,
}

/// Where a proxy sends its requests.
#[must_use]
pub fn split(set: &HostSet, config: &LbConfig) -> Split {
    let counts: Vec<Counts> = set.priorities.iter().map(Counts::from).collect();
    let Tiers { health, load, panic } = panic::tiers(&counts, config.panic_threshold);
    let mut start = 0;
    let mut split = Split { priorities: Vec::with_capacity(counts.len()), no_host: 0.0 };
    for (at, priority) in set.priorities.iter().enumerate() {
        let turn = Turn { config, priority, panic: panic[at], start, load: load[at] };
        start += load[at];
        let localities = turn.localities();
        if config.policy != HostPolicy::Provided && localities.iter().all(|own| own.share <= 0.0) {
            split.no_host += f64::from(load[at]) / 100.0;
        }
        split.priorities.push(PriorityShare {
            counts: counts[at],
            health: health[at],
            load: load[at],
            panic: panic[at],
            localities,
        });
    }
    if config.policy != HostPolicy::Provided && set.priorities.is_empty() {
        split.no_host = 1.0;
    }
    split
}

/// The requests that one priority gets.
struct Turn<'a> {
    config: &'a LbConfig,
    priority: &'a Priority,
    panic: bool,
    /// Load of the priorities before it, percent.
    start: u32,
    load: u32,
}

impl Turn<'_> {
    fn localities(&self) -> Vec<LocalityShare> {
        let mut found: Vec<LocalityShare> =
            self.priority.localities.iter().map(LocalityShare::none).collect();
        if self.load == 0 {
            return found;
        }
        let weighted = self.config.locality_weights;
        let shares =
            weighted.then(|| locality::shares(self.config.policy, self.priority, self.panic)).flatten();
        if let Some(shares) = shares {
            for (at, share) in shares.into_iter().enumerate() {
                self.give(&self.candidates(at..at + 1), share, &mut found);
            }
        } else {
            self.give(&self.candidates(0..found.len()), 1.0, &mut found);
        }
        for locality in &mut found {
            locality.share = total(locality.hosts.iter().map(|host| host.share));
        }
        found
    }

    /// Hosts of some localities that may be picked: (locality, host, weight).
    fn candidates(&self, localities: Range<usize>) -> Vec<(usize, usize, u32)> {
        let mut candidates = Vec::new();
        for at in localities {
            for (host, found) in self.priority.localities[at].hosts.iter().enumerate() {
                if self.panic || found.state == HostState::Healthy {
                    candidates.push((at, host, found.weight));
                }
            }
        }
        candidates
    }

    /// Gives a part of the priority's requests to candidates.
    fn give(&self, candidates: &[(usize, usize, u32)], part: f64, localities: &mut [LocalityShare]) {
        let weights: Vec<u32> = candidates.iter().map(|(_, _, weight)| *weight).collect();
        let range = self.start..self.start + self.load;
        let few = pick::shares(self.config.policy, &weights, range.clone());
        let many = pick::busy(self.config.policy, &weights, range);
        let part = part * f64::from(self.load) / 100.0;
        for ((locality, host, _), (few, many)) in candidates.iter().zip(few.into_iter().zip(many)) {
            let found = &mut localities[*locality].hosts[*host];
            found.share = part * few;
            found.busy = part * many;
        }
    }
}

impl LocalityShare {
    fn none(locality: &Locality) -> Self {
        let none = |host: &Host| HostShare { endpoint: host.endpoint, share: 0.0, busy: 0.0 };
        Self { group: locality.group, share: 0.0, hosts: locality.hosts.iter().map(none).collect() }
    }
}

impl PriorityShare {
    /// Share of all requests, 0 to 1: its load, unless it has no candidate.
    #[must_use]
    pub fn share(&self) -> f64 {
        total(self.localities.iter().map(|locality| locality.share))
    }
}

impl Split {
    /// Every host with its place and share.
    pub fn iter(&self) -> impl Iterator<Item = (HostAt, &HostShare)> {
        self.priorities.iter().enumerate().flat_map(|(priority, tier)| {
            tier.localities.iter().enumerate().flat_map(move |(locality, own)| {
                let at = move |(host, found)| (HostAt { priority, locality, host }, found);
                own.hosts.iter().enumerate().map(at)
            })
        })
    }

    /// Share of a host; 0 where there is none.
    #[must_use]
    pub fn share(&self, at: HostAt) -> f64 {
        let found = self.priorities.get(at.priority).and_then(|tier| tier.localities.get(at.locality));
        found.and_then(|locality| locality.hosts.get(at.host)).map_or(0.0, |host| host.share)
    }

    /// Share that is served, when hosts that are dead answer nothing.
    #[must_use]
    pub fn served(&self, dead: impl Fn(HostAt) -> bool) -> f64 {
        total(self.iter().filter(|(at, _)| !dead(*at)).map(|(_, host)| host.share))
    }
}

/// The sum of no shares is 0; `sum` makes it -0, which people would read.
fn total(shares: impl Iterator<Item = f64>) -> f64 {
    shares.fold(0.0, |sum, share| sum + share)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::envoy::sets::{PLAIN, any_config, any_set, priority, tiers};

    fn percents(shares: impl Iterator<Item = f64>) -> Vec<f64> {
        shares.map(|share| (share * 1000.0).round() / 10.0).collect()
    }

    #[test]
    fn example_4_without_locality_weights_hosts_alone_count() {
        let set = HostSet { priorities: vec![priority(&[(3, 2, 5), (1, 2, 2)])], ..HostSet::default() };
        let shares = |config: &LbConfig| {
            let split = split(&set, config);
            percents(split.priorities[0].localities.iter().map(|own| own.share))
        };
        assert_eq!(shares(&PLAIN), [50.0, 50.0]);
        assert_eq!(shares(&LbConfig { locality_weights: true, ..PLAIN }), [62.7, 37.3]);
    }

    #[test]
    fn example_6_some_hosts_of_a_priority_that_random_rarely_reaches_get_nothing() {
        // Health 98: 7 of 10.
        let set = tiers(&[(7, 10), (4, 4)]);
        let split = split(&set, &LbConfig { policy: HostPolicy::Random, ..PLAIN });
        assert_eq!((split.priorities[0].load, split.priorities[1].load), (98, 2));
        let hosts = &split.priorities[1].localities[0].hosts;
        assert_eq!(percents(hosts.iter().map(|host| host.share)), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn example_12_gateways_count_by_weight_for_shares_and_as_single_hosts_for_health() {
        let mut set = tiers(&[(2, 2), (0, 0)]);
        set.priorities.truncate(1);
        set.priorities[0].localities.extend(priority(&[(1, 2, 2), (1, 3, 3)]).localities);
        for (locality, weight) in set.priorities[0].localities.iter_mut().zip([6, 12, 2]) {
            locality.hosts.iter_mut().for_each(|host| host.weight = weight);
        }
        let split = split(&set, &PLAIN);
        assert_eq!(split.priorities[0].counts.counted(), 7);
        let parts: Vec<f64> =
            split.priorities[0].localities.iter().map(|own| (own.share * 42.0).round()).collect();
        assert_eq!(parts, [12.0, 24.0, 6.0]);
    }

    #[test]
    fn what_finds_no_candidate_is_refused() {
        assert!((split(&tiers(&[(0, 3), (0, 2)]), &PLAIN).no_host - 1.0).abs() < 1e-9);
        assert!((split(&HostSet::default(), &PLAIN).no_host - 1.0).abs() < 1e-9);
        let panic = LbConfig { panic_threshold: 50, ..PLAIN };
        assert!(split(&tiers(&[(0, 3), (0, 2)]), &panic).no_host.abs() < 1e-9);
    }

    #[test]
    fn nothing_is_no_negative_zero() {
        let split = split(&tiers(&[(0, 0), (1, 1)]), &PLAIN);
        assert!(split.priorities[0].share().is_sign_positive());
        assert!(split.priorities[0].localities[0].share.is_sign_positive());
        assert!(split.served(|_| true).is_sign_positive());
    }

    #[test]
    fn served_leaves_out_what_dead_hosts_get() {
        let split = split(&tiers(&[(4, 4)]), &PLAIN);
        assert!((split.served(|at| at.host == 0) - 0.75).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn shares_and_refusals_add_up_to_1(set in any_set(), config in any_config()) {
            let split = split(&set, &config);
            let sent: f64 = split.iter().map(|(_, host)| host.share).sum();
            let busy: f64 = split.iter().map(|(_, host)| host.busy).sum();
            prop_assert!((sent + split.no_host - 1.0).abs() < 1e-9);
            prop_assert!((busy - sent).abs() < 1e-9);
        }

        #[test]
        fn outside_panic_only_healthy_hosts_are_picked(set in any_set(), config in any_config()) {
            for (at, share) in split(&set, &config).iter() {
                let healthy = set.host(at).unwrap().state == HostState::Healthy;
                prop_assert!(share.share == 0.0 || healthy || config.panic_threshold > 0);
            }
        }

        #[test]
        fn priorities_get_their_load_or_nothing(set in any_set(), config in any_config()) {
            for priority in split(&set, &config).priorities {
                let share = priority.share();
                prop_assert!(share == 0.0 || (share - f64::from(priority.load) / 100.0).abs() < 1e-9);
            }
        }
    }
}
