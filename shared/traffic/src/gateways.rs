//! Gateways into networks, as one istiod knows them (`istio: pilot/pkg/model/network.go`,
//! `pilot/pkg/serviceregistry/kube/controller/network.go`).
//!
//! Left out: `Gateway` resources of the Kubernetes Gateway API that name addresses of their own, which are not read.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use mesh_model::row::{NetworkGatewayAddress, ServiceFact, ServiceType};
use mesh_model::{ObjectRef, Row, path};

use crate::client::labels;
use crate::index::ClusterIndex;
use crate::{Cause, Gate, Seen, View};

/// Port of a gateway for sidecars, unless a label names another.
const SIDECAR_PORT: u16 = 15443;
/// Port of a gateway for ambient clients.
const HBONE_PORT: u16 = 15008;
/// Label of a gateway's Service that names its port for sidecars.
const PORT_LABEL: &str = "networking.istio.io/gatewayPort";

/// One address that leads into a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkGateway<'m> {
    /// IP address, or a host name that istiod resolves.
    pub address: &'m str,
    /// Port for sidecars; 0 if it has none.
    pub port: u16,
    /// ID of its cluster; empty for an address that the mesh config names.
    pub cluster_id: &'m str,
    /// The network it leads into.
    pub network: &'m str,
    /// Port for ambient clients; 0 if it has none.
    pub hbone_port: u16,
    /// What makes it a gateway.
    pub cause: Cause,
}

/// The gateways that one istiod knows.
#[derive(Debug, Default)]
pub struct Gateways<'m> {
    /// Sorted by address and port.
    all: Vec<NetworkGateway<'m>>,
    by_network: HashMap<&'m str, Vec<usize>>,
    by_cluster: HashMap<(&'m str, &'m str), Vec<usize>>,
    scale: u32,
    unresolved: Vec<NetworkGateway<'m>>,
}

impl<'m> Gateways<'m> {
    /// Those by address. Host names are [unresolved](Self::unresolved): what they stand for is not known here.
    pub(crate) fn of(view: &View<'_, 'm>) -> Self {
        let (all, unresolved) = known(view).into_iter().partition(|gateway| gateway.ip().is_some());
        Self::new(all, unresolved)
    }

    /// Those by address or host name, as clusters by DNS get them.
    pub(crate) fn with_names(view: &View<'_, 'm>) -> Self {
        Self::new(known(view), Vec::new())
    }

    fn new(mut all: Vec<NetworkGateway<'m>>, unresolved: Vec<NetworkGateway<'m>>) -> Self {
        all.sort_by_key(NetworkGateway::key);
        all.dedup_by_key(|gateway| gateway.key());
        let mut gateways = Self { all, unresolved, ..Self::default() };
        for (at, gateway) in gateways.all.iter().enumerate() {
            gateways.by_network.entry(gateway.network).or_default().push(at);
            gateways.by_cluster.entry((gateway.network, gateway.cluster_id)).or_default().push(at);
        }
        let counts = gateways.by_network.values().chain(gateways.by_cluster.values()).map(Vec::len);
        gateways.scale = scale(counts.collect());
        gateways
    }

    /// All of them, sorted by address and port.
    #[must_use]
    pub fn all(&self) -> &[NetworkGateway<'m>] {
        &self.all
    }

    /// Gateways by host name: istiod resolves them, and what it finds is not known here.
    #[must_use]
    pub fn unresolved(&self) -> &[NetworkGateway<'m>] {
        &self.unresolved
    }

    /// What weights are multiplied by, so that each can be shared among the gateways of a network: the least common
    /// multiple of their counts by network, and by network and cluster; 1 without gateways.
    #[must_use]
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// The gateways into a network that stand in a cluster; of all clusters where none stands there.
    pub fn into_network<'a>(
        &'a self,
        network: &'a str,
        cluster_id: &'a str,
    ) -> impl Iterator<Item = &'a NetworkGateway<'m>> {
        let here = self.by_cluster.get(&(network, cluster_id));
        let found = here.or_else(|| self.by_network.get(network));
        found.into_iter().flatten().map(|at| &self.all[*at])
    }
}

/// What tells gateways apart, in the order in which they are sent.
pub(crate) type GatewayKey<'m> = (&'m str, u16, &'m str, &'m str, u16);

impl<'m> NetworkGateway<'m> {
    pub(crate) fn key(&self) -> GatewayKey<'m> {
        (self.address, self.port, self.cluster_id, self.network, self.hbone_port)
    }

    /// Its address, where it has one; an IPv4 address in the form of IPv6 counts as IPv4.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    }
}

/// Least common multiple, cut to 32 bits as in istiod.
fn scale(counts: BTreeSet<usize>) -> u32 {
    let lcm = counts.into_iter().fold(1_u64, |scale, count| {
        let count = count as u64;
        scale.wrapping_mul(count) / gcd(scale, count)
    });
    u32::try_from(lcm & u64::from(u32::MAX)).unwrap_or(u32::MAX).max(1)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn known<'m>(view: &View<'_, 'm>) -> Vec<NetworkGateway<'m>> {
    let mut found = Vec::new();
    let (config, object) = view.mesh_config();
    for network in &config.mesh_networks {
        for gateway in &network.gateways {
            if let NetworkGatewayAddress::Address(address, port) = gateway {
                let cause = mesh_networks(object);
                let network = network.name.as_str();
                found.push(NetworkGateway {
                    address,
                    port: *port,
                    cluster_id: "",
                    network,
                    hbone_port: 0,
                    cause,
                });
            }
        }
    }
    for seen in view.sees() {
        let index = &view.traffic.clusters()[seen.cluster];
        for row in &index.gateways {
            found.extend(by_label(row, index, *seen, view));
        }
        by_registry(index, *seen, view, &mut found);
    }
    found
}

fn mesh_networks(object: Option<&ObjectRef>) -> Cause {
    object.map_or(Cause::Default("default of the mesh config"), |object| {
        Cause::field(object, path!["data", "meshNetworks"])
    })
}

/// A Service with the label of a network.
fn by_label<'m>(
    row: &'m Row<ServiceFact>,
    index: &ClusterIndex<'m>,
    seen: Seen<'m>,
    view: &View<'_, 'm>,
) -> Vec<NetworkGateway<'m>> {
    let network = row.labels.get(labels::NETWORK).unwrap_or_default();
    let wanted = row.labels.get(PORT_LABEL).and_then(|text| text.parse().ok()).unwrap_or(SIDECAR_PORT);
    let needs_port = view.rules().has(Gate::GatewayNeedsPort);
    let open = |port: u16| if !needs_port || row.fact.port(port).is_some() { port } else { 0 };
    let (port, hbone_port) = (open(wanted), open(HBONE_PORT));
    if port == 0 && hbone_port == 0 {
        return Vec::new();
    }
    let cause = Cause::field(&row.obj, path!["metadata", "labels", labels::NETWORK]);
    of_service(row, index)
        .map(|address| NetworkGateway {
            address,
            port: node_port(row, port),
            cluster_id: seen.id,
            network,
            hbone_port,
            cause: cause.clone(),
        })
        .collect()
}

/// Services that `meshNetworks` names by `registryServiceName`, in the clusters of the network.
fn by_registry<'m>(
    index: &ClusterIndex<'m>,
    seen: Seen<'m>,
    view: &View<'_, 'm>,
    found: &mut Vec<NetworkGateway<'m>>,
) {
    let (config, object) = view.mesh_config();
    let of_cluster =
        config.mesh_networks.iter().filter(|network| network.registries.iter().any(|id| **id == *seen.id));
    for network in of_cluster {
        for gateway in &network.gateways {
            let NetworkGatewayAddress::Service(host, port) = gateway else { continue };
            let Some(row) = service_named(index, host) else { continue };
            if row.labels.get(labels::NETWORK).is_some_and(|label| !label.is_empty()) {
                continue;
            }
            found.extend(of_service(row, index).map(|address| NetworkGateway {
                address,
                port: node_port(row, *port),
                cluster_id: seen.id,
                network: &network.name,
                hbone_port: 0,
                cause: mesh_networks(object),
            }));
        }
    }
}

fn service_named<'m>(index: &ClusterIndex<'m>, host: &str) -> Option<&'m Row<ServiceFact>> {
    let (name, rest) = host.split_once('.')?;
    index.cluster.services.find(rest.strip_suffix(".svc.cluster.local")?, name)
}

/// The addresses by which a Service is reached from outside of its cluster.
fn of_service<'m>(row: &'m Row<ServiceFact>, index: &ClusterIndex<'m>) -> impl Iterator<Item = &'m str> {
    let fact = &row.fact;
    let ingress: &[_] = if fact.service_type == ServiceType::LoadBalancer { &fact.ingress } else { &[] };
    let own: Vec<&str> = ingress.iter().chain(&fact.external_ips).map(|address| &**address).collect();
    let by_nodes = own.is_empty() && fact.service_type == ServiceType::NodePort;
    let selector = fact.node_selector.as_ref().filter(|_| by_nodes);
    let nodes = index.cluster.nodes.rows().iter();
    let selected = nodes.filter(move |node| {
        selector.is_some_and(|selector| selector.iter().all(|(key, value)| node.labels.is(key, value)))
    });
    let addresses = selected.filter_map(|node| node.fact.external_ips.first()).map(|address| &**address);
    own.into_iter().chain(addresses)
}

/// The port by which nodes answer, of a Service that takes its addresses from nodes.
fn node_port(row: &Row<ServiceFact>, port: u16) -> u16 {
    let by_nodes = row.fact.service_type == ServiceType::NodePort && row.fact.node_selector.is_some();
    let mapped = row.fact.port(port).filter(|_| by_nodes).map(|port| port.node_port.unwrap_or(0));
    mapped.unwrap_or(port)
}
