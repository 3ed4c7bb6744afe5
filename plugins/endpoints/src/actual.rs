//! What the client's own proxy has, laid beside the prediction.
//!
//! Envoy keeps one host per address, so addresses are compared after the prediction lost its duplicates. An istiod
//! that speaks for a proxy lists every group, so each locality is compared there.

use std::collections::BTreeMap;

use mesh_model::Locality;
use mesh_model::actual::{Actual, ActualSource, Assignment, HostHealth, HostState};

use crate::answer::Answer;
use crate::row::{Row, State};

/// What differs, and what a proxy has counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Sorted by address.
    pub(crate) differences: Vec<Difference>,
    /// What the proxy knows of each address: in which state it is, and which part of its calls it got.
    pub(crate) seen: BTreeMap<String, Seen>,
}

/// One address as the proxy has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Ejected by outlier detection.
    pub(crate) ejected: bool,
    /// Share of what the proxy has sent to this service so far, 0 to 1; `None` if it has sent nothing.
    pub(crate) measured: Option<f64>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) address: String,
    /// `address`, `priority`, `locality`, `weight` or `health`.
    pub(crate) field: &'static str,
    /// `None` where only the proxy has it.
    pub(crate) predicted: Option<String>,
    /// `None` where the proxy does not have it.
    pub(crate) actual: Option<String>,
}

impl Difference {
    /// The difference as a sentence.
    pub(crate) fn text(&self) -> String {
        let Self { address, field, .. } = self;
        match (&self.predicted, &self.actual) {
            (Some(place), None) => {
                format!("{address} is predicted in {place}, and the proxy does not have it")
            }
            (None, Some(place)) => format!("{address} is not predicted, and the proxy has it in {place}"),
            (predicted, actual) => {
                let [predicted, actual] = [predicted, actual].map(|value| value.as_deref().unwrap_or("none"));
                format!("{address} has {field} {actual}, predicted is {predicted}")
            }
        }
    }
}

/// What is compared of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    priority: u32,
    locality: Locality,
    weight: u32,
    health: State,
}

/// Addresses, told apart by locality where one may stand in several.
type Listed = BTreeMap<(String, Option<Locality>), Facts>;

impl Comparison {
    /// Lays what was read beside the answer.
    pub(crate) fn of(answer: &Answer, actual: &Actual) -> Self {
        let hosts = actual.hosts(&answer.name).unwrap_or_default();
        let by_proxy = actual.source == ActualSource::Proxy;
        let (predicted, found) = if by_proxy {
            let kept = answer.rows.iter().filter(|row| row.state != State::Duplicate);
            (kept.map(|row| predicted(row, false)).collect(), hosts.iter().map(of_host).collect())
        } else {
            let found = actual.assignment(&answer.name).map(of_assignment).unwrap_or_default();
            (answer.rows.iter().map(|row| predicted(row, true)).collect(), found)
        };
        Self { differences: differences(&predicted, &found), seen: seen(hosts) }
    }

    /// The differences of one address.
    pub(crate) fn of_address(&self, address: &str) -> &[Difference] {
        let start = self.differences.partition_point(|one| *one.address < *address);
        let rest = &self.differences[start..];
        &rest[..rest.partition_point(|one| one.address == address)]
    }
}

fn predicted(row: &Row, by_locality: bool) -> ((String, Option<Locality>), Facts) {
    let facts = Facts {
        priority: row.priority,
        locality: row.locality.clone(),
        weight: row.weight,
        // A group that repeats an address is sent like any other.
        health: if row.state == State::Duplicate { State::Ready } else { row.state },
    };
    ((row.address.clone(), by_locality.then(|| row.locality.clone())), facts)
}

fn of_host(host: &HostState) -> ((String, Option<Locality>), Facts) {
    let facts = Facts {
        priority: host.priority,
        locality: host.locality.clone(),
        weight: host.weight.unwrap_or(1),
        health: health(host.health),
    };
    ((host.address.to_string(), None), facts)
}

fn of_assignment(assignment: &Assignment) -> Listed {
    let endpoints = assignment
        .groups
        .iter()
        .flat_map(|group| group.endpoints.iter().map(move |endpoint| (group, endpoint)));
    endpoints
        .map(|(group, endpoint)| {
            let facts = Facts {
                priority: group.priority,
                locality: group.locality.clone(),
                weight: endpoint.weight.unwrap_or(1),
                health: health(endpoint.health),
            };
            ((endpoint.address.to_string(), Some(group.locality.clone())), facts)
        })
        .collect()
}

/// Envoy takes what it is not told for healthy.
const fn health(health: HostHealth) -> State {
    match health {
        HostHealth::Unknown | HostHealth::Healthy | HostHealth::Degraded => State::Ready,
        HostHealth::Unhealthy => State::Unhealthy,
        HostHealth::Draining => State::Draining,
    }
}

fn differences(predicted: &Listed, found: &Listed) -> Vec<Difference> {
    let mut differences = Vec::new();
    let place = |facts: &Facts| format!("priority {} of {}", facts.priority, named(&facts.locality));
    for (key, facts) in predicted {
        match found.get(key) {
            None => differences.push(Difference {
                address: key.0.clone(),
                field: "address",
                predicted: Some(place(facts)),
                actual: None,
            }),
            Some(other) => of_fields(&key.0, facts, other, &mut differences),
        }
    }
    for (key, facts) in found.iter().filter(|(key, _)| !predicted.contains_key(key)) {
        differences.push(Difference {
            address: key.0.clone(),
            field: "address",
            predicted: None,
            actual: Some(place(facts)),
        });
    }
    differences.sort();
    differences
}

fn of_fields(address: &str, predicted: &Facts, actual: &Facts, differences: &mut Vec<Difference>) {
    let fields = [
        ("priority", predicted.priority.to_string(), actual.priority.to_string()),
        ("locality", named(&predicted.locality), named(&actual.locality)),
        ("weight", predicted.weight.to_string(), actual.weight.to_string()),
        ("health", predicted.health.as_str().to_owned(), actual.health.as_str().to_owned()),
    ];
    for (field, predicted, actual) in fields.into_iter().filter(|(_, predicted, actual)| predicted != actual)
    {
        let address = address.to_owned();
        differences.push(Difference { address, field, predicted: Some(predicted), actual: Some(actual) });
    }
}

fn named(locality: &Locality) -> String {
    let short = locality.short();
    if short.is_empty() { "no locality".to_owned() } else { short }
}

fn seen(hosts: &[HostState]) -> BTreeMap<String, Seen> {
    let sent = hosts.iter().fold(0_u64, |sum, host| sum.saturating_add(host.requests.total));
    let measured = |host: &HostState| {
        #[expect(clippy::cast_precision_loss, reason = "a share of counters; nobody reads its 16th digit")]
        let share = host.requests.total as f64 / sent as f64;
        (sent > 0).then_some(share)
    };
    let of = |host: &HostState| {
        (host.address.to_string(), Seen { ejected: host.failed_outlier_check, measured: measured(host) })
    };
    hosts.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use mesh_model::actual::{HostAddress, RequestCounts};

    use super::*;

    fn facts(priority: u32, zone: &str) -> Facts {
        let locality = Locality { region: "eu".into(), zone: zone.into(), subzone: "".into() };
        Facts { priority, locality, weight: 1, health: State::Ready }
    }

    fn listed(facts: &[(&str, Facts)]) -> Listed {
        facts.iter().map(|(address, facts)| (((*address).to_owned(), None), facts.clone())).collect()
    }

    fn texts(predicted: &Listed, found: &Listed) -> Vec<String> {
        differences(predicted, found).iter().map(Difference::text).collect()
    }

    #[test]
    fn equal_lists_do_not_differ() {
        let one = listed(&[("10.0.0.1:80", facts(0, "eu-a"))]);
        assert_eq!(differences(&one, &one), []);
    }

    #[test]
    fn what_only_one_side_has_is_told_with_its_place() {
        let predicted = listed(&[("10.0.0.1:80", facts(0, "eu-a"))]);
        let found = listed(&[("10.0.0.2:80", facts(1, "eu-b"))]);
        assert_eq!(
            texts(&predicted, &found),
            [
                "10.0.0.1:80 is predicted in priority 0 of eu/eu-a, and the proxy does not have it",
                "10.0.0.2:80 is not predicted, and the proxy has it in priority 1 of eu/eu-b",
            ]
        );
    }

    #[test]
    fn each_field_that_differs_is_told_by_itself() {
        let predicted = listed(&[("10.0.0.1:80", facts(0, "eu-a"))]);
        let other = Facts { weight: 2, health: State::Unhealthy, ..facts(1, "eu-a") };
        assert_eq!(
            texts(&predicted, &listed(&[("10.0.0.1:80", other)])),
            [
                "10.0.0.1:80 has health unhealthy, predicted is ready",
                "10.0.0.1:80 has priority 1, predicted is 0",
                "10.0.0.1:80 has weight 2, predicted is 1",
            ]
        );
    }

    #[test]
    fn the_measured_share_is_that_of_all_calls_of_the_proxy() {
        let host = |address: &str, total, failed_outlier_check| HostState {
            address: HostAddress::Socket { address: address.into(), port: 80 },
            locality: facts(0, "eu-a").locality,
            priority: 0,
            weight: None,
            health: HostHealth::Healthy,
            failed_outlier_check,
            requests: RequestCounts { total, ..RequestCounts::default() },
        };
        let found = seen(&[host("10.0.0.1", 30, false), host("10.0.0.2", 10, true)]);
        assert_eq!(found["10.0.0.1:80"], Seen { ejected: false, measured: Some(0.75) });
        assert_eq!(found["10.0.0.2:80"], Seen { ejected: true, measured: Some(0.25) });
        assert_eq!(seen(&[host("10.0.0.1", 0, false)])["10.0.0.1:80"].measured, None);
    }
}
