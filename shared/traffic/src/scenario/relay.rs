//! The east-west gateway that calls pass through: where it stands, and the client it then is itself.

use mesh_model::row::PodFact;
use mesh_model::{Kind, Labels, Locality, Network, Row};

use crate::{Cause, Client, Gateway, Role, Sent, Via, View};

use super::asked::Asked;
use super::loss::{Fate, Standing};

/// One gateway.
pub(super) struct Relay<'m> {
    /// Position of its cluster.
    pub(super) cluster: usize,
    network: Network,
    /// Its Service and pods; `None` for an address that the mesh config names.
    gateway: Option<Gateway<'m>>,
}

impl<'m> Relay<'m> {
    /// What tells the gateway at an address from others: what makes it one, or the cluster behind it.
    pub(super) fn key(sent: &Sent<'m>) -> Option<String> {
        match &sent.via {
            Via::Gateway { cause: Cause::Field { object, .. }, .. } if object.kind == Kind::Service => {
                Some(format!("{}/{}", object.cluster, object.qualified_name()))
            }
            Via::Gateway { network, behind, .. } => Some(format!("{}/{network}", behind.first()?.cluster)),
            Via::Direct(_) => None,
        }
    }

    /// The gateway at an address that was sent, where it is known which cluster it stands in.
    pub(super) fn of(sent: &Sent<'m>, asked: &Asked<'_, 'm>) -> Option<Self> {
        let Via::Gateway { network, cause, behind, .. } = &sent.via else { return None };
        let gateway = asked.traffic.gateway(cause);
        let cluster = match &gateway {
            Some(gateway) => gateway.cluster,
            None => behind.first()?.cluster,
        };
        Some(Self { cluster, network: network.clone(), gateway })
    }

    /// All its pods are lost; without pods, the cluster or network they would be in.
    pub(super) fn is_lost(&self, asked: &Asked<'_, 'm>) -> bool {
        let dies = |locality: &Locality, node: &str, pod: Option<&Row<PodFact>>| {
            let standing = Standing { cluster: self.cluster, network: &self.network, locality, node, pod };
            asked.lost.judge(standing) == Fate::Dies
        };
        let pods = self.pods();
        if pods.is_empty() {
            return dies(&nowhere(), "", None);
        }
        let view = &asked.views[self.cluster];
        pods.iter().all(|pod| dies(&view.client_of(pod).locality, &pod.fact.node, Some(*pod)))
    }

    /// The gateway as a client of the services it passes connections to; `view` is that of its istiod. Without pods
    /// it is in the network that it leads into.
    pub(super) fn client(&self, view: &View<'_, 'm>) -> Client<'m> {
        let found = match &self.gateway {
            Some(gateway) => gateway.client(view),
            None => view.client_at(nowhere(), view.root_namespace()),
        };
        if !self.pods().is_empty() {
            return found;
        }
        let (network, network_label) = (self.network.clone(), self.network.clone());
        Client { role: Role::Router, network, network_label, ..found }
    }

    /// It sends to this network: to all, or to those of its view. Of a gateway whose pods are not known that is its
    /// own, as Istio's charts set it. What is in no network is seen by all
    /// (`istio: pilot/pkg/model/network.go: ProxyView`).
    pub(super) fn sees(&self, network: &str) -> bool {
        let of_view = || match &self.gateway {
            Some(gateway) if !gateway.pods.is_empty() => {
                gateway.network_view().is_none_or(|view| view.contains(&network))
            }
            _ => self.network == *network,
        };
        network.is_empty() || of_view()
    }

    fn pods(&self) -> &[&'m Row<PodFact>] {
        self.gateway.as_ref().map_or(&[], |gateway| &gateway.pods)
    }
}

fn nowhere() -> Locality {
    Locality::of_node(&Labels::default())
}
