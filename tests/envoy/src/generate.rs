//! Scenarios by chance, from a fixed seed: the same number gives the same scenario.

use fastrand::Rng;
use mesh_traffic::envoy::{self, LbConfig};
use mesh_traffic::{Health, HostPolicy};

use crate::scenario::{Failure, Scenario};

const SEED: u64 = 20_260_401;

/// The scenario of a number: the first by chance that spreads requests over several hosts.
#[must_use]
pub fn scenario(number: u64) -> Scenario {
    let mut rng = Rng::with_seed(SEED + number);
    loop {
        let mut scenario = any(&mut rng);
        if spreads(&scenario) {
            scenario.name = describe(number, &scenario);
            return scenario;
        }
    }
}

/// Of many hosts by chance, often one or none gets everything, and little is proved by that.
fn spreads(scenario: &Scenario) -> bool {
    let split = envoy::split(&envoy::hosts(&scenario.assignment), &LbConfig::from(&scenario.settings));
    split.iter().filter(|(_, host)| host.share > 0.0).count() > 1
}

fn any(rng: &mut Rng) -> Scenario {
    let policy = policy(rng);
    let panic = *choice(rng, &[None, Some(0), Some(0), Some(0), Some(34), Some(50), Some(80)]);
    // Which host `RANDOM` can meet depends on who went before, so the end is chance too.
    let ejects = policy != HostPolicy::Random && rng.u8(0..3) == 0;
    let mut scenario = Scenario::new(String::new()).policy(policy).panic(panic);
    if rng.bool() {
        scenario = scenario.locality_weights();
    }
    let mut first_tier = 0;
    for priority in 0..rng.u32(1..=3) {
        scenario = tier(rng, scenario, priority, ejects);
        if priority == 0 {
            first_tier = scenario.addresses().len();
        }
    }
    if ejects && first_tier > 0 { loss(rng, scenario, first_tier) } else { scenario }
}

/// One to three localities of one priority; some list an address that is known already.
fn tier(rng: &mut Rng, mut scenario: Scenario, priority: u32, ejects: bool) -> Scenario {
    let healthy = *choice(rng, &[1.0, 0.7, 0.5, 0.4, 0.0]);
    let equal = rng.bool();
    for locality in 0..rng.u32(1..=3) {
        let mut host = || {
            let health = match rng.f64() {
                part if part < 0.05 && !ejects => Health::Draining,
                _ if rng.f64() < healthy => Health::Healthy,
                _ => Health::Unhealthy,
            };
            (if equal { 1 } else { rng.u32(1..=6) }, health)
        };
        let hosts: Vec<_> = (0..4).map(|_| host()).collect();
        let count = rng.usize(0..=4);
        let weight = *choice(rng, &[0, 1, 1, 2, 3, 5]);
        scenario = scenario.group(priority, &format!("r{priority}/z{locality}"), weight, &hosts[..count]);
        let known = scenario.addresses().len();
        if known > 0 && rng.u8(0..4) == 0 {
            scenario = scenario.again(rng.usize(1..=known), rng.u32(1..=3));
        }
    }
    scenario
}

/// Some or all hosts of the first priority die, as when a zone or a region is lost.
fn loss(rng: &mut Rng, scenario: Scenario, hosts: usize) -> Scenario {
    let percent = *choice(rng, &[10, 25, 34, 50, 67, 100]);
    let failure = if rng.bool() { Failure::Refuses } else { Failure::Unavailable };
    let dead = if rng.bool() { hosts } else { hosts.div_ceil(2) };
    scenario.ejection(percent).dead(1..=dead, failure)
}

fn policy(rng: &mut Rng) -> HostPolicy {
    let policies = [
        HostPolicy::LeastRequest,
        HostPolicy::LeastRequest,
        HostPolicy::LeastRequest,
        HostPolicy::RoundRobin,
        HostPolicy::RoundRobin,
        HostPolicy::RoundRobin,
        HostPolicy::Random,
        HostPolicy::Random,
        HostPolicy::Maglev,
        HostPolicy::RingHash,
    ];
    *choice(rng, &policies)
}

fn choice<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}

fn describe(number: u64, scenario: &Scenario) -> String {
    let settings = &scenario.settings;
    let weights = if settings.locality_weights.value { ", locality weights" } else { "" };
    let panic = match settings.panic_threshold {
        None => ", T unset".to_owned(),
        Some(0) => String::new(),
        Some(percent) => format!(", T {percent}"),
    };
    let ejection = settings
        .outlier
        .value
        .as_ref()
        .map(|outlier| format!(", M {}, {} dead", outlier.ejection_percent(), scenario.dead.len()));
    format!("generated {number}: {:?}{weights}{panic}{}", settings.policy.value, ejection.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_one_scenario() {
        assert_eq!(format!("{:?}", scenario(7)), format!("{:?}", scenario(7)));
        assert_ne!(format!("{:?}", scenario(7)), format!("{:?}", scenario(8)));
    }

    #[test]
    fn fifty_scenarios_have_of_everything() {
        let some = |what: fn(&Scenario) -> bool| (1..=50).filter(|number| what(&scenario(*number))).count();
        assert!(some(|one| one.settings.locality_weights.value) > 9);
        assert!(some(|one| one.settings.outlier.value.is_some()) > 4);
        assert!(some(|one| one.settings.policy.value == HostPolicy::Random) > 4);
        assert!(some(|one| one.settings.panic_threshold != Some(0)) > 9);
        assert!(some(|one| one.assignment.groups.iter().any(|group| group.priority > 1)) > 4);
        assert!(some(|one| !envoy::hosts(&one.assignment).duplicates.is_empty()) > 9);
    }
}
