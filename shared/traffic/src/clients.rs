//! Clients of one cluster, as its istiod sees them (`istio: pilot/pkg/xds/ads.go: computeProxyState,
//! setTopologyLabels`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_model::row::{Container, PodFact};
use mesh_model::{Labels, Locality, Name, Namespace, Network, Row, path};

use crate::client::labels;
use crate::place::Place;
use crate::{Cause, Caused, Client, Families, Role, View};

/// Environment variable of a proxy that names its network.
const META_NETWORK: &str = "ISTIO_META_NETWORK";

impl<'m> View<'_, 'm> {
    /// A sidecar somewhere in the client cluster: no pod, no labels, no node; its network is what the injector gives.
    #[must_use]
    pub fn client_at(&self, locality: Locality, namespace: &str) -> Client<'m> {
        let network = Network::from(self.injected_network().value);
        Client {
            cluster: self.client_cluster(),
            namespace: Namespace::from(namespace),
            labels: Labels::default(),
            locality,
            network_label: network.clone(),
            network,
            network_view: None,
            node: Name::default(),
            families: Families::default(),
            role: Role::Sidecar,
            pod: None,
        }
    }

    /// The proxy of a pod of the client cluster. A pod without a proxy is taken as if it had one.
    #[must_use]
    pub fn client_of(&self, pod: &'m Row<PodFact>) -> Client<'m> {
        let proxy = pod.fact.containers.iter().find(|container| &*container.name == "istio-proxy");
        let network = proxy.map_or_else(
            || pod.labels.get(labels::NETWORK).unwrap_or_else(|| self.injected_network().value),
            |proxy| proxy.env.get(META_NETWORK).unwrap_or_default(),
        );
        Client {
            cluster: self.client_cluster(),
            namespace: pod.obj.namespace.clone(),
            labels: pod.labels.clone(),
            locality: self.locality_of(pod),
            network: Network::from(network),
            network_label: Network::from(self.network_label_of(pod, network)),
            network_view: proxy.and_then(network_view),
            node: pod.fact.node.clone(),
            families: families(&pod.fact.ip),
            role: proxy.map_or(Role::Sidecar, role),
            pod: Some(pod),
        }
    }

    /// Localities of the pods with a proxy in the client cluster, each with their number; sorted.
    #[must_use]
    pub fn localities(&self) -> Vec<(Locality, usize)> {
        let pods = self.traffic.clusters()[self.client_cluster()].cluster.pods.rows().iter();
        let mut counts: BTreeMap<Locality, usize> = BTreeMap::new();
        for pod in pods.filter(|pod| pod.fact.has_proxy && !pod.fact.finished) {
            *counts.entry(self.locality_of(pod)).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// The network that the injector gives to sidecars of the client cluster: its own value; where that was not
    /// read, what the system namespace says.
    #[must_use]
    pub fn injected_network(&self) -> Caused<&'m str> {
        let index = &self.traffic.clusters()[self.client_cluster()];
        let control_plane = &index.cluster.control_plane;
        if let Some(values) = &control_plane.injector {
            return Caused {
                value: values.network.as_str(),
                cause: Cause::Default("values of the injector: global.network"),
            };
        }
        let system = control_plane.system_namespace();
        let cause = index
            .cluster
            .namespaces
            .find("", system)
            .map(|row| Cause::field(&row.obj, path!["metadata", "labels", labels::NETWORK]));
        let network = control_plane.network_label.as_ref().map_or("", Network::as_str);
        Caused {
            value: network,
            cause: cause.unwrap_or(Cause::Default("nothing names the network of its clients")),
        }
    }

    /// Where a proxy stands: as endpoints do, and by labels of its own pod where that names a part no better.
    fn locality_of(&self, pod: &Row<PodFact>) -> Locality {
        let place = Place::of_pod(pod, &self.traffic.clusters()[self.client_cluster()], self.rules());
        let own = |known: &str, label: &str| match known {
            "" => pod.labels.get(label).unwrap_or_default().to_owned(),
            known => known.to_owned(),
        };
        Locality {
            region: own(&place.locality.region, labels::REGION).into(),
            zone: own(&place.locality.zone, labels::ZONE).into(),
            subzone: own(&place.locality.subzone, labels::SUBZONE).into(),
        }
    }

    fn network_label_of(&self, pod: &'m Row<PodFact>, network: &'m str) -> &'m str {
        let Some(rank) = self.rank(self.client_cluster()) else { return network };
        let known = self.networks().of_workload(rank, &pod.labels, &pod.fact.ip);
        if known.is_empty() { network } else { known }
    }
}

fn network_view(proxy: &Container) -> Option<Vec<Network>> {
    let networks = proxy.env.get("ISTIO_META_REQUESTED_NETWORK_VIEW")?.split(',').map(str::trim);
    let networks: Vec<_> = networks.filter(|network| !network.is_empty()).map(Network::from).collect();
    (!networks.is_empty()).then_some(networks)
}

fn role(proxy: &Container) -> Role {
    if proxy.args.iter().any(|argument| &**argument == "router") { Role::Router } else { Role::Sidecar }
}

/// The family of the address that is read of a pod; of a pod without one, none.
fn families(ip: &str) -> Families {
    let ip = ip.parse::<IpAddr>().ok();
    Families { v4: ip.is_some_and(|ip| ip.is_ipv4()), v6: ip.is_some_and(|ip| ip.is_ipv6()) }
}
