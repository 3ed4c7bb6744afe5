//! How many percent of the requests each priority gets by its health, in integers
//! (`envoy: source/extensions/load_balancing_policies/common/load_balancer_impl.cc: recalculatePerPriorityState`).
//!
//! Whole percents by integer division are Envoy's own: a version in real numbers is wrong by a percent per priority,
//! and by whole priorities at the edges. Degraded hosts do not exist here, since istiod sends none.

use super::hosts::{Host, HostState, Locality, Priority};

/// `overprovisioning_factor`, percent. Envoy's default; istiod sends no other.
pub const OVERPROVISIONING: u64 = 140;

/// Hosts of a priority or a locality by what counts. Weights never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All, in every state.
    pub all: u64,
    /// Those left out of every percentage.
    pub excluded: u64,
    /// Those that may be picked.
    pub healthy: u64,
}

impl Counts {
    fn of<'a>(hosts: impl Iterator<Item = &'a Host>) -> Self {
        let mut counts = Self::default();
        for host in hosts {
            counts.all += 1;
            counts.excluded += u64::from(host.state == HostState::Excluded);
            counts.healthy += u64::from(host.state == HostState::Healthy);
        }
        counts
    }

    /// Hosts that percentages are taken of.
    #[must_use]
    pub const fn counted(&self) -> u64 {
        self.all - self.excluded
    }

    /// Health, 0 to 100: the healthy part, times the overprovisioning factor.
    #[must_use]
    pub fn health(&self) -> u32 {
        let percent = (OVERPROVISIONING * self.healthy).checked_div(self.counted()).unwrap_or(0);
        u32::try_from(percent).map_or(100, |percent| percent.min(100))
    }
}

impl From<&Priority> for Counts {
    fn from(priority: &Priority) -> Self {
        Self::of(priority.hosts())
    }
}

impl From<&Locality> for Counts {
    fn from(locality: &Locality) -> Self {
        Self::of(locality.hosts.iter())
    }
}

/// The health of all priorities together, capped at 100 (`envoy: calculateNormalizedTotalAvailability`).
pub(super) fn normalized(health: &[u32]) -> u32 {
    health.iter().sum::<u32>().min(100)
}

/// Load of each priority, percent, by its health. They add up to 100, or are all 0 when no priority has any health.
pub(super) fn loads(health: &[u32]) -> Vec<u32> {
    let total = normalized(health);
    let mut rest = 100;
    let mut loads: Vec<u32> = health
        .iter()
        .map(|own| {
            let load = (own * 100).checked_div(total).unwrap_or(0).min(rest);
            rest -= load;
            load
        })
        .collect();
    if let Some(first) = health.iter().position(|own| *own > 0) {
        loads[first] += rest;
    }
    loads
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Health and loads of priorities given as (healthy, all).
    fn spread(priorities: &[(u64, u64)]) -> (Vec<u32>, Vec<u32>) {
        let counts =
            priorities.iter().map(|(healthy, all)| Counts { all: *all, excluded: 0, healthy: *healthy });
        let health: Vec<u32> = counts.map(|counts| counts.health()).collect();
        let loads = loads(&health);
        (health, loads)
    }

    #[test]
    fn example_1_what_the_overprovisioning_does_not_cover_spills() {
        assert_eq!(spread(&[(3, 5), (4, 4)]), (vec![84, 100], vec![84, 16]));
        assert_eq!(spread(&[(6, 8), (4, 4)]).1, [100, 0]);
    }

    #[test]
    fn example_2_the_remainder_goes_to_the_first_priority_with_any_health() {
        assert_eq!(spread(&[(1, 6), (1, 3), (1, 7)]), (vec![23, 46, 20], vec![27, 51, 22]));
        assert_eq!(spread(&[(0, 6), (1, 3), (1, 7)]).1, [0, 70, 30]);
    }

    #[test]
    fn a_loss_of_two_sevenths_is_the_largest_that_spills_nothing() {
        for all in 1..=200 {
            let most = 2 * all / 7;
            assert_eq!(spread(&[(all - most, all), (1, 1)]).1, [100, 0], "{most} of {all}");
            assert_ne!(spread(&[(all - most - 1, all), (1, 1)]).1[0], 100, "{} of {all}", most + 1);
        }
    }

    #[test]
    fn excluded_hosts_are_in_no_percentage() {
        let counts = Counts { all: 10, excluded: 9, healthy: 1 };
        assert_eq!(counts.health(), 100);
        assert_eq!(Counts { all: 9, excluded: 9, healthy: 0 }.health(), 0);
    }

    proptest! {
        #[test]
        fn loads_add_up_to_100_or_are_0(health in prop::collection::vec(0..=100_u32, 0..6)) {
            let loads = loads(&health);
            let expected = if normalized(&health) == 0 { 0 } else { 100 };
            prop_assert_eq!(loads.iter().sum::<u32>(), expected);
            for (load, health) in loads.iter().zip(&health) {
                prop_assert!(*health > 0 || *load == 0);
            }
        }

        #[test]
        fn a_priority_behind_full_health_gets_nothing(
            before in prop::collection::vec(0..=100_u32, 0..4),
            behind in prop::collection::vec(0..=100_u32, 0..4),
        ) {
            let health: Vec<u32> = before.iter().copied().chain([100]).chain(behind).collect();
            prop_assert!(loads(&health)[before.len() + 1..].iter().all(|load| *load == 0));
        }
    }
}
