//! Who calls: the clients of a mesh by cluster and locality, and how much each calls.

use mesh_model::{Labels, Locality};

use crate::Client;

use super::asked::Asked;
use super::loss::{Fate, Mode, Standing};

/// Clients of one cluster and locality.
#[derive(Clone, Debug)]
pub struct Caller<'m> {
    /// One of them; all of them see the same.
    pub client: Client<'m>,
    /// Their part of all calls, 0 to 1: every cluster calls as much as any other, and within a cluster every pod.
    pub demand: f64,
    /// They are lost themselves.
    pub is_lost: bool,
}

/// Which clients count.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Callers {
    /// Those that survive the loss.
    #[default]
    Surviving,
    /// All of them.
    All,
    /// Those of one cluster.
    Of(String),
    /// Those of one locality in one cluster: its position, and the locality.
    At(usize, Locality),
}

impl Callers {
    /// True when `caller` counts.
    pub(super) fn count(&self, caller: &Caller<'_>, asked: &Asked<'_, '_>) -> bool {
        let client = &caller.client;
        match self {
            Self::Surviving => !caller.is_lost,
            Self::All => true,
            Self::Of(name) => asked.cluster(client.cluster).name == **name,
            Self::At(cluster, locality) => client.cluster == *cluster && client.locality == *locality,
        }
    }
}

/// The clients of every cluster that knows the port. A cluster in which no client is known counts with one whose
/// locality is not known.
pub(super) fn callers<'m>(asked: &Asked<'_, 'm>) -> Vec<Caller<'m>> {
    let mut callers = Vec::new();
    for view in &asked.views {
        let Some(service) = asked.service(view) else { continue };
        let mut localities = view.localities();
        if let Callers::At(cluster, locality) = asked.callers
            && *cluster == view.client_cluster()
            && localities.iter().all(|(known, _)| known != locality)
        {
            localities.push((locality.clone(), 1));
        }
        if localities.is_empty() {
            localities.push((Locality::of_node(&Labels::default()), 1));
        }
        let pods: usize = localities.iter().map(|(_, pods)| pods).sum();
        for (locality, count) in localities {
            let client = view.client_at(locality, service.namespace);
            let is_lost = is_lost(asked, &client);
            callers.push(Caller { client, demand: part(count, pods), is_lost });
        }
    }
    let all: f64 = callers.iter().map(|caller| caller.demand).sum();
    for caller in &mut callers {
        caller.demand /= all;
    }
    callers
}

/// A node or pod that is lost takes no whole locality of clients with it, and an API server none at all.
fn is_lost(asked: &Asked<'_, '_>, client: &Client<'_>) -> bool {
    if asked.mode == Mode::Stale {
        return false;
    }
    let standing = Standing {
        cluster: client.cluster,
        network: &client.network,
        locality: &client.locality,
        node: "",
        pod: None,
    };
    asked.lost.judge(standing) == Fate::Dies
}

#[expect(clippy::cast_precision_loss, reason = "numbers of pods are far below 2^53")]
fn part(count: usize, all: usize) -> f64 {
    count as f64 / all as f64
}
