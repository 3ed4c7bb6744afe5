//! The worked examples of `docs/envoy.md`, as far as Envoy can show them: first one of each, then what varies them.

use mesh_traffic::Health::Healthy;
use mesh_traffic::HostPolicy::{LeastRequest, Maglev, Random, RingHash};

use crate::scenario::{Failure, Scenario};

/// All examples.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut all = firsts();
    all.extend(variants());
    all.extend(refinements());
    all
}

/// One scenario of each of the twelve.
fn firsts() -> Vec<Scenario> {
    let new = Scenario::new;
    vec![
        new("1 spill: P0 3/5, P1 4/4").tier(0, "a", 1, 3, 5).tier(1, "b", 1, 4, 4),
        new("2 remainder: P0 1/6, P1 1/3, P2 1/7")
            .tier(0, "a", 1, 1, 6)
            .tier(1, "b", 1, 1, 3)
            .tier(2, "c", 1, 1, 7),
        new("3 total panic: P0 1/10, P1 1/3, T 50")
            .panic(Some(50))
            .tier(0, "a", 1, 1, 10)
            .tier(1, "b", 1, 1, 3),
        new("4 locality weights: 2/5 weight 3, 2/2 weight 1")
            .locality_weights()
            .tier(0, "a", 3, 2, 5)
            .tier(0, "b", 1, 2, 2),
        new("5 least request under load: weights 1 and 9, 64 in flight")
            .policy(LeastRequest)
            .in_flight(64)
            .group(0, "a", 1, &[(1, Healthy), (9, Healthy)]),
        new("6 random: P0 7/10, P1 4/4").policy(Random).tier(0, "a", 1, 7, 10).tier(1, "b", 1, 4, 4),
        new("7 limit: 12 hosts, all dead, M 30")
            .ejection(30)
            .tier(0, "a", 1, 12, 12)
            .dead(1..=12, Failure::Refuses),
        region_loss("8 region loss: 6 of 12, M 25", 6, 6, 25),
        new("9 failover tiers: a/z1/s2, a/z2, b, c")
            .tier(0, "a/z1/s2", 1, 1, 5)
            .tier(1, "a/z2", 1, 1, 5)
            .tier(2, "b", 1, 1, 5)
            .tier(3, "c", 1, 1, 5),
        new("10 network first: next zone, other region, gateway")
            .policy(LeastRequest)
            .tier(0, "a/z2", 1, 1, 4)
            .tier(1, "b", 1, 1, 4)
            .group(2, "c", 4, &[(4, Healthy)]),
        new("11 distribute: 24, 47, 30")
            .policy(LeastRequest)
            .locality_weights()
            .tier(0, "a/z1", 24, 1, 1)
            .tier(0, "a/z2", 47, 2, 2)
            .tier(0, "b", 30, 5, 5),
        new("12 gateways: pods 2 x 6, gateways 2 x 12 and 3 x 2")
            .policy(LeastRequest)
            .group(0, "a", 12, &[(6, Healthy); 2])
            .group(0, "b", 24, &[(12, Healthy); 2])
            .group(0, "c", 6, &[(2, Healthy); 3]),
    ]
}

/// The other numbers of the examples.
fn variants() -> Vec<Scenario> {
    let new = Scenario::new;
    vec![
        new("1 no spill: P0 6/8, P1 4/4").tier(0, "a", 1, 6, 8).tier(1, "b", 1, 4, 4),
        new("3 no panic: P0 1/10, P1 1/3, T 0").tier(0, "a", 1, 1, 10).tier(1, "b", 1, 1, 3),
        new("4 without locality weights").tier(0, "a", 3, 2, 5).tier(0, "b", 1, 2, 2),
        new("5 least request idle: weights 1 and 9").policy(LeastRequest).group(
            0,
            "a",
            1,
            &[(1, Healthy), (9, Healthy)],
        ),
        new("7 limit: 6 hosts, all dead, M 10")
            .ejection(10)
            .tier(0, "a", 1, 6, 6)
            .dead(1..=6, Failure::Unavailable),
        new("7 limit: 3 hosts, all dead, M 50")
            .ejection(50)
            .tier(0, "a", 1, 3, 3)
            .dead(1..=3, Failure::Refuses),
        region_loss("8 region loss: 6 of 12, M 10", 6, 6, 10),
        region_loss("8 region loss: 6 of 12, M 50", 6, 6, 50),
        region_loss("8 region loss: 3 of 4, M 74", 3, 1, 74),
        region_loss("8 region loss: 3 of 4, M 75", 3, 1, 75),
    ]
}

/// What the text beside the examples claims.
fn refinements() -> Vec<Scenario> {
    let new = Scenario::new;
    vec![
        new("an address in two groups counts where it is listed first")
            .locality_weights()
            .tier(1, "a", 1, 2, 2)
            .tier(0, "b", 3, 1, 2)
            .again(1, 5)
            .again(3, 7),
        new("maglev keeps the weight of a half-dead locality")
            .policy(Maglev)
            .locality_weights()
            .tier(0, "a", 3, 1, 5)
            .tier(0, "b", 1, 2, 2),
        new("maglev keeps weights of localities in panic")
            .policy(Maglev)
            .locality_weights()
            .panic(Some(90))
            .tier(0, "a", 3, 1, 5)
            .tier(0, "b", 1, 2, 4),
        new("a ring gives each priority its load")
            .policy(RingHash)
            .tier(0, "a", 1, 2, 5)
            .tier(1, "b", 1, 2, 5),
        new("localities without any weight are one")
            .locality_weights()
            .tier(0, "a", 0, 1, 1)
            .tier(0, "b", 0, 3, 3),
        new("a table without any weight is empty").policy(Maglev).locality_weights().tier(0, "a", 0, 1, 1),
        new("all unhealthy, no panic: nobody").tier(0, "a", 1, 0, 2).tier(1, "b", 1, 0, 2),
        new("Envoy's own panic threshold").panic(None).tier(0, "a", 1, 1, 4),
        new("a dead tier is still sent to before ejection")
            .policy(LeastRequest)
            .tier(0, "a", 1, 3, 3)
            .tier(1, "b", 1, 1, 1)
            .dead(1..=3, Failure::Refuses),
        new("a dead tier uses the limit up before the dead one behind it")
            .ejection(50)
            .tier(0, "a", 1, 6, 6)
            .tier(1, "b", 1, 1, 1)
            .tier(2, "c", 1, 3, 3)
            .dead(1..=7, Failure::Refuses),
        new("ejected hosts get requests again in panic")
            .ejection(100)
            .panic(Some(50))
            .tier(0, "a", 1, 4, 4)
            .dead(2..=4, Failure::Unavailable),
    ]
}

/// All of the first priority dead, the second one alive.
fn region_loss(name: &str, local: usize, remote: usize, percent: u32) -> Scenario {
    Scenario::new(name)
        .policy(LeastRequest)
        .ejection(percent)
        .tier(0, "a", 1, local, local)
        .tier(1, "b", 1, remote, remote)
        .dead(1..=local, Failure::Refuses)
}
