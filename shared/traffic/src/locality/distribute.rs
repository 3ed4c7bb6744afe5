//! Weights by `distribute` (`istio: loadbalancer.go: applyLocalityWeights`).

use mesh_model::Locality;
use mesh_model::row::Distribute;

use super::Outcome;
use crate::Group;

/// Gives the groups the weights of the first entry for the client, and empties those it does not list. Without an
/// entry for the client nothing changes. Where two patterns of an entry cover a group, the first as text takes it;
/// istiod takes any.
pub(super) fn apply(distribute: &[Distribute], client: &Locality, outcome: &mut Outcome<'_>) {
    let Some(at) = distribute.iter().position(|entry| covers(&entry.from, client)) else { return };
    let groups = &mut outcome.groups;
    let mut unclaimed: Vec<usize> = (0..groups.len()).collect();
    for (pattern, weight) in &distribute[at].to {
        let mut claimed = Vec::new();
        unclaimed.retain(|group| {
            let claims = covers(pattern, &groups[*group].locality);
            if claims {
                claimed.push(*group);
            }
            !claims
        });
        share(*weight, &claimed, groups);
    }
    for group in unclaimed {
        outcome.emptied.append(&mut groups[group].endpoints);
    }
    outcome.entry = Some(at);
}

/// Shares a weight among groups by their own weights, in Go's arithmetic: products and sums of 32 bits, then a
/// quotient of 64-bit floats, rounded up. A quotient that is no number leaves the weight.
fn share(weight: u32, claimed: &[usize], groups: &mut [Group<'_>]) {
    // A group that the filter of networks emptied has no weight, and counts as 1.
    let counted = |group: &Group<'_>| if group.endpoints.is_empty() { 1 } else { group.weight };
    let total = claimed.iter().fold(0_u32, |sum, group| sum.wrapping_add(counted(&groups[*group])));
    for group in claimed {
        let group = &mut groups[*group];
        let share = f64::from(counted(group).wrapping_mul(weight)) / f64::from(total);
        if share > 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive; saturates where the total wrapped around"
            )]
            {
                group.weight = share.ceil() as u32;
            }
        }
    }
}

/// A pattern covers a locality: `*` is any part, a missing zone or subzone too; parts beyond the third do not count
/// (`istio: pilot/pkg/networking/util/util.go: LocalityMatch`).
fn covers(pattern: &str, locality: &Locality) -> bool {
    let mut parts = pattern.split('/');
    let (region, zone, subzone) = (parts.next(), parts.next(), parts.next());
    let is_any_or =
        |part: Option<&str>, own: &str| part.is_none_or(|part| part.is_empty() || part == "*" || part == own);
    region.is_some_and(|region| region == "*" || region == locality.region.as_str())
        && is_any_or(zone, &locality.zone)
        && is_any_or(subzone, &locality.subzone)
}
