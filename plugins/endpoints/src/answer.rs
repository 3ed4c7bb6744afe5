//! What one client gets for one port, as everything that is shown of it: two rule sets agree if their answers are
//! equal.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh_model::{Mesh, ObjectRef};
use mesh_traffic::envoy::{self, LbConfig, Split};
use mesh_traffic::{
    Cause, Chosen, Endpoint, Excluded, Exclusion, Health, Prediction, Settings, Unknown, Via,
};

use crate::row::{Row, object, rows};

/// What one client gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// Name of the Envoy cluster: `outbound|PORT|SUBSET|HOST`.
    pub(crate) name: String,
    /// The DestinationRules in force.
    pub(crate) rules: Vec<ObjectRef>,
    pub(crate) settings: Settings,
    pub(crate) rows: Vec<Row>,
    pub(crate) excluded: Vec<Left>,
    pub(crate) unknown: Vec<Unknown>,
    /// What all weights were multiplied by.
    pub(crate) scale: u32,
    pub(crate) split: Split,
    /// Ready endpoints that are reached, directly or through a gateway.
    pub(crate) usable: usize,
    /// Endpoints of the port, those of other subsets left out.
    pub(crate) all: usize,
}

/// An endpoint that the client does not get.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Left {
    pub(crate) object: String,
    pub(crate) namespace: String,
    pub(crate) cluster: String,
    pub(crate) address: String,
    pub(crate) reason: Exclusion,
    pub(crate) cause: Cause,
}

impl Answer {
    /// What the client makes of a prediction.
    pub(crate) fn of(mesh: &Mesh, prediction: &Prediction<'_>) -> Self {
        let Prediction { settings, assignment, .. } = prediction;
        let set = envoy::hosts(assignment);
        let split = envoy::split(&set, &LbConfig::from(settings));
        let reached = Reached::of(prediction);
        let of_subset = |left: &&Excluded<'_>| left.reason != Exclusion::Subset;
        let rules = prediction.rule.iter().flat_map(Chosen::rows);
        Self {
            name: assignment.name.clone(),
            rules: rules.map(|row| row.obj.clone()).collect(),
            settings: settings.clone(),
            rows: rows(mesh, assignment, &set, &split),
            excluded: assignment.excluded.iter().map(|left| Left::of(mesh, left)).collect(),
            unknown: assignment.unknown.clone(),
            scale: assignment.scale,
            split,
            usable: reached.ready,
            all: reached.all + assignment.excluded.iter().filter(of_subset).count(),
        }
    }

    /// Clusters whose endpoints are reached.
    pub(crate) fn clusters(&self) -> BTreeSet<&str> {
        self.rows.iter().flat_map(|row| row.cluster.split(',')).filter(|name| !name.is_empty()).collect()
    }
}

impl Left {
    fn of(mesh: &Mesh, left: &Excluded<'_>) -> Self {
        let endpoint = &left.endpoint;
        let namespace = match (endpoint.pod, endpoint.origin.cause()) {
            (Some(pod), _) => pod.obj.namespace.to_string(),
            (None, Cause::Field { object, .. }) => object.namespace.to_string(),
            (None, Cause::Default(_)) => String::new(),
        };
        Self {
            object: object(endpoint),
            namespace,
            cluster: mesh.clusters()[endpoint.cluster].name.to_string(),
            address: endpoint.address.to_owned(),
            reason: left.reason,
            cause: left.cause.clone(),
        }
    }
}

/// Endpoints that are sent. One behind several addresses counts once.
struct Reached {
    ready: usize,
    all: usize,
}

impl Reached {
    fn of(prediction: &Prediction<'_>) -> Self {
        let (mut seen, mut ready) = (BTreeSet::new(), 0);
        let mut count = |endpoint: &Arc<Endpoint<'_>>| {
            if seen.insert(Arc::as_ptr(endpoint).addr()) && endpoint.health == Health::Healthy {
                ready += 1;
            }
        };
        for sent in prediction.assignment.groups.iter().flat_map(|group| &group.endpoints) {
            match &sent.via {
                Via::Direct(endpoint) => count(endpoint),
                Via::Gateway { behind, .. } => behind.iter().for_each(&mut count),
            }
        }
        Self { ready, all: seen.len() }
    }
}
