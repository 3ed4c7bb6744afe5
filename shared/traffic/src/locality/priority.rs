//! Priorities by labels (`istio: loadbalancer.go: applyFailoverPriorities`).

use std::collections::HashMap;

use super::compact;
use crate::client::labels;
use crate::{Client, Gate, Group, RuleSet, Sent, Via};

/// Splits the groups by how many of the labels, from the first on, their endpoints share with the client.
/// An entry may name the value itself, as `label=value`.
pub(super) fn by_labels<'m>(
    entries: &[&str],
    client: &Client<'_>,
    cluster_id: &str,
    rules: RuleSet,
    groups: Vec<Group<'m>>,
) -> Vec<Group<'m>> {
    if entries.is_empty() || !has_labels(client, cluster_id) {
        return groups;
    }
    let wanted = Wanted::new(entries, client, cluster_id, rules);
    let mut parts = Vec::with_capacity(groups.len());
    for group in groups {
        split(group, &wanted, &mut parts);
    }
    compact(&mut parts);
    parts
}

fn has_labels(client: &Client<'_>, cluster_id: &str) -> bool {
    const ADDED: [&str; 6] =
        [labels::REGION, labels::ZONE, labels::SUBZONE, labels::CLUSTER, labels::NETWORK, labels::HOSTNAME];
    !client.labels.is_empty() || ADDED.iter().any(|key| client.label(key, cluster_id).is_some())
}

/// The labels in order, each with the value that an endpoint must have; nothing and a missing label are alike.
struct Wanted<'a> {
    labels: Vec<(&'a str, &'a str)>,
    /// Another network moves an endpoint behind all of the client's, in the same order, and ends nothing.
    soft_network: bool,
}

impl<'a> Wanted<'a> {
    fn new(entries: &[&'a str], client: &'a Client<'_>, cluster_id: &'a str, rules: RuleSet) -> Self {
        // A value counts for each entry of its label; the last one wins.
        let fixed: HashMap<&str, &str> = entries.iter().filter_map(|entry| fixed_value(entry)).collect();
        let value = |name: &'a str| {
            let fixed = fixed.get(name).copied();
            fixed.or_else(|| client.label(name, cluster_id)).unwrap_or_default()
        };
        let name = |entry: &'a str| entry.split_once('=').map_or(entry, |(name, _)| name);
        Self {
            labels: entries.iter().map(|entry| (name(entry), value(name(entry)))).collect(),
            soft_network: entries[0] == labels::NETWORK && rules.has(Gate::SoftNetworkPriority),
        }
    }

    /// 0 for an endpoint that has them all.
    fn distance(&self, sent: &Sent<'_>) -> usize {
        let mut behind = 0;
        for (at, (name, value)) in self.labels.iter().enumerate() {
            if sent.label(name).unwrap_or_default() == *value {
                continue;
            }
            if at == 0 && self.soft_network {
                behind = self.labels.len();
                continue;
            }
            return self.labels.len() - at + behind;
        }
        behind
    }
}

/// Name and value of `label=value`; with two equals signs there is a name and no value.
fn fixed_value(entry: &str) -> Option<(&str, &str)> {
    entry.split_once('=').filter(|(_, value)| !value.contains('='))
}

/// Puts the parts of a group behind `parts`, nearest first; none of an empty group.
fn split<'m>(group: Group<'m>, wanted: &Wanted<'_>, parts: &mut Vec<Group<'m>>) {
    let start = parts.len();
    let Group { locality, endpoints, .. } = group;
    for sent in endpoints {
        let distance = u32::try_from(wanted.distance(&sent)).unwrap_or(u32::MAX);
        let at = start + parts[start..].partition_point(|part| part.priority < distance);
        if parts.get(at).is_none_or(|part| part.priority != distance) {
            let locality = locality.clone();
            parts.insert(at, Group { locality, priority: distance, weight: 0, endpoints: Vec::new() });
        }
        parts[at].weight = parts[at].weight.wrapping_add(sent.weight);
        parts[at].endpoints.push(sent);
    }
}

impl Sent<'_> {
    /// A label as `failoverPriority` reads it; a gateway has those of its cluster and network only
    /// (`istio: pilot/pkg/xds/endpoints/ep_filters.go`).
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        match &self.via {
            Via::Direct(endpoint) => endpoint.label(key),
            Via::Gateway { cluster_id, .. } if key == labels::CLUSTER => Some(&**cluster_id),
            Via::Gateway { network, .. } if key == labels::NETWORK => Some(network.as_str()),
            Via::Gateway { .. } => None,
        }
    }
}
