//! Panic: when too few hosts are healthy, Envoy sends to all of them
//! (`envoy: load_balancer_impl.cc: recalculatePerPriorityPanic, recalculateLoadInTotalPanic`).

use super::priority::{self, Counts};

/// What each priority gets, and whether it takes all its hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tiers {
    /// Health, percent.
    pub health: Vec<u32>,
    /// Load, percent. They add up to 100 where there is a priority.
    pub load: Vec<u32>,
    /// In panic: all hosts are candidates.
    pub panic: Vec<bool>,
}

/// Loads of priorities under a panic threshold in percent, 0 for no panic.
pub(super) fn tiers(counts: &[Counts], threshold: u32) -> Tiers {
    let health: Vec<u32> = counts.iter().map(Counts::health).collect();
    let mut load = priority::loads(&health);
    let total = priority::normalized(&health);
    if counts.is_empty() {
        return Tiers::default();
    }
    if threshold == 0 && total == 0 {
        // The load must be somewhere. Priority 0 then finds its healthy hosts, of which there are none or too few to
        // make one percent.
        load[0] = 100;
        return Tiers { panic: vec![false; health.len()], health, load };
    }
    let panic: Vec<bool> = counts.iter().map(|own| total < 100 && is_below(own, threshold)).collect();
    if panic.iter().all(|own| *own) {
        load = by_count(counts);
    }
    Tiers { health, load, panic }
}

/// Fewer healthy hosts than the threshold asks for; a priority without hosts has 0 %.
fn is_below(counts: &Counts, threshold: u32) -> bool {
    let threshold = u64::from(threshold.min(100));
    if counts.counted() == 0 { threshold > 0 } else { 100 * counts.healthy < threshold * counts.counted() }
}

/// In total panic the load follows the number of hosts, in whole percents; the first with hosts gets the remainder.
fn by_count(counts: &[Counts]) -> Vec<u32> {
    let all: u64 = counts.iter().map(|own| own.all).sum();
    let percent = |own: &Counts| {
        u32::try_from((100 * own.all).checked_div(all).unwrap_or(0)).expect("a part is at most 100 %")
    };
    let mut loads: Vec<u32> = counts.iter().map(percent).collect();
    let first = counts.iter().position(|own| own.all > 0).unwrap_or(0);
    loads[first] += 100 - loads.iter().sum::<u32>();
    loads
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(priorities: &[(u64, u64)], threshold: u32) -> Tiers {
        let counts =
            priorities.iter().map(|(healthy, all)| Counts { all: *all, excluded: 0, healthy: *healthy });
        tiers(&counts.collect::<Vec<_>>(), threshold)
    }

    #[test]
    fn example_3_total_panic_spreads_by_the_number_of_hosts() {
        let calm = of(&[(1, 10), (1, 3)], 0);
        assert_eq!((calm.health, calm.load, calm.panic), (vec![14, 46], vec![24, 76], vec![false, false]));
        let panic = of(&[(1, 10), (1, 3)], 50);
        assert_eq!((panic.load, panic.panic), (vec![77, 23], vec![true, true]));
    }

    #[test]
    fn there_is_no_panic_while_the_priorities_together_have_full_health() {
        let tiers = of(&[(1, 10), (10, 10)], 50);
        assert_eq!((tiers.load, tiers.panic), (vec![14, 86], vec![false, false]));
    }

    #[test]
    fn one_priority_in_panic_keeps_the_load_it_has_by_health() {
        let tiers = of(&[(1, 10), (3, 5)], 50);
        assert_eq!((tiers.health, tiers.load, tiers.panic), (vec![14, 84], vec![15, 85], vec![true, false]));
    }

    #[test]
    fn without_panic_and_health_the_load_stays_at_the_first_priority() {
        let tiers = of(&[(0, 3), (0, 4)], 0);
        assert_eq!((tiers.load, tiers.panic), (vec![100, 0], vec![false, false]));
        assert_eq!(of(&[], 50), Tiers::default());
    }

    #[test]
    fn an_empty_priority_is_in_panic_and_gets_nothing_of_it() {
        let tiers = of(&[(0, 0), (0, 4)], 1);
        assert_eq!((tiers.load, tiers.panic), (vec![0, 100], vec![true, true]));
        assert_eq!(of(&[(0, 0), (0, 0)], 1).load, [100, 0]);
    }

    proptest! {
        #[test]
        fn loads_add_up_to_100(
            priorities in prop::collection::vec((0..9_u64, 0..9_u64), 1..5),
            threshold in 0..=100_u32,
        ) {
            let priorities: Vec<_> = priorities.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
            let tiers = of(&priorities, threshold);
            prop_assert_eq!(tiers.load.iter().sum::<u32>(), 100);
            prop_assert!(threshold > 0 || tiers.panic.iter().all(|panic| !panic));
        }
    }
}
