//! Locality load balancing: which setting is in force, and what it makes of the groups
//! (`istio: pilot/pkg/networking/core/loadbalancer/loadbalancer.go`).
//!
//! [`choose`] takes the first setting there is and merges nothing; [`apply`] gives the groups priorities, or the
//! weights of `distribute`. Envoy's part stands in [`crate::envoy`].

mod distribute;
mod failover;
mod priority;

use mesh_model::row::{LoadBalancer, LocalityLbSetting, ZoneAware};

use crate::{Cause, Caused, Client, Config, Distribution, Gate, Group, LocalityMode, RuleSet, Sent};

/// A setting of locality load balancing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'m> {
    /// Switched off.
    Off,
    /// `localityLbSetting` of a rule or of the mesh.
    Locality(&'m LocalityLbSetting),
    /// What the traffic distribution of a service asks for; it needs no outlier detection.
    Distribution(Distribution),
    /// `zoneAwareLbSetting` of a rule or of the mesh; it needs no outlier detection.
    ZoneAware(&'m ZoneAware),
}

/// The setting in force for a service, under the load balancer that reaches one of its ports.
#[must_use]
pub fn choose<'m>(
    balancer: &Caused<Option<&'m LoadBalancer>>,
    distribution: &Caused<Distribution>,
    config: &Config<'_, 'm>,
) -> Caused<Setting<'m>> {
    let knows_zones = config.rules.has(Gate::ZoneAware);
    if let Some(balancer_block) = balancer.value {
        let cause = |field: &'static str| balancer.cause.clone().then(field);
        if let Some(setting) = balancer_block.zone_aware.as_ref().filter(|_| knows_zones) {
            return Caused { value: Setting::ZoneAware(setting), cause: cause("zoneAwareLbSetting") };
        }
        if let Some(setting) = &balancer_block.locality {
            return of_locality(setting, cause("localityLbSetting"));
        }
    }
    if distribution.value != Distribution::Any {
        return Caused {
            value: Setting::Distribution(distribution.value),
            cause: distribution.cause.clone(),
        };
    }
    if let Some(setting) = config.mesh.zone_aware.as_ref().filter(|_| knows_zones) {
        return Caused { value: Setting::ZoneAware(setting), cause: config.mesh_field("zoneAwareLbSetting") };
    }
    of_locality(&config.mesh.locality, config.mesh_field("localityLbSetting"))
}

fn of_locality(setting: &LocalityLbSetting, cause: Cause) -> Caused<Setting<'_>> {
    if setting.is_enabled() {
        Caused { value: Setting::Locality(setting), cause }
    } else {
        Caused { value: Setting::Off, cause: cause.then("enabled") }
    }
}

impl Setting<'_> {
    /// What it makes of the groups, where outlier detection reaches them or not. `detects` is what EDS sees for
    /// clusters by EDS, and what CDS sees for those by DNS.
    #[must_use]
    pub fn mode(&self, detects: bool) -> LocalityMode {
        match self {
            Self::Off => LocalityMode::None,
            Self::Distribution(_) => LocalityMode::Prefer,
            Self::ZoneAware(setting) if setting.enabled == Some(false) => LocalityMode::None,
            Self::ZoneAware(_) => LocalityMode::ZoneAware,
            Self::Locality(setting) => {
                match (setting.failover_priority.is_empty(), setting.failover.is_empty()) {
                    _ if !setting.distribute.is_empty() => LocalityMode::Distribute,
                    _ if !detects => LocalityMode::Inert,
                    (false, false) => LocalityMode::PriorityThenFailover,
                    (false, true) => LocalityMode::Priority,
                    (true, _) => LocalityMode::Failover,
                }
            }
        }
    }
}

/// The groups as istiod sends them.
#[derive(Debug, Default)]
pub struct Outcome<'m> {
    /// In the order of what came in; a group that labels split stands there in parts, nearest first.
    pub groups: Vec<Group<'m>>,
    /// What `distribute` took out of groups that it does not list.
    pub emptied: Vec<Sent<'m>>,
    /// The entry of `distribute` that did so.
    pub entry: Option<usize>,
}

/// Gives priorities or weights to the groups of one Envoy cluster.
///
/// `groups` stand in the order of their localities as text, behind the filter of networks, with priority 0 and the
/// sum of their weights. A group that is empty stays, unless labels decide: these send no group without endpoints.
/// Where `labels_count` is false they decide nothing, as for subsets of hosts by DNS.
#[must_use]
pub fn apply<'m>(
    setting: &Setting<'_>,
    client: &Client<'_>,
    cluster_id: &str,
    detects: bool,
    rules: RuleSet,
    labels_count: bool,
    groups: Vec<Group<'m>>,
) -> Outcome<'m> {
    let by_labels = |labels: &[&str], groups| {
        let labels = if labels_count { labels } else { &[] };
        priority::by_labels(labels, client, cluster_id, rules, groups)
    };
    let mut outcome = Outcome { groups, ..Outcome::default() };
    match *setting {
        Setting::Off => {}
        Setting::Distribution(distribution) => {
            outcome.groups = by_labels(distribution.labels(rules), outcome.groups);
        }
        Setting::ZoneAware(setting) if setting.enabled == Some(false) => {}
        Setting::ZoneAware(setting) => {
            outcome.groups = by_labels(&texts(&setting.failover_priority), outcome.groups);
            failover::by_region(&setting.failover, &client.locality, &mut outcome.groups);
        }
        Setting::Locality(setting) if !setting.distribute.is_empty() => {
            distribute::apply(&setting.distribute, &client.locality, &mut outcome);
        }
        Setting::Locality(_) if !detects => {}
        Setting::Locality(setting) => {
            outcome.groups = by_labels(&texts(&setting.failover_priority), outcome.groups);
            if setting.failover_priority.is_empty() || !setting.failover.is_empty() {
                failover::by_locality(&setting.failover, &client.locality, &mut outcome.groups);
            }
        }
    }
    outcome
}

fn texts(labels: &[std::sync::Arc<str>]) -> Vec<&str> {
    labels.iter().map(|label| &**label).collect()
}

/// Makes the priorities 0 to N without a gap, in their order.
fn compact(groups: &mut [Group<'_>]) {
    let mut used: Vec<u32> = groups.iter().map(|group| group.priority).collect();
    used.sort_unstable();
    used.dedup();
    for group in groups {
        let rank = used.partition_point(|priority| *priority < group.priority);
        group.priority = u32::try_from(rank).expect("a priority for each of fewer than 4 billion groups");
    }
}

#[cfg(test)]
mod tests;
