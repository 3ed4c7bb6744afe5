//! Which hosts outlier detection takes out, and what then remains
//! (`envoy: source/common/upstream/outlier_detection_impl.cc: DetectorImpl::ejectHost`).
//!
//! The limit counts all hosts of the cluster, of every priority, whatever their health. Each proxy ejects by the
//! errors that it saw itself, so a host to which nothing is sent stays.

use super::hosts::{HostAt, HostSet, HostState, LbConfig};
use super::split::{Split, split};

/// A set of hosts, once nothing more is ejected.
#[derive(Clone, Debug, PartialEq)]
pub struct Ejection {
    /// The hosts, with their new state.
    pub set: HostSet,
    /// Those that were ejected here, in the order in which they went.
    pub ejected: Vec<HostAt>,
    /// How many may be ejected in all.
    pub most: usize,
    /// Where requests are sent then.
    pub split: Split,
}

/// Largest number of ejected hosts of a cluster with `hosts` hosts, under `maxEjectionPercent`. Envoy 1.28 and later
/// round down, and do not let the first one go for free.
#[must_use]
pub const fn most_ejected(hosts: usize, percent: u32) -> usize {
    let percent = if percent > 100 { 100 } else { percent };
    hosts * percent as usize / 100
}

/// Smallest `maxEjectionPercent` that lets `dead` of `hosts` hosts go; 0 when there is none to go.
#[must_use]
pub fn least_percent(dead: usize, hosts: usize) -> u32 {
    u32::try_from((100 * dead).div_ceil(hosts.max(1))).map_or(100, |percent| percent.min(100))
}

/// Ejects hosts that answer nothing, as long as they get requests and the limit lets them go.
///
/// Each goes once it has answered so many requests with errors, the same number for all. So the hosts of a dead
/// priority go together, before those of the next one have shown theirs. Of several that are due at once and may
/// not all go, Envoy's choice is chance, and here the order of the list.
#[must_use]
pub fn settle(set: &HostSet, config: &LbConfig, percent: u32, dead: impl Fn(HostAt) -> bool) -> Ejection {
    let most = most_ejected(set.len(), percent);
    let gone = set.iter().filter(|(_, host)| host.state == HostState::Ejected).count();
    let mut left = most.saturating_sub(gone);
    let mut settled = Ejection { set: set.clone(), ejected: Vec::new(), most, split: split(set, config) };
    let mut errors = vec![0.0; set.len()];
    while left > 0 {
        let mut due = due(&settled.failing(&dead), &mut errors);
        if due.is_empty() {
            break;
        }
        due.truncate(left);
        left -= due.len();
        settled.eject(&due);
        settled.split = split(&settled.set, config);
    }
    settled
}

/// A host that gets requests and answers none of them.
struct Failing {
    at: HostAt,
    /// Position among all hosts.
    number: usize,
    share: f64,
}

/// Lets requests come until the next hosts have their errors, and returns these. `errors` of each host, as a part of
/// those that lead to its ejection.
fn due(failing: &[Failing], errors: &mut [f64]) -> Vec<HostAt> {
    let wait = |host: &Failing| (1.0 - errors[host.number]) / host.share;
    let requests = failing.iter().map(wait).fold(f64::INFINITY, f64::min);
    let mut due = Vec::new();
    for host in failing {
        errors[host.number] += host.share * requests;
        if errors[host.number] > 1.0 - ALMOST {
            due.push(host.at);
        }
    }
    due
}

/// Hosts with one share are due at once, whatever the last digits of a sum.
const ALMOST: f64 = 1e-9;

impl Ejection {
    fn failing(&self, dead: impl Fn(HostAt) -> bool) -> Vec<Failing> {
        let all = self.split.iter().enumerate();
        let failing = all.filter(|(_, (at, host))| host.share > 0.0 && self.may_go(*at) && dead(*at));
        failing.map(|(number, (at, host))| Failing { at, number, share: host.share }).collect()
    }

    /// A draining host is left alone: it is on its way out, and in no percentage.
    fn may_go(&self, at: HostAt) -> bool {
        let host = self.set.host(at);
        host.is_some_and(|host| matches!(host.state, HostState::Healthy | HostState::Unhealthy))
    }

    fn eject(&mut self, hosts: &[HostAt]) {
        for at in hosts {
            if let Some(host) = self.set.host_mut(*at) {
                host.state = HostState::Ejected;
            }
        }
        self.ejected.extend(hosts);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::envoy::sets::{PLAIN, any_config, any_set, tiers};

    #[test]
    fn example_7_the_limit_rounds_down() {
        let table = [
            (3, [0, 0, 0, 1, 2, 3]),
            (6, [0, 1, 1, 3, 4, 6]),
            (12, [1, 2, 3, 6, 8, 12]),
            (20, [2, 4, 6, 10, 13, 20]),
        ];
        for (hosts, expected) in table {
            assert_eq!(
                [10, 20, 30, 50, 67, 100].map(|percent| most_ejected(hosts, percent)),
                expected,
                "{hosts}"
            );
        }
    }

    /// Loads of two priorities after all hosts of the first died.
    fn region_loss(local: usize, remote: usize, percent: u32) -> (usize, [u32; 2]) {
        let set = tiers(&[(local, local), (remote, remote)]);
        let settled = settle(&set, &PLAIN, percent, |at| at.priority == 0);
        (settled.ejected.len(), [0, 1].map(|priority| settled.split.priorities[priority].load))
    }

    #[test]
    fn example_8_a_dead_region_is_left_as_far_as_the_limit_goes() {
        assert_eq!(least_percent(6, 12), 50);
        assert_eq!(region_loss(6, 6, 10), (1, [100, 0]));
        assert_eq!(region_loss(6, 6, 25), (3, [70, 30]));
        assert_eq!(region_loss(6, 6, 50), (6, [0, 100]));
        assert_eq!(least_percent(3, 4), 75);
        assert_eq!(region_loss(3, 1, 74), (2, [46, 54]));
        assert_eq!(region_loss(3, 1, 75), (3, [0, 100]));
    }

    #[test]
    fn a_dead_host_behind_a_living_priority_stays() {
        let settled = settle(&tiers(&[(2, 2), (2, 2)]), &PLAIN, 100, |at| at.priority == 1);
        assert_eq!(settled.ejected, []);
    }

    #[test]
    fn a_dead_priority_behind_a_dead_one_is_found_once_requests_reach_it() {
        let settled = settle(&tiers(&[(2, 2), (2, 2), (1, 1)]), &PLAIN, 100, |at| at.priority < 2);
        assert_eq!(settled.ejected.len(), 4);
        assert_eq!(settled.split.priorities[2].load, 100);
    }

    #[test]
    fn a_dead_priority_uses_the_limit_up_before_the_one_behind_it() {
        let settled = settle(&tiers(&[(6, 6), (1, 1), (3, 3)]), &PLAIN, 50, |at| at.priority < 2);
        assert!(settled.ejected.iter().all(|at| at.priority == 0));
        let loads: Vec<u32> = settled.split.priorities.iter().map(|priority| priority.load).collect();
        assert_eq!(loads, [23, 77, 0]);
    }

    #[test]
    fn the_host_with_most_requests_goes_first() {
        let mut set = tiers(&[(3, 3), (1, 1)]);
        set.priorities[0].localities[0].hosts[2].weight = 5;
        let settled = settle(&set, &PLAIN, 25, |at| at.priority == 0);
        assert_eq!(settled.ejected, [HostAt { priority: 0, locality: 0, host: 2 }]);
    }

    #[test]
    fn panic_sends_to_ejected_hosts_again() {
        let panic = LbConfig { panic_threshold: 50, ..PLAIN };
        let settled = settle(&tiers(&[(4, 4)]), &panic, 100, |at| at.host > 0);
        assert_eq!(settled.ejected.len(), 3);
        assert!((settled.split.served(|at| at.host > 0) - 0.25).abs() < 1e-9);
    }

    #[test]
    fn what_was_ejected_before_counts() {
        let mut set = tiers(&[(4, 4)]);
        set.priorities[0].localities[0].hosts[3].state = HostState::Ejected;
        assert_eq!(settle(&set, &PLAIN, 50, |at| at.host < 3).ejected.len(), 1);
    }

    #[test]
    fn the_least_percent_is_the_least() {
        for hosts in 1..40 {
            for dead in 1..=hosts {
                let least = least_percent(dead, hosts);
                assert!(most_ejected(hosts, least) >= dead, "{dead} of {hosts}");
                assert!(most_ejected(hosts, least - 1) < dead, "{dead} of {hosts}");
            }
        }
        assert_eq!((least_percent(0, 4), least_percent(0, 0)), (0, 0));
    }

    proptest! {
        #[test]
        fn ejection_ends_within_the_limit_and_takes_only_the_dead(
            set in any_set(),
            config in any_config(),
            percent in 0..=100_u32,
            modulus in 1..4_usize,
        ) {
            let dead = |at: HostAt| (at.priority + at.host).is_multiple_of(modulus);
            let before = set.iter().filter(|(_, host)| host.state == HostState::Ejected).count();
            let settled = settle(&set, &config, percent, dead);
            prop_assert!(settled.ejected.is_empty() || before + settled.ejected.len() <= settled.most);
            prop_assert!(settled.ejected.iter().all(|at| dead(*at)));
            let failing = settled.failing(dead).len();
            prop_assert!(failing == 0 || before + settled.ejected.len() >= settled.most);
        }
    }
}
