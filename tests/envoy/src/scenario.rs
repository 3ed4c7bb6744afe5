//! What is measured: hosts in groups and how they are balanced, in the types that `mesh_traffic` predicts from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mesh_model::{Locality, Network};
use mesh_traffic::{
    Assignment, Cause, Caused, Discovery, Group, Health, HostPolicy, LocalityMode, Outlier, Sent, Settings,
    Via,
};

/// Hosts, settings, and who of the hosts is dead.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One line for the report.
    pub name: String,
    /// What EDS says. Ports are 0 until backends listen.
    pub assignment: Assignment<'static>,
    /// What CDS says.
    pub settings: Settings,
    /// Addresses that give no good answer, and what they do instead.
    pub dead: BTreeMap<Arc<str>, Failure>,
    /// Requests under way at once.
    pub in_flight: u32,
}

/// What a dead host does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens.
    Refuses,
    /// It answers 503.
    Unavailable,
}

impl Scenario {
    /// No hosts yet; `ROUND_ROBIN`, no weights of localities, no panic, no outlier detection: what istiod 1.31 sends
    /// for a DestinationRule that asks for `ROUND_ROBIN` alone.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let assignment = Assignment {
            name: "echo".to_owned(),
            groups: Vec::new(),
            excluded: Vec::new(),
            scale: 1,
            unknown: Vec::new(),
        };
        let settings = Settings {
            discovery: Discovery::Eds,
            policy: played(HostPolicy::RoundRobin),
            locality_weights: played(false),
            zone_aware: None,
            panic_threshold: Some(0),
            outlier: played(None),
            locality: played(LocalityMode::None),
        };
        Self { name: name.into(), assignment, settings, dead: BTreeMap::new(), in_flight: 1 }
    }

    /// Adds a group of new hosts, each given as (weight, health). `locality` is `region`, `region/zone` or
    /// `region/zone/subzone`.
    #[must_use]
    pub fn group(mut self, priority: u32, locality: &str, weight: u32, hosts: &[(u32, Health)]) -> Self {
        let first = self.addresses().len() + 1;
        let endpoints =
            hosts.iter().zip(first..).map(|(host, number)| sent(number, host.0, host.1)).collect();
        self.assignment.groups.push(Group { locality: place(locality), priority, weight, endpoints });
        self
    }

    /// Adds a group of new hosts of weight 1, the first of which are healthy.
    #[must_use]
    pub fn tier(self, priority: u32, locality: &str, weight: u32, healthy: usize, all: usize) -> Self {
        let health = |host| if host < healthy { Health::Healthy } else { Health::Unhealthy };
        let hosts: Vec<_> = (0..all).map(|host| (1, health(host))).collect();
        self.group(priority, locality, weight, &hosts)
    }

    /// Lists a known host once more, in the last group. Hosts count from 1 in the order in which they were added.
    #[must_use]
    pub fn again(mut self, number: usize, weight: u32) -> Self {
        if let Some(group) = self.assignment.groups.last_mut() {
            group.endpoints.push(sent(number, weight, Health::Healthy));
        }
        self
    }

    /// Sets the policy.
    #[must_use]
    pub fn policy(mut self, policy: HostPolicy) -> Self {
        self.settings.policy = played(policy);
        self
    }

    /// Switches weights of localities on.
    #[must_use]
    pub fn locality_weights(mut self) -> Self {
        self.settings.locality_weights = played(true);
        self
    }

    /// Sets the panic threshold, percent; `None` leaves it to Envoy.
    #[must_use]
    pub fn panic(mut self, threshold: Option<u32>) -> Self {
        self.settings.panic_threshold = threshold;
        self
    }

    /// Switches outlier detection on. Ejected hosts stay out for five minutes, longer than a measure takes.
    #[must_use]
    pub fn ejection(mut self, percent: u32) -> Self {
        let outlier = Outlier {
            max_ejection_percent: Some(percent),
            base_ejection_time: Some(300_000),
            ..Outlier::default()
        };
        self.settings.outlier = played(Some(outlier));
        self
    }

    /// Lets hosts die, by number.
    #[must_use]
    pub fn dead(mut self, numbers: impl IntoIterator<Item = usize>, failure: Failure) -> Self {
        self.dead.extend(numbers.into_iter().map(|number| (address(number), failure)));
        self
    }

    /// Sets how many requests are under way at once.
    #[must_use]
    pub fn in_flight(mut self, requests: u32) -> Self {
        self.in_flight = requests;
        self
    }

    /// Every address once.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<Arc<str>> {
        let sent = self.assignment.groups.iter().flat_map(|group| &group.endpoints);
        sent.map(|sent| Arc::clone(&sent.address)).collect()
    }
}

fn played<T>(value: T) -> Caused<T> {
    Caused { value, cause: Cause::Default("the scenario") }
}

fn sent(number: usize, weight: u32, health: Health) -> Sent<'static> {
    let via = Via::Gateway {
        network: Network::from(""),
        cluster_id: Arc::from(""),
        cause: Cause::Default("the scenario"),
        behind: Vec::new(),
    };
    Sent { address: address(number), port: 0, weight, health, via }
}

/// Address of a host: the loopback device owns all of 127.0.0.0/8.
fn address(number: usize) -> Arc<str> {
    Arc::from(format!("127.40.{}.{}", number / 250, number % 250 + 1))
}

fn place(text: &str) -> Locality {
    let mut parts = text.split('/');
    let mut part = || parts.next().unwrap_or_default();
    Locality { region: part().into(), zone: part().into(), subzone: part().into() }
}
