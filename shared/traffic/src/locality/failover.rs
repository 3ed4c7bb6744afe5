//! Priorities by region, zone and subzone (`istio: loadbalancer.go: applyLocalityFailover,
//! applyZoneAwareRegionalFailover`; `istio: pilot/pkg/networking/util/util.go: LbPriority`).
//!
//! What a group has already counts first, so that labels and regions combine.

use mesh_model::Locality;
use mesh_model::row::Failover;

use super::compact;
use crate::Group;

/// Ranks of [`by_locality`].
const LOCALITY_RANKS: u32 = 5;
/// Ranks of [`by_region`].
const REGION_RANKS: u32 = 3;

/// Same subzone, zone, region; then the region that `failover` names; then the others.
pub(super) fn by_locality(failover: &[Failover], client: &Locality, groups: &mut [Group<'_>]) {
    let next = next_region(failover, client);
    for group in &mut *groups {
        group.priority = group.priority * LOCALITY_RANKS + locality_rank(next, client, &group.locality);
    }
    compact(groups);
}

/// Same region; then the region that `failover` names; then the others. Zones are Envoy's business.
pub(super) fn by_region(failover: &[Failover], client: &Locality, groups: &mut [Group<'_>]) {
    let next = next_region(failover, client);
    for group in &mut *groups {
        let rank = match &group.locality.region {
            region if *region == client.region => 0,
            region if next.is_some_and(|next| next.to == *region) => 1,
            _ => 2,
        };
        group.priority = group.priority * REGION_RANKS + rank;
    }
    compact(groups);
}

fn locality_rank(next: Option<&Failover>, client: &Locality, group: &Locality) -> u32 {
    if group.region != client.region {
        return if next.is_none_or(|next| next.to == group.region) { 3 } else { 4 };
    }
    match (group.zone == client.zone, group.subzone == client.subzone) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    }
}

/// The first entry for the client's region; any other for it is dead.
fn next_region<'a>(failover: &'a [Failover], client: &Locality) -> Option<&'a Failover> {
    failover.iter().find(|entry| entry.from == client.region)
}
