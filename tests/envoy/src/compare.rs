//! Compares counted picks with the shares that `mesh_traffic::envoy` predicts.

use std::collections::BTreeSet;

use mesh_traffic::envoy::{self, HostAt, HostSet, Split};
use mesh_traffic::{HostPolicy, Sent};

use crate::measure::Counts;
use crate::scenario::Scenario;

/// How far a measure may be from the prediction, in standard deviations of a binomial distribution.
pub const SIGMAS: f64 = 4.0;
/// One comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// `P0`, `P0 a/z1/`, `P0 a/z1/ 127.40.0.1`, or `no host`.
    pub what: String,
    /// Predicted share, 0 to 1; a range where load decides.
    pub predicted: (f64, f64),
    /// Measured share, 0 to 1.
    pub measured: f64,
    /// Distance from the prediction in standard deviations; 0 within a range, infinite where 0 or 1 was missed.
    pub sigmas: f64,
}

impl Row {
    /// The measure is near enough.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sigmas.abs() <= SIGMAS
    }
}

/// Every priority, locality and host, and what found no host.
pub(crate) fn compare(scenario: &Scenario, split: &Split, counts: &Counts) -> Vec<Row> {
    let set = envoy::hosts(&scenario.assignment);
    let mut rows = vec![counts.row("no host".to_owned(), (split.no_host, split.no_host), counts.nobody)];
    let mut known = BTreeSet::new();
    for (priority, tier) in split.priorities.iter().enumerate() {
        let mut hosts = Vec::new();
        let mut total = 0;
        for (locality, own) in tier.localities.iter().enumerate() {
            let place = &scenario.assignment.groups[own.group].locality;
            let first = hosts.len();
            let mut sum = 0;
            let mut busy = 0.0;
            for (host, share) in own.hosts.iter().enumerate() {
                let at = HostAt { priority, locality, host };
                let socket = socket(scenario, &set, at);
                let count = counts.hosts.get(&socket).copied().unwrap_or(0);
                let what = format!("P{priority} {place} {}", address(scenario, &set, at));
                sum += count;
                busy += share.busy;
                known.insert(socket);
                if let Some(range) = scenario.range(share.share, share.busy) {
                    hosts.push(counts.row(what, range, count));
                }
            }
            total += sum;
            if let Some(range) = scenario.range(own.share, busy) {
                hosts.insert(first, counts.row(format!("P{priority} {place}"), range, sum));
            }
        }
        rows.push(counts.row(format!("P{priority}"), (tier.share(), tier.share()), total));
        rows.append(&mut hosts);
    }
    let strangers = counts.hosts.iter().filter(|(host, _)| !known.contains(*host));
    rows.extend(strangers.map(|(host, count)| counts.row(format!("unknown {host}"), (0.0, 0.0), *count)));
    rows
}

impl Scenario {
    /// Between which shares a measure must be. `None` where nothing is said: the ring of `RING_HASH` has too few
    /// entries for its shares to be near the weights.
    fn range(&self, share: f64, busy: f64) -> Option<(f64, f64)> {
        let certain = share <= 0.0 || share >= 1.0;
        match self.settings.policy.value {
            HostPolicy::RingHash if !certain => None,
            _ if self.in_flight > 1 => Some((share.min(busy), share.max(busy))),
            _ => Some((share, share)),
        }
    }
}

impl Counts {
    #[expect(clippy::cast_precision_loss, reason = "numbers of requests are far below 2^53")]
    fn row(&self, what: String, predicted: (f64, f64), count: u64) -> Row {
        let (all, count) = (self.all as f64, count as f64);
        let distance = |share: f64| {
            // Sums of shares may be off by the last digit.
            if !(1e-9..=1.0 - 1e-9).contains(&share) {
                return if (count - all * share).abs() < 1e-3 { 0.0 } else { f64::INFINITY };
            }
            (count - all * share) / (all * share * (1.0 - share)).sqrt()
        };
        let measured = count / all;
        let nearest = if measured < predicted.0 { predicted.0 } else { predicted.1 };
        let within = predicted.0 < predicted.1 && measured >= predicted.0 && measured <= predicted.1;
        Row { what, predicted, measured, sigmas: if within { 0.0 } else { distance(nearest) } }
    }
}

/// Address of a host.
pub(crate) fn address<'a>(scenario: &'a Scenario, set: &HostSet, at: HostAt) -> &'a str {
    endpoint(scenario, set, at).map_or("", |sent| &sent.address)
}

/// `address:port` of a host.
pub(crate) fn socket(scenario: &Scenario, set: &HostSet, at: HostAt) -> String {
    endpoint(scenario, set, at).map(|sent| format!("{}:{}", sent.address, sent.port)).unwrap_or_default()
}

fn endpoint<'a>(scenario: &'a Scenario, set: &HostSet, at: HostAt) -> Option<&'a Sent<'static>> {
    let (group, endpoint) = set.endpoint(at)?;
    scenario.assignment.groups.get(group)?.endpoints.get(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sigmas(predicted: (f64, f64), count: u64) -> f64 {
        let counts = Counts { all: 20_000, ..Counts::default() };
        counts.row(String::new(), predicted, count).sigmas
    }

    #[test]
    fn shares_of_0_and_1_are_missed_by_a_single_request() {
        assert!(sigmas((0.0, 0.0), 0).abs() < 1e-9);
        assert!(sigmas((0.0, 0.0), 1).is_infinite());
        assert!(sigmas((1.0, 1.0), 20_000).abs() < 1e-9);
        assert!(sigmas((1.0, 1.0), 19_999).is_infinite());
    }

    #[test]
    fn a_percent_beside_the_prediction_is_seen() {
        assert!(sigmas((0.23, 0.23), 20_000 * 24 / 100).abs() > 3.0);
        assert!(sigmas((0.84, 0.84), 20_000 * 85 / 100).abs() > 3.0);
    }

    #[test]
    fn a_range_is_left_only_at_its_ends() {
        assert!(sigmas((0.1, 0.25), 3000).abs() < 1e-9);
        assert!((sigmas((0.1, 0.25), 5300) - 4.9).abs() < 0.1);
    }
}
