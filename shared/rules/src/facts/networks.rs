//! Which networks there are, which cluster is in which, and which hosts are called from one into another.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::ServiceFact;
use mesh_model::{ClusterName, HostServices, Network, Row};

use super::gateways::NetworkGateway;
use super::pods;
use crate::{ClusterView, MeshView};

/// The networks of all clusters; of clusters that could not be read nothing is known.
#[derive(Debug)]
pub(crate) struct Networks {
    of_cluster: BTreeMap<ClusterName, Network>,
    /// Networks that a cluster's own mesh config names.
    configured: BTreeMap<ClusterName, BTreeSet<Network>>,
}

impl Networks {
    pub(crate) fn of(mesh: &MeshView<'_>) -> Self {
        let mut registries: BTreeMap<&str, &Network> = BTreeMap::new();
        let mut configured: BTreeMap<ClusterName, BTreeSet<Network>> = BTreeMap::new();
        let views: Vec<ClusterView<'_>> = mesh.all_clusters().collect();
        for view in &views {
            let config = view.control_plane().mesh_config.iter();
            for network in config.flat_map(|(_, config)| &config.mesh_networks) {
                configured.entry(view.name().clone()).or_default().insert(network.name.clone());
                registries.extend(network.registries.iter().map(|id| (&**id, &network.name)));
            }
        }
        let network = |view: &ClusterView<'_>| {
            let named = Some(view.control_plane().network()).filter(|network| !network.is_empty());
            let of_registry =
                || registries.get(view.control_plane().cluster_id()?).map(|network| (*network).clone());
            // A gateway stands in the network it leads into.
            let of_gateway =
                || NetworkGateway::all(view).next().map(|gateway| Network::from(gateway.network));
            named.or_else(of_registry).or_else(of_gateway)
        };
        let of_cluster =
            views.iter().filter_map(|view| Some((view.name().clone(), network(view)?))).collect();
        Self { of_cluster, configured }
    }

    /// The network of a cluster, if it has a name.
    pub(crate) fn get(&self, cluster: &ClusterName) -> Option<&Network> {
        self.of_cluster.get(cluster)
    }

    /// The mesh of this cluster has two networks or more.
    pub(crate) fn are_several_for(&self, mesh: &MeshView<'_>, cluster: &ClusterName) -> bool {
        let around = self.of_cluster.iter().filter(|(other, _)| mesh.membership().joined(cluster, other));
        let own = self.of_cluster.get(cluster);
        let configured = self.configured.get(cluster).into_iter().flatten();
        let names: BTreeSet<&Network> =
            around.map(|(_, network)| network).chain(own).chain(configured).collect();
        names.len() > 1
    }

    /// Both clusters are in one mesh and in different networks.
    pub(crate) fn separate(&self, mesh: &MeshView<'_>, a: &ClusterName, b: &ClusterName) -> bool {
        let networks = (self.get(a), self.get(b));
        matches!(networks, (Some(first), Some(second)) if first != second) && mesh.membership().joined(a, b)
    }
}

/// A Service with applications of the mesh behind it.
pub(crate) type Serving<'a> = (ClusterView<'a>, &'a Row<ServiceFact>);

/// Where `host` is served by applications of the mesh and called from another network: each serving cluster
/// with the first client. A client is a cluster that has the Service too and runs applications (`callers`).
pub(crate) fn wanted<'a>(
    mesh: &MeshView<'a>,
    host: &HostServices,
    callers: &BTreeSet<&ClusterName>,
) -> Vec<(Serving<'a>, ClusterName)> {
    if host.services.len() < 2 || mesh.local_hosts().contain(&host.name) {
        return Vec::new();
    }
    let services: Vec<Serving<'a>> = mesh.services_of(host).collect();
    let client_of = |server: &ClusterView<'a>| {
        let mut clients = services.iter().map(|(view, _)| view.name()).filter(|name| callers.contains(name));
        clients.find(|client| mesh.networks().separate(mesh, server.name(), client)).cloned()
    };
    services
        .iter()
        .filter_map(|(view, service)| {
            let client = client_of(view)?;
            pods::serves_an_application(view, service).then_some(((*view, *service), client))
        })
        .collect()
}

/// The clusters in which applications of the mesh run.
pub(crate) fn callers<'m>(mesh: &'m MeshView<'_>) -> BTreeSet<&'m ClusterName> {
    let runs = |view: &&ClusterView<'_>| view.pods().rows().iter().any(pods::is_application);
    mesh.clusters().iter().filter(runs).map(ClusterView::name).collect()
}
