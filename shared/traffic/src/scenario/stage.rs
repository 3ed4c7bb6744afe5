//! What answers at one stage of a loss, at an address and behind a gateway.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mesh_model::Kind;

use crate::predict::{Reading, Way};
use crate::{Endpoint, Health, Sent, Via, View};

use super::asked::Asked;
use super::course::Moment;
use super::relay::Relay;

/// How far a loss has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is lost.
    Before,
    /// It is lost, and nobody has noticed.
    AtLoss,
    /// Outlier detection has taken out what it may.
    Noticed,
    /// istiod has told that pods are not ready.
    Drained,
}

/// One stage.
pub(super) struct Stage<'q, 'm> {
    asked: &'q Asked<'q, 'm>,
    step: Step,
    /// Part that is answered behind each gateway; the same for all clients.
    behind: RefCell<BTreeMap<String, f64>>,
}

impl<'q, 'm> Stage<'q, 'm> {
    pub(super) fn new(asked: &'q Asked<'q, 'm>, step: Step) -> Self {
        Self { asked, step, behind: RefCell::default() }
    }

    /// Outlier detection has done what it can.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.step, Step::Noticed | Step::Drained)
    }

    /// What istiod takes an endpoint for.
    pub(super) fn reading(&self, endpoint: &Endpoint<'_>) -> Reading {
        let is_known = self.step == Step::Drained && self.asked.gone.contains(endpoint);
        if is_known { Reading::With(Health::Unhealthy) } else { Reading::AsRead }
    }

    /// It may answer.
    pub(super) fn lives(&self, endpoint: &Endpoint<'_>) -> bool {
        let is_ready = matches!(endpoint.health, Health::Healthy | Health::Draining);
        is_ready && (self.step == Step::Before || !self.asked.gone.contains(endpoint))
    }

    /// What part of the calls to an address is answered, 0 to 1. In panic an address that is not ready is called too.
    pub(super) fn answered(&self, sent: &Sent<'m>) -> f64 {
        match &sent.via {
            Via::Direct(endpoint) => f64::from(u8::from(self.lives(endpoint))),
            Via::Gateway { network, .. } if self.is_closed(network, &sent.address) => 0.0,
            Via::Gateway { .. } => self.through(sent),
        }
    }

    /// The loss names the way itself.
    fn is_closed(&self, network: &str, address: &str) -> bool {
        let lost = self.asked.lost;
        self.step != Step::Before && (lost.names_network(network) || lost.names_gateway(address))
    }

    /// What a gateway answers.
    fn through(&self, sent: &Sent<'m>) -> f64 {
        let Some(key) = Relay::key(sent) else { return 0.0 };
        if let Some(known) = self.behind.borrow().get(&key) {
            return *known;
        }
        let part = match Relay::of(sent, self.asked) {
            None => 0.0,
            Some(relay) if self.step != Step::Before && relay.is_lost(self.asked) => 0.0,
            Some(relay) => self.balanced(&relay),
        };
        self.behind.borrow_mut().insert(key, part);
        part
    }

    /// The gateway's own balancing: by its own istiod, with its own rules, within its view of networks.
    fn balanced(&self, relay: &Relay<'m>) -> f64 {
        let view: &View<'_, 'm> = &self.asked.views[relay.cluster];
        let Some(service) = self.asked.service(view) else {
            // Could not look is not the same as not there.
            let is_read = self.asked.cluster(relay.cluster).gaps.of(Kind::Service).is_none();
            return if is_read { 0.0 } else { 1.0 };
        };
        let client = relay.client(view);
        let reading = |endpoint: &Endpoint<'m>| {
            if relay.sees(endpoint.network) { self.reading(endpoint) } else { Reading::Missing }
        };
        let prediction = view.predict_with(&client, &service, self.asked.port, None, Way::PassedOn, &reading);
        Moment::new(prediction, self.is_settled(), &|sent| match &sent.via {
            Via::Direct(endpoint) => f64::from(u8::from(self.lives(endpoint))),
            Via::Gateway { .. } => self.living(sent),
        })
        .served()
    }

    /// What part of the endpoints behind an address lives: all that is told of a way on from a gateway.
    #[expect(clippy::cast_precision_loss, reason = "numbers of endpoints are far below 2^53")]
    fn living(&self, sent: &Sent<'m>) -> f64 {
        let Via::Gateway { behind, .. } = &sent.via else { return 1.0 };
        let living = behind.iter().filter(|endpoint| self.lives(endpoint)).count();
        if behind.is_empty() { 1.0 } else { living as f64 / behind.len() as f64 }
    }
}
