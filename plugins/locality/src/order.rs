//! The order in which a client uses localities, in a few words.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::Locality;
use mesh_traffic::envoy::Split;
use mesh_traffic::{Assignment, Client, LocalityMode, Via};

/// The tiers, nearest first, as `west-a > west-b > east`; shares where weights decide; the one tier in words where
/// nothing does.
pub(crate) fn order(
    assignment: &Assignment<'_>,
    split: &Split,
    mode: LocalityMode,
    client: &Client<'_>,
) -> String {
    let endpoints = endpoints(assignment);
    if endpoints == 0 {
        return "no endpoint".to_owned();
    }
    match mode {
        LocalityMode::Distribute => shares(assignment, split, client),
        LocalityMode::None | LocalityMode::Inert => {
            let places: BTreeSet<_> = used(assignment).map(|(_, place)| place).collect();
            match places.len() {
                1 => "one locality".to_owned(),
                many => format!("{endpoints} endpoints in {many} localities by weight"),
            }
        }
        _ => tiers(assignment, client).join(" > "),
    }
}

/// Groups with endpoints: priority and locality.
fn used<'a>(assignment: &'a Assignment<'_>) -> impl Iterator<Item = (u32, &'a Locality)> {
    let groups = assignment.groups.iter().filter(|group| !group.endpoints.is_empty());
    groups.map(|group| (group.priority, &group.locality))
}

/// Endpoints that are reached. The addresses of a gateway lead to the same ones.
fn endpoints(assignment: &Assignment<'_>) -> usize {
    let mut count = 0;
    for group in &assignment.groups {
        let mut behind: Option<usize> = None;
        for sent in &group.endpoints {
            match &sent.via {
                Via::Direct(_) => count += 1,
                Via::Gateway { behind: endpoints, .. } => behind = behind.max(Some(endpoints.len())),
            }
        }
        count += behind.unwrap_or_default();
    }
    count
}

fn tiers(assignment: &Assignment<'_>, client: &Client<'_>) -> Vec<String> {
    let mut tiers: BTreeMap<u32, Vec<&Locality>> = BTreeMap::new();
    for (priority, place) in used(assignment) {
        tiers.entry(priority).or_default().push(place);
    }
    let priorities_of = |region: &str| {
        let of_region = used(assignment).filter(|(_, place)| place.region == *region);
        of_region.map(|(priority, _)| priority).collect::<BTreeSet<_>>().len()
    };
    let name = |place: &&Locality| {
        let whole = place.region != client.locality.region && priorities_of(&place.region) == 1;
        if whole { named(&place.region) } else { nearest(place, client) }
    };
    tiers
        .into_values()
        .map(|places| {
            let names: BTreeSet<String> = places.iter().map(name).collect();
            names.into_iter().collect::<Vec<_>>().join(",")
        })
        .collect()
}

/// The part of a locality that tells it from others: the region elsewhere, else zone and subzone.
fn nearest(place: &Locality, client: &Client<'_>) -> String {
    if place.zone.is_empty() {
        return named(&place.region);
    }
    let zone = if place.subzone.is_empty() {
        place.zone.to_string()
    } else {
        format!("{}/{}", place.zone, place.subzone)
    };
    if place.region == client.locality.region { zone } else { format!("{}/{zone}", place.region) }
}

fn named(region: &str) -> String {
    if region.is_empty() { "no region".to_owned() } else { region.to_owned() }
}

fn shares(assignment: &Assignment<'_>, split: &Split, client: &Client<'_>) -> String {
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for own in split.priorities.iter().flat_map(|tier| &tier.localities) {
        let group = &assignment.groups[own.group];
        // An address that was listed before is no host, and a group of such has no share.
        if !own.hosts.is_empty() {
            *shares.entry(nearest(&group.locality, client)).or_default() += own.share;
        }
    }
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by(|(a, more), (b, less)| less.total_cmp(more).then_with(|| a.cmp(b)));
    let text = |(place, share): &(String, f64)| format!("{place} {:.0}%", share * 100.0);
    shares.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use mesh_model::Network;
    use mesh_traffic::{Cause, Families, Group, Health, Role, Sent};

    use super::*;

    fn place(text: &str) -> Locality {
        let mut parts = text.split('/');
        let mut part = || parts.next().unwrap_or_default();
        Locality { region: part().into(), zone: part().into(), subzone: part().into() }
    }

    fn group(text: &str, priority: u32) -> Group<'static> {
        let via = Via::Gateway {
            network: Network::default(),
            cluster_id: "".into(),
            cause: Cause::Default("test"),
            behind: Vec::new(),
        };
        let sent = Sent { address: text.into(), port: 80, weight: 1, health: Health::Healthy, via };
        Group { locality: place(text), priority, weight: 1, endpoints: vec![sent] }
    }

    fn client() -> Client<'static> {
        Client {
            cluster: 0,
            namespace: "shop".into(),
            labels: mesh_model::Labels::default(),
            locality: place("eu-west/eu-west-a"),
            network: Network::default(),
            network_label: Network::default(),
            network_view: None,
            node: "".into(),
            families: Families::default(),
            role: Role::Sidecar,
            pod: None,
        }
    }

    fn tiers_of(groups: Vec<Group<'static>>) -> String {
        let assignment =
            Assignment { name: String::new(), groups, excluded: Vec::new(), scale: 1, unknown: Vec::new() };
        tiers(&assignment, &client()).join(" > ")
    }

    #[test]
    fn zones_are_told_at_home_and_regions_elsewhere() {
        let groups = vec![
            group("eu-west/eu-west-a", 0),
            group("eu-west/eu-west-b", 1),
            group("eu-east/eu-east-a", 2),
            group("eu-east/eu-east-b", 2),
            group("us/us-a", 3),
        ];
        assert_eq!(tiers_of(groups), "eu-west-a > eu-west-b > eu-east > us");
    }

    #[test]
    fn a_region_that_is_split_over_tiers_is_told_by_its_zones() {
        let groups = vec![group("eu-east/eu-east-a", 0), group("eu-east/eu-east-b", 1), group("", 1)];
        assert_eq!(tiers_of(groups), "eu-east/eu-east-a > eu-east/eu-east-b,no region");
    }
}
