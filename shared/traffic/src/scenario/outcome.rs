//! One service through a loss, over all its clients: who answers how much, before, at the loss, settled.

use std::collections::BTreeMap;

use crate::{RuleSet, Traffic};

use super::asked::Asked;
use super::callers::{Caller, Callers, callers};
use super::course::{Course, Stages};
use super::gone::Gone;
use super::loss::{Lost, Mode};
use super::shares::{Destination, Ledger, Shares};

/// What is asked of a service.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What is lost.
    pub lost: Lost,
    /// How it shows.
    pub mode: Mode,
    /// Which clients count.
    pub callers: Callers,
    /// Calls of clients that are lost come from the others instead.
    pub shift: bool,
    /// Rules to take instead of those of each istiod's version.
    pub rules: Option<RuleSet>,
}

/// A port of a service through a loss.
#[derive(Clone, Debug)]
pub struct Outcome<'m> {
    /// The clients that count, with what each sees.
    pub courses: Vec<(Caller<'m>, Course<'m>)>,
    /// Who is called, in order.
    pub destinations: BTreeMap<Destination, Shares>,
    /// Part of the calls that is answered at each moment, 0 to 1.
    pub served: [f64; 3],
    /// Part of the calls that finds no host at each moment, 0 to 1.
    pub no_host: [f64; 3],
    /// Callers pick the pod themselves, by its address: nothing is told of shares.
    pub picks_itself: bool,
    /// How many endpoints the port has in all clusters, whoever is given them.
    pub endpoints: usize,
    /// How many of them are lost.
    pub lost_endpoints: usize,
}

/// The outcome for one port; `None` where no cluster knows the host or the port.
#[must_use]
pub fn outcome<'m>(traffic: &Traffic<'m>, host: &str, port: u16, scenario: &Scenario) -> Option<Outcome<'m>> {
    let asked = Asked::new(traffic, host, port, scenario);
    let everyone = callers(&asked);
    if everyone.is_empty() {
        return None;
    }
    let sum = |counts: &dyn Fn(&Caller<'_>) -> bool| -> f64 {
        everyone.iter().filter(|caller| counts(caller)).map(|caller| caller.demand).sum()
    };
    let counted = sum(&|caller| scenario.callers.count(caller, &asked));
    let alive = sum(&|caller| !caller.is_lost);
    let stages = Stages::new(&asked);
    let mut ledger = Ledger::new(traffic.mesh(), stages.three());
    let mut found = Outcome::of_nobody(&asked.gone);
    for caller in everyone {
        let view = &asked.views[caller.client.cluster];
        let Some(service) = asked.service(view) else { continue };
        let course = stages.course(view, &caller.client, &service, &asked);
        let later = match (caller.is_lost, scenario.shift) {
            (true, _) => 0.0,
            (false, true) => caller.demand / alive,
            (false, false) => caller.demand,
        };
        ledger.add_load(&course, [caller.demand, later]);
        if scenario.callers.count(&caller, &asked) {
            let weight = caller.demand / counted;
            ledger.add_shares(&course, weight);
            found.add(&course, weight);
            found.courses.push((caller, course));
        }
    }
    found.destinations = ledger.close();
    found.picks_itself =
        !found.courses.is_empty() && found.courses.iter().all(|(_, course)| course.before.picks_itself());
    Some(found)
}

impl<'m> Outcome<'m> {
    fn of_nobody(gone: &Gone<'m>) -> Self {
        Self {
            courses: Vec::new(),
            destinations: BTreeMap::new(),
            served: [0.0; 3],
            no_host: [0.0; 3],
            picks_itself: false,
            endpoints: gone.known,
            lost_endpoints: gone.len(),
        }
    }

    fn add(&mut self, course: &Course<'m>, weight: f64) {
        for (moment, at) in course.moments().into_iter().zip(0..) {
            self.served[at] += weight * moment.served();
            self.no_host[at] += weight * moment.split.no_host;
        }
    }
}

impl<'m> Course<'m> {
    /// The three moments, in order.
    #[must_use]
    pub fn moments(&self) -> [&super::Moment<'m>; 3] {
        [&self.before, &self.at_loss, &self.settled]
    }
}
