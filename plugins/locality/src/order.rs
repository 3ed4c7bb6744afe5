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
