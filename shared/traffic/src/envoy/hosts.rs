//! The hosts of one Envoy cluster, by priority and locality, after addresses were made unique.
//!
//! Owns the order of hosts and who keeps an address that is listed twice. Shares are none of its business.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::{Assignment, Health, HostPolicy, Settings};

/// All hosts of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSet {
    /// Priorities from 0; one without hosts is kept.
    pub priorities: Vec<Priority>,
    /// Endpoints that are no hosts, since their address was listed before.
    pub duplicates: Vec<Duplicate>,
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
    /// `load_balancing_weight`; 0 counts as 1.
    pub weight: u32,
    /// Whether it may be picked.
    pub state: HostState,
}

/// State of a host (`envoy: source/common/upstream/upstream_impl.h: HostImplBase::coarseHealth`).
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

/// Where a host stands in a [`HostSet`], as positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostAt {
    /// Its priority.
    pub priority: usize,
    /// Its locality among those of the priority.
    pub locality: usize,
    /// Its place among the hosts of the locality.
    pub host: usize,
}

/// An endpoint whose address another group, or the same, listed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Position of its group in the assignment.
    pub group: usize,
    /// Its position in that group.
    pub endpoint: usize,
    /// The host that keeps the address.
    pub kept: HostAt,
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

/// The hosts that Envoy makes of an assignment. Of endpoints with one address and port the first in the order of the
/// list is kept, with the weight and the priority it has there, whatever the health of either
/// (`envoy: source/extensions/clusters/eds/eds.cc: updateLocalityEndpoints`).
#[must_use]
pub fn hosts(assignment: &Assignment<'_>) -> HostSet {
    let mut set = HostSet::default();
    let mut known: HashMap<Address<'_>, HostAt> = HashMap::new();
    for (group, listed) in assignment.groups.iter().enumerate() {
        let priority = listed.priority as usize;
        if set.priorities.len() <= priority {
            set.priorities.resize_with(priority + 1, Priority::default);
        }
        let localities = &mut set.priorities[priority].localities;
        let mut own = Locality { group, weight: listed.weight, hosts: Vec::new() };
        for (endpoint, sent) in listed.endpoints.iter().enumerate() {
            let at = HostAt { priority, locality: localities.len(), host: own.hosts.len() };
            let kept = *known.entry(Address::of(&sent.address, sent.port)).or_insert(at);
            if kept == at {
                own.hosts.push(Host { endpoint, weight: sent.weight, state: HostState::of(sent.health) });
            } else {
                set.duplicates.push(Duplicate { group, endpoint, kept });
            }
        }
        localities.push(own);
    }
    set
}

/// An address as Envoy compares them: IP addresses by value, all else by text.
#[derive(PartialEq, Eq, Hash)]
enum Address<'a> {
    Ip(IpAddr, u16),
    Text(&'a str, u16),
}

impl<'a> Address<'a> {
    fn of(text: &'a str, port: u16) -> Self {
        text.parse().map_or(Self::Text(text, port), |ip| Self::Ip(ip, port))
    }
}

impl HostSet {
    /// Every host with its place, in the order of priorities and, within one, of the assignment.
    pub fn iter(&self) -> impl Iterator<Item = (HostAt, &Host)> {
        self.priorities.iter().enumerate().flat_map(|(priority, tier)| {
            tier.localities.iter().enumerate().flat_map(move |(locality, own)| {
                let at = move |(host, found)| (HostAt { priority, locality, host }, found);
                own.hosts.iter().enumerate().map(at)
            })
        })
    }

    /// How many hosts there are, in every state: what limits of ejection are a percentage of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.priorities.iter().map(|priority| priority.hosts().count()).sum()
    }

    /// True when there is no host at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The host at a place.
    #[must_use]
    pub fn host(&self, at: HostAt) -> Option<&Host> {
        self.priorities.get(at.priority)?.localities.get(at.locality)?.hosts.get(at.host)
    }

    /// The host at a place, to change its state.
    pub fn host_mut(&mut self, at: HostAt) -> Option<&mut Host> {
        self.priorities.get_mut(at.priority)?.localities.get_mut(at.locality)?.hosts.get_mut(at.host)
    }

    /// Position of a host's group in the assignment, and of its endpoint in that group.
    #[must_use]
    pub fn endpoint(&self, at: HostAt) -> Option<(usize, usize)> {
        let locality = self.priorities.get(at.priority)?.localities.get(at.locality)?;
        Some((locality.group, locality.hosts.get(at.host)?.endpoint))
    }
}

impl Priority {
    /// Its hosts, in the order of the assignment.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.localities.iter().flat_map(|locality| &locality.hosts)
    }
}

impl HostState {
    /// What Envoy makes of `health_status` (`envoy: upstream_impl.cc: HostImplBase::setEdsHealthFlag`).
    const fn of(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Healthy,
            Health::Unhealthy => Self::Unhealthy,
            Health::Draining | Health::Terminating => Self::Excluded,
        }
    }
}

impl From<&Settings> for LbConfig {
    /// Envoy's own panic threshold, 50 %, holds where istiod sends none.
    fn from(settings: &Settings) -> Self {
        Self {
            policy: settings.policy.value,
            locality_weights: settings.locality_weights.value,
            panic_threshold: settings.panic_threshold.unwrap_or(50),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mesh_model::{Labels, Locality as Place, Network};

    use super::*;
    use crate::{Cause, Group, Sent, Via};

    fn group(priority: u32, weight: u32, addresses: &[(&str, Health)]) -> Group<'static> {
        let via = Via::Gateway {
            network: Network::default(),
            cluster_id: "".into(),
            cause: Cause::Default("test"),
            behind: Vec::new(),
        };
        let sent = |(address, health): &(&str, Health)| Sent {
            address: Arc::from(*address),
            port: 80,
            weight: 1,
            health: *health,
            via: via.clone(),
        };
        let endpoints = addresses.iter().map(sent).collect();
        Group { locality: Place::of_node(&Labels::default()), priority, weight, endpoints }
    }

    fn set_of(groups: Vec<Group<'static>>) -> HostSet {
        hosts(&Assignment {
            name: "echo".into(),
            groups,
            excluded: Vec::new(),
            unknown: Vec::new(),
            scale: 1,
        })
    }

    #[test]
    fn an_address_counts_once_where_the_list_names_it_first_even_across_priorities() {
        let set = set_of(vec![
            group(1, 3, &[("10.0.0.9", Health::Unhealthy), ("10.0.0.1", Health::Healthy)]),
            group(0, 1, &[("10.0.0.9", Health::Healthy), ("10.0.0.2", Health::Draining)]),
        ]);
        let kept = HostAt { priority: 1, locality: 0, host: 0 };
        assert_eq!(set.duplicates, [Duplicate { group: 1, endpoint: 0, kept }]);
        assert_eq!(set.host(kept).unwrap().state, HostState::Unhealthy);
        assert_eq!(set.endpoint(HostAt { priority: 0, locality: 0, host: 0 }), Some((1, 1)));
        assert_eq!(set.len(), 3);
    }

    #[test]
    fn addresses_of_version_6_are_equal_by_value() {
        let set =
            set_of(vec![group(0, 1, &[("fd00::1", Health::Healthy), ("fd00:0:0::1", Health::Healthy)])]);
        assert_eq!((set.len(), set.duplicates.len()), (1, 1));
    }

    #[test]
    fn a_priority_and_a_group_without_endpoints_are_kept() {
        let set = set_of(vec![group(0, 0, &[]), group(2, 1, &[("10.0.0.1", Health::Healthy)])]);
        let hosts: Vec<usize> = set.priorities.iter().map(|priority| priority.hosts().count()).collect();
        assert_eq!(hosts, [0, 0, 1]);
        assert!(set_of(Vec::new()).is_empty());
    }
}
