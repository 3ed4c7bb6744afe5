//! The ways that calls to one Envoy cluster take: to endpoints of a cluster themselves, or through the gateways of
//! a network.

use std::collections::HashSet;
use std::sync::Arc;

use mesh_model::{Mesh, Network};
use mesh_traffic::envoy::{self, HostSet, HostState, LbConfig};
use mesh_traffic::{Cause, Endpoint, Prediction, Sent, Via};

use crate::target::fits;

/// Endpoints that are reached alike.
#[derive(Clone, Debug)]
pub(crate) struct Way<'m> {
    pub(crate) through: Through,
    /// What the sidecar calls: address and port, in order of the assignment.
    pub(crate) addresses: Vec<(Arc<str>, u16)>,
    /// The endpoints that answer; behind a gateway those that the client's istiod counts there.
    pub(crate) endpoints: Vec<Arc<Endpoint<'m>>>,
    /// Least priority of its addresses.
    pub(crate) priority: u32,
    /// Part of the calls to the Envoy cluster, 0 to 1.
    pub(crate) share: f64,
    /// The same once all priorities before its own are lost.
    pub(crate) once_lost: f64,
}

/// How endpoints are reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Through {
    /// The sidecar calls endpoints of this cluster themselves.
    Cluster(usize),
    /// It calls gateways that lead into a network.
    Gateway { network: Network, cluster_id: Arc<str>, cause: Cause },
}

impl Through {
    fn of(sent: &Sent<'_>) -> Self {
        match &sent.via {
            Via::Direct(endpoint) => Self::Cluster(endpoint.cluster),
            Via::Gateway { network, cluster_id, cause, .. } => Self::Gateway {
                network: network.clone(),
                cluster_id: Arc::clone(cluster_id),
                cause: cause.clone(),
            },
        }
    }

    /// Addresses of one Service are one way, whatever entry of its status each stands in.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cluster(a), Self::Cluster(b)) => a == b,
            (
                Self::Gateway { network: a, cluster_id: x, cause: first },
                Self::Gateway { network: b, cluster_id: y, cause: second },
            ) => a == b && x == y && first.object() == second.object(),
            _ => false,
        }
    }

    /// `cluster east`, `gateway into network-east`.
    pub(crate) fn text(&self, mesh: &Mesh) -> String {
        match self {
            Self::Cluster(at) => format!("cluster {}", mesh.clusters()[*at].name),
            Self::Gateway { network, .. } => format!("gateway into {network}"),
        }
    }
}

/// Of a prediction the ways that get calls; with `to` those that lead to a fitting endpoint, whatever they get.
pub(crate) fn ways<'m>(mesh: &Mesh, prediction: &Prediction<'m>, to: Option<&str>) -> Vec<Way<'m>> {
    let hosts = envoy::hosts(&prediction.assignment);
    let config = LbConfig::from(&prediction.settings);
    let (mut ways, mut known) = (Vec::new(), Known::default());
    for (priority, shares) in
        (0..hosts.priorities.len()).map(|priority| (priority, shares(&hosts, config, priority)))
    {
        for (at, host) in hosts.iter().filter(|(at, _)| at.priority == priority) {
            let Some((group, endpoint)) = hosts.endpoint(at) else { continue };
            let sent = &prediction.assignment.groups[group].endpoints[endpoint];
            let share = shares.0.share(at);
            let once_lost = if host.state == HostState::Excluded { 0.0 } else { shares.1.share(at) };
            add(&mut ways, &mut known, sent, priority, (share, once_lost));
        }
    }
    // An address that is listed twice gets its calls once, and stands for all endpoints behind it.
    for duplicate in &hosts.duplicates {
        let sent = &prediction.assignment.groups[duplicate.group].endpoints[duplicate.endpoint];
        add(&mut ways, &mut known, sent, duplicate.kept.priority, (0.0, 0.0));
    }
    for way in &mut ways {
        way.endpoints.retain(|endpoint| to.is_none_or(|to| fits(mesh, endpoint, to)));
    }
    ways.retain(|way| if to.is_some() { !way.endpoints.is_empty() } else { way.share > 0.0 });
    ways.sort_by(|a, b| {
        b.share.total_cmp(&a.share).then_with(|| a.through.text(mesh).cmp(&b.through.text(mesh)))
    });
    ways
}

/// The split as it is, and once every host of the priorities before this one is lost.
fn shares(set: &HostSet, config: LbConfig, priority: usize) -> (envoy::Split, envoy::Split) {
    let mut later = set.clone();
    let before: Vec<_> = set.iter().map(|(at, _)| at).filter(|at| at.priority < priority).collect();
    for at in before {
        if let Some(host) = later.host_mut(at) {
            host.state = HostState::Ejected;
        }
    }
    (envoy::split(set, &config), envoy::split(&later, &config))
}

/// What ways have already, by the position of the way: their addresses, and their endpoints by identity.
#[derive(Default)]
struct Known {
    addresses: HashSet<(usize, Arc<str>, u16)>,
    endpoints: HashSet<(usize, usize)>,
}

fn add<'m>(
    ways: &mut Vec<Way<'m>>,
    known: &mut Known,
    sent: &Sent<'m>,
    priority: usize,
    (share, once_lost): (f64, f64),
) {
    let through = Through::of(sent);
    let at = ways.iter().position(|way| way.through.is_same(&through)).unwrap_or_else(|| {
        ways.push(Way {
            through,
            addresses: Vec::new(),
            endpoints: Vec::new(),
            priority: u32::try_from(priority).unwrap_or(u32::MAX),
            share: 0.0,
            once_lost: 0.0,
        });
        ways.len() - 1
    });
    let way = &mut ways[at];
    if known.addresses.insert((at, Arc::clone(&sent.address), sent.port)) {
        way.addresses.push((Arc::clone(&sent.address), sent.port));
    }
    let endpoints = match &sent.via {
        Via::Direct(endpoint) => std::slice::from_ref(endpoint),
        Via::Gateway { behind, .. } => behind.as_slice(),
    };
    for endpoint in endpoints {
        if known.endpoints.insert((at, Arc::as_ptr(endpoint).addr())) {
            way.endpoints.push(Arc::clone(endpoint));
        }
    }
    way.share += share;
    if u32::try_from(priority) == Ok(way.priority) {
        way.once_lost += once_lost;
    }
}
