//! What each destination gets at each moment, over all clients.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::{ClusterName, Mesh, Region};

use crate::envoy::HostAt;
use crate::{Endpoint, Via};

use super::course::{Course, Moment};
use super::gone::{Key, key};
use super::stage::Stage;

/// Where calls end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// Name of the cluster.
    pub cluster: ClusterName,
    /// Region of the endpoints.
    pub region: Region,
}

/// What a destination gets at each moment, of all calls, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    /// Sent.
    pub sent: [f64; 3],
    /// Answered.
    pub served: [f64; 3],
    /// Sent in the limit of many requests under way.
    pub busy: [f64; 3],
    /// Calls come without a gateway, from some client.
    pub direct: bool,
    /// Calls come through a gateway, from some client.
    pub through_gateway: bool,
    /// Endpoints that may answer at each moment, those behind gateways included.
    pub pods: [usize; 3],
    /// Answered calls for each endpoint, before and settled, of all calls before the loss.
    pub load: [f64; 2],
}

/// Adds up courses.
pub(super) struct Ledger<'q, 'm> {
    mesh: &'m Mesh,
    stages: [&'q Stage<'q, 'm>; 3],
    destinations: BTreeMap<Destination, Shares>,
    /// Endpoints of each destination that may answer, at each moment.
    living: BTreeMap<Destination, [BTreeSet<Key<'m>>; 3]>,
}

impl<'q, 'm> Ledger<'q, 'm> {
    pub(super) fn new(mesh: &'m Mesh, stages: [&'q Stage<'q, 'm>; 3]) -> Self {
        Self { mesh, stages, destinations: BTreeMap::new(), living: BTreeMap::new() }
    }

    /// Adds the shares of a client whose part of the calls that count is `weight`.
    pub(super) fn add_shares(&mut self, course: &Course<'m>, weight: f64) {
        for (moment, at) in course.moments().into_iter().zip(0..) {
            for (place, host) in moment.split.iter() {
                let Some((destination, is_direct)) = self.destination(moment, place) else { continue };
                let entry = self.destinations.entry(destination).or_default();
                entry.sent[at] += weight * host.share;
                entry.busy[at] += weight * host.busy;
                entry.served[at] += weight * host.share * moment.answered_at(place);
                entry.direct |= is_direct;
                entry.through_gateway |= !is_direct;
            }
        }
    }

    /// Adds the load that a client puts on the endpoints, also one whose shares are not told. Its calls are
    /// `weights` of all, before and settled.
    pub(super) fn add_load(&mut self, course: &Course<'m>, weights: [f64; 2]) {
        for (moment, at) in [&course.before, &course.settled].into_iter().zip(0..) {
            for (place, host) in moment.split.iter() {
                let Some((destination, _)) = self.destination(moment, place) else { continue };
                let entry = self.destinations.entry(destination).or_default();
                entry.load[at] += weights[at] * host.share * moment.answered_at(place);
            }
        }
        for (moment, at) in course.moments().into_iter().zip(0..) {
            self.count_living(moment, at);
        }
    }

    /// The shares by destination.
    #[expect(clippy::cast_precision_loss, reason = "numbers of endpoints are far below 2^53")]
    pub(super) fn close(mut self) -> BTreeMap<Destination, Shares> {
        for (destination, shares) in &mut self.destinations {
            if let Some(living) = self.living.get(destination) {
                shares.pods = [0, 1, 2].map(|at| living[at].len());
            }
            for (at, moment) in [(0, 0), (1, 2)] {
                shares.load[at] /= shares.pods[moment].max(1) as f64;
            }
        }
        self.destinations
    }

    fn count_living(&mut self, moment: &Moment<'m>, at: usize) {
        let groups = moment.prediction.assignment.groups.iter();
        for sent in groups.flat_map(|group| &group.endpoints) {
            let endpoints = match &sent.via {
                Via::Direct(endpoint) => std::slice::from_ref(endpoint),
                Via::Gateway { behind, .. } => behind,
            };
            for endpoint in endpoints.iter().filter(|endpoint| self.stages[at].lives(endpoint)) {
                let living = self.living.entry(self.of(endpoint)).or_default();
                living[at].insert(key(endpoint));
            }
        }
    }

    /// Where a host is, and whether it is called without a gateway. Behind a gateway the first endpoint says it.
    fn destination(&self, moment: &Moment<'m>, place: HostAt) -> Option<(Destination, bool)> {
        Some(match &moment.sent(place)?.via {
            Via::Direct(endpoint) => (self.of(endpoint), true),
            Via::Gateway { behind, .. } => (self.of(behind.first()?), false),
        })
    }

    fn of(&self, endpoint: &Endpoint<'_>) -> Destination {
        let cluster = self.mesh.clusters()[endpoint.cluster].name.clone();
        Destination { cluster, region: endpoint.locality.region.clone() }
    }
}
