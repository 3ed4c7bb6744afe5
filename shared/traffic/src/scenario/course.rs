//! The course of one client's traffic through a loss: before, at the loss, settled.

use std::collections::BTreeSet;

use crate::envoy::{self, HostAt, HostSet, LbConfig, Split};
use crate::predict::Way;
use crate::{Assignment, Client, Discovery, Prediction, Sent, Service, View};

use super::asked::Asked;
use super::loss::Mode;
use super::stage::{Stage, Step};

/// Three moments of a loss.
#[derive(Clone, Debug)]
pub struct Course<'m> {
    /// Nothing is lost.
    pub before: Moment<'m>,
    /// It is lost, and nobody has noticed.
    pub at_loss: Moment<'m>,
    /// Everybody has done what they can.
    pub settled: Moment<'m>,
}

/// Where calls go at one moment.
#[derive(Clone, Debug)]
pub struct Moment<'m> {
    /// What istiod had sent, and the settings in force.
    pub prediction: Prediction<'m>,
    /// The hosts, with their state.
    pub hosts: HostSet,
    /// Shares of priorities, localities and hosts.
    pub split: Split,
    /// Of each host, what part of its calls is answered, 0 to 1; sorted by place.
    pub answered: Vec<(HostAt, f64)>,
    /// Hosts that answer nothing.
    pub dead: Vec<HostAt>,
    /// What outlier detection does about them.
    pub ejection: EjectionOf,
}

/// What outlier detection takes out at one moment, and what would be needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EjectionOf {
    /// Hosts that it took out, in the order in which they went.
    pub ejected: Vec<HostAt>,
    /// How many it may take out of all hosts of the Envoy cluster; 0 without it.
    pub most: usize,
    /// How many must go until no call reaches a dead host; 0 where none does.
    pub needed: usize,
    /// Smallest `maxEjectionPercent` that lets them go.
    pub least_percent: u32,
}

/// The stages of a loss that one mode shows.
pub(super) struct Stages<'q, 'm> {
    before: Stage<'q, 'm>,
    after: Option<(Option<Stage<'q, 'm>>, Stage<'q, 'm>)>,
}

impl<'q, 'm> Stages<'q, 'm> {
    pub(super) fn new(asked: &'q Asked<'q, 'm>) -> Self {
        let stage = |step| Stage::new(asked, step);
        let after = match asked.mode {
            Mode::Stale => None,
            // What drains answers until everybody has heard of it.
            Mode::Drain => Some((None, stage(Step::Drained))),
            Mode::Unreachable => Some((Some(stage(Step::AtLoss)), stage(Step::Noticed))),
        };
        Self { before: stage(Step::Before), after }
    }

    /// The stages of the three moments.
    pub(super) fn three(&self) -> [&Stage<'q, 'm>; 3] {
        match &self.after {
            None => [&self.before; 3],
            Some((at_loss, settled)) => [&self.before, at_loss.as_ref().unwrap_or(&self.before), settled],
        }
    }

    /// The course of one client.
    pub(super) fn course(
        &self,
        view: &View<'_, 'm>,
        client: &Client<'m>,
        service: &Service<'m>,
        asked: &Asked<'_, 'm>,
    ) -> Course<'m> {
        let sent = |stage: &Stage<'q, 'm>| {
            view.predict_with(client, service, asked.port, None, Way::Outbound, &|endpoint| {
                stage.reading(endpoint)
            })
        };
        let moment = |stage: &Stage<'q, 'm>, prediction| {
            Moment::new(prediction, stage.is_settled(), &|sent| stage.answered(sent))
        };
        let prediction = sent(&self.before);
        let before = moment(&self.before, prediction.clone());
        match &self.after {
            None => Course { at_loss: before.clone(), settled: before.clone(), before },
            Some((None, settled)) => {
                let settled = moment(settled, sent(settled));
                Course { at_loss: before.clone(), settled, before }
            }
            Some((Some(at_loss), settled)) => Course {
                at_loss: moment(at_loss, prediction.clone()),
                settled: moment(settled, prediction),
                before,
            },
        }
    }
}

impl<'m> Moment<'m> {
    /// The moment at which istiod had sent `prediction`, and `answers` says what part of the calls to each address is
    /// answered. Outlier detection has acted where the moment is settled.
    pub(super) fn new(
        prediction: Prediction<'m>,
        is_settled: bool,
        answers: &dyn Fn(&Sent<'m>) -> f64,
    ) -> Self {
        let config = LbConfig::from(&prediction.settings);
        let hosts = envoy::hosts(&prediction.assignment);
        let part = |at| sent(&prediction.assignment, &hosts, at).map_or(0.0, answers);
        let answered: Vec<(HostAt, f64)> = hosts.iter().map(|(at, _)| (at, part(at))).collect();
        let dead: BTreeSet<HostAt> =
            answered.iter().filter(|(_, part)| *part <= 0.0).map(|(at, _)| *at).collect();
        let is_dead = |at| dead.contains(&at);
        let outlier = prediction.settings.outlier.value.as_ref();
        let percent = outlier.filter(|outlier| outlier.can_eject()).map(crate::Outlier::ejection_percent);
        // Nothing needs to go where nothing is dead, as is so before a loss.
        let needed =
            if dead.is_empty() { 0 } else { envoy::settle(&hosts, &config, 100, is_dead).ejected.len() };
        let mut ejection = EjectionOf {
            ejected: Vec::new(),
            most: percent.map_or(0, |percent| envoy::most_ejected(hosts.len(), percent)),
            needed,
            least_percent: envoy::least_percent(needed, hosts.len()),
        };
        let (hosts, split) = if let Some(percent) = percent.filter(|_| is_settled) {
            let settled = envoy::settle(&hosts, &config, percent, is_dead);
            ejection.ejected = settled.ejected;
            (settled.set, settled.split)
        } else {
            let split = envoy::split(&hosts, &config);
            (hosts, split)
        };
        let dead = dead.into_iter().collect();
        Self { prediction, hosts, split, answered, dead, ejection }
    }

    /// Share of calls that are answered, 0 to 1.
    #[must_use]
    pub fn served(&self) -> f64 {
        self.split.iter().map(|(at, host)| host.share * self.answered_at(at)).sum()
    }

    /// What part of the calls to a host is answered, 0 to 1; 0 where there is no host.
    #[must_use]
    pub fn answered_at(&self, at: HostAt) -> f64 {
        let found = self.answered.binary_search_by_key(&at, |(at, _)| *at);
        found.map_or(0.0, |found| self.answered[found].1)
    }

    /// What istiod sent for a host.
    #[must_use]
    pub fn sent(&self, at: HostAt) -> Option<&Sent<'m>> {
        sent(&self.prediction.assignment, &self.hosts, at)
    }

    /// The caller picks the host by its address, and no share is told.
    #[must_use]
    pub fn picks_itself(&self) -> bool {
        self.prediction.settings.discovery == Discovery::OriginalDst
    }
}

fn sent<'a, 'm>(assignment: &'a Assignment<'m>, hosts: &HostSet, at: HostAt) -> Option<&'a Sent<'m>> {
    let (group, endpoint) = hosts.endpoint(at)?;
    assignment.groups.get(group)?.endpoints.get(endpoint)
}
