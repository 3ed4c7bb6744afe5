//! Where a workload stands: its locality and its network.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use mesh_model::row::{MeshNetwork, PodFact};
use mesh_model::{Labels, Locality, Row};

use crate::client::labels;
use crate::index::ClusterIndex;
use crate::{Gate, RuleSet, Seen, View};

/// A locality with the text that istiod groups endpoints by: `r/z` and `r/z/` are two groups of one locality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) locality: Locality,
    pub(crate) text: Arc<str>,
}

impl Place {
    /// The locality of a node; the text is empty where no part is known
    /// (`istio: pilot/pkg/serviceregistry/kube/controller/controller.go: getPodLocality`).
    pub(crate) fn of_node(locality: &Locality) -> Self {
        let is_unknown =
            locality.region.is_empty() && locality.zone.is_empty() && locality.subzone.is_empty();
        let text = if is_unknown { Arc::from("") } else { Arc::from(locality.to_string()) };
        Self { locality: locality.clone(), text }
    }

    /// Reads `region/zone/subzone`; further parts are dropped
    /// (`istio: pilot/pkg/serviceregistry/util/label/label.go: SplitLocalityLabel`).
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split('/');
        let mut part = || parts.next().unwrap_or_default();
        let locality = Locality { region: part().into(), zone: part().into(), subzone: part().into() };
        Self { locality, text: Arc::from(text) }
    }

    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self::parse("")
    }

    /// A pod's: by its own label, which hides all of its node's, else by the labels of its node.
    pub(crate) fn of_pod(pod: &Row<PodFact>, cluster: &ClusterIndex<'_>, rules: RuleSet) -> Self {
        match of_labels(&pod.labels, rules) {
            Some(place) => place,
            None => cluster.nodes.get(pod.fact.node.as_str()).cloned().unwrap_or_else(Self::unknown),
        }
    }

    /// A WorkloadEntry's: by its field, else by its labels.
    pub(crate) fn of_entry(field: &str, labels: &Labels, rules: RuleSet) -> Self {
        if field.is_empty() {
            of_labels(labels, rules).unwrap_or_else(Self::unknown)
        } else {
            Self::parse(field)
        }
    }
}

/// Reads the label of a workload that names its locality; dots stand for slashes, which labels cannot have
/// (`istio: pkg/model/proxy.go: GetLocalityLabel, SanitizeLocalityLabel`).
fn of_labels(labels: &Labels, rules: RuleSet) -> Option<Place> {
    let new = labels.get("topology.istio.io/locality").filter(|_| rules.has(Gate::PodLocalityLabel));
    let text = new.or_else(|| labels.get("istio-locality")).filter(|text| !text.is_empty())?;
    let sanitized = if text.contains('/') { text.to_owned() } else { text.replace('.', "/") };
    Some(Place::parse(&sanitized))
}

/// The networks of workloads whose labels name none
/// (`istio: pilot/pkg/serviceregistry/kube/controller/network.go`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks<'m> {
    /// Of each cluster that istiod reads, by the label of the system namespace or by `fromRegistry`; empty if
    /// neither names one.
    of_clusters: Vec<&'m str>,
    /// By address, the widest first, where the cluster has none.
    cidrs: Vec<(IpNet, &'m str)>,
}

impl<'m> Networks<'m> {
    pub(crate) fn of(view: &View<'_, 'm>) -> Self {
        let system = view.config().cluster.control_plane.system_namespace();
        let networks = &view.mesh_config().0.mesh_networks;
        let of_cluster = |seen: &Seen<'m>| {
            let index = &view.traffic.clusters()[seen.cluster];
            let namespace = index.cluster.namespaces.find("", system);
            let label = namespace.and_then(|row| row.labels.get(labels::NETWORK));
            let by_registry = || {
                let is_in = |network: &&MeshNetwork| network.registries.iter().any(|id| **id == *seen.id);
                networks.iter().find(is_in).map(|network| network.name.as_str())
            };
            label.filter(|label| !label.is_empty()).or_else(by_registry).unwrap_or_default()
        };
        Self { of_clusters: view.sees().iter().map(of_cluster).collect(), cidrs: cidrs(networks) }
    }

    /// The network of an address in the cluster of that rank.
    pub(crate) fn of_address(&self, rank: usize, address: &str) -> &'m str {
        let of_cluster = self.of_clusters[rank];
        if !of_cluster.is_empty() || self.cidrs.is_empty() {
            return of_cluster;
        }
        let Ok(ip) = address.parse::<IpAddr>() else { return "" };
        self.cidrs.iter().find(|(cidr, _)| cidr.contains(&ip)).map_or("", |(_, name)| name)
    }

    /// The network of a workload: its label wins.
    pub(crate) fn of_workload(&self, rank: usize, own: &'m Labels, address: &str) -> &'m str {
        let label = own.get(labels::NETWORK).filter(|label| !label.is_empty());
        label.unwrap_or_else(|| self.of_address(rank, address))
    }
}

fn cidrs(networks: &[MeshNetwork]) -> Vec<(IpNet, &str)> {
    let each =
        networks.iter().flat_map(|network| network.cidrs.iter().map(|cidr| (*cidr, network.name.as_str())));
    let mut cidrs: Vec<_> = each.collect();
    cidrs.sort_by_key(|(cidr, name)| (cidr.prefix_len(), *name));
    cidrs
}
