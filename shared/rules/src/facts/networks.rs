//! Which networks there are, which cluster is in which, and which hosts are called from one into another.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::ServiceFact;
use mesh_model::{ClusterName, HostServices, Network, Row};

use super::gateways::NetworkGateway;
use super::membership::Joined;
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

    /// Whether the mesh of this cluster has two networks or more.
    pub(crate) fn are_several_for<'m>(&self, mesh: &'m MeshView<'_>, cluster: &ClusterName) -> Joined<'m> {
        let own = self.of_cluster.get(cluster);
        let configured = self.configured.get(cluster).into_iter().flatten();
        let mut names: BTreeSet<&Network> = configured.chain(own).collect();
        let mut perhaps: Vec<(&Network, Joined<'m>)> = Vec::new();
        for (other, network) in &self.of_cluster {
            match mesh.membership().joined(cluster, other) {
                Joined::Yes => drop(names.insert(network)),
                Joined::No => {}
                doubt @ Joined::Perhaps(_) => perhaps.push((network, doubt)),
            }
        }
        if names.len() > 1 {
            return Joined::Yes;
        }
        let strange = perhaps.iter().find(|(network, _)| !names.contains(network)).map(|(_, doubt)| *doubt);
        names.extend(perhaps.iter().map(|(network, _)| *network));
        strange.filter(|_| names.len() > 1).unwrap_or(Joined::No)
    }

    /// Whether both clusters are in one mesh; no, where they are not in different networks.
    fn separate<'m>(&self, mesh: &'m MeshView<'_>, a: &ClusterName, b: &ClusterName) -> Joined<'m> {
        match (self.get(a), self.get(b)) {
            (Some(first), Some(second)) if first != second => mesh.membership().joined(a, b),
            _ => Joined::No,
        }
    }
}

/// A Service with applications of the mesh behind it that is called from another network.
pub(crate) struct Wanted<'m, 'a> {
    /// The cluster that serves.
    pub(crate) server: ClusterView<'a>,
    /// Its Service.
    pub(crate) service: &'a Row<ServiceFact>,
    /// A cluster that calls.
    pub(crate) client: &'a ClusterName,
    /// Whether the two are in one mesh; never a no.
    pub(crate) joined: Joined<'m>,
}

/// Which clusters call from another network than that of a cluster.
pub(crate) struct Callers<'m> {
    of: BTreeMap<&'m ClusterName, BTreeMap<&'m ClusterName, Joined<'m>>>,
}

impl<'m> Callers<'m> {
    /// A cluster calls if applications of the mesh run in it.
    pub(crate) fn of(mesh: &'m MeshView<'_>) -> Self {
        let runs = |view: &&ClusterView<'_>| view.pods().rows().iter().any(pods::is_application);
        let clients: Vec<&ClusterName> = mesh.clusters().iter().filter(runs).map(ClusterView::name).collect();
        let networks = mesh.networks();
        let around = |server: &'m ClusterName| {
            let separate = clients.iter().map(|client| (*client, networks.separate(mesh, server, client)));
            separate.filter(|(_, joined)| joined.is_possible()).collect()
        };
        Self { of: mesh.clusters().iter().map(|view| (view.name(), around(view.name()))).collect() }
    }
}

/// Where `host` is served by applications of the mesh and called from another network: each serving cluster
/// with a client, the first that is sure. A client has the Service too.
pub(crate) fn wanted<'m, 'a>(
    mesh: &'m MeshView<'a>,
    host: &HostServices,
    callers: &Callers<'m>,
) -> Vec<Wanted<'m, 'a>> {
    if host.services.len() < 2 || mesh.local_hosts().contain(&host.name) {
        return Vec::new();
    }
    let services: Vec<(ClusterView<'a>, &'a Row<ServiceFact>)> = mesh.services_of(host).collect();
    let client_of = |server: &ClusterView<'a>| {
        let around = callers.of.get(server.name()).filter(|around| !around.is_empty())?;
        let clients = services.iter().map(|(view, _)| view.name());
        let mut clients = clients.filter_map(|name| Some((name, *around.get(name)?)));
        let first = clients.next()?;
        if first.1.is_sure() {
            return Some(first);
        }
        Some(clients.find(|(_, joined)| joined.is_sure()).unwrap_or(first))
    };
    services
        .iter()
        .filter_map(|(server, service)| {
            let (client, joined) = client_of(server)?;
            let wanted = Wanted { server: *server, service, client, joined };
            pods::serves_an_application(server, service).then_some(wanted)
        })
        .collect()
}
