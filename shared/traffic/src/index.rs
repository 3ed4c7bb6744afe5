//! Look-ups over the mesh that every view shares, built once and linear in the mesh.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use mesh_model::row::{PodFact, ServiceEntry, ServiceFact};
use mesh_model::{Cluster, KindSet, Labels, Mesh, Row, ServiceAt};

use crate::client::labels;
use crate::place::Place;
use crate::view::Plane;
use crate::{RuleSet, View};

/// The kinds that the computation reads. Where one of them was not read whole, its results may be wrong.
pub const KINDS: KindSet = KindSet::Node
    .union(KindSet::Service)
    .union(KindSet::Pod)
    .union(KindSet::EndpointSlice)
    .union(KindSet::DestinationRule)
    .union(KindSet::ServiceEntry)
    .union(KindSet::WorkloadEntry)
    .union(KindSet::PeerAuthentication);

/// The computation over one mesh. Immutable; views borrow from it.
#[derive(Debug)]
pub struct Traffic<'m> {
    mesh: &'m Mesh,
    clusters: Vec<ClusterIndex<'m>>,
    /// Clusters by what a remote secret may call them.
    by_name: HashMap<&'m str, usize>,
    /// Clusters with EndpointSlices of a Service, by its namespace and name.
    slices: HashMap<(&'m str, &'m str), Vec<usize>>,
    /// What is the same for all clusters that the istiod of a cluster serves.
    planes: Vec<OnceLock<Arc<Plane<'m>>>>,
}

/// What is looked up of one cluster.
#[derive(Debug)]
pub(crate) struct ClusterIndex<'m> {
    /// The cluster.
    pub(crate) cluster: &'m Cluster,
    /// Its cluster ID, or the name it was given where it has none.
    pub(crate) id: &'m str,
    /// Localities of nodes by name.
    pub(crate) nodes: HashMap<&'m str, Place>,
    /// Pods by address.
    pub(crate) pods_by_ip: HashMap<&'m str, Vec<&'m Row<PodFact>>>,
    /// ServiceEntries by host, the oldest first.
    pub(crate) entries: HashMap<&'m str, Vec<&'m Row<ServiceEntry>>>,
    /// Services with the label of a network.
    pub(crate) gateways: Vec<&'m Row<ServiceFact>>,
    /// Labels of WorkloadEntries, in order of the table: those of the object before those of its `spec`
    /// (`istio: pilot/pkg/serviceregistry/serviceentry/conversion.go: ConvertWorkloadEntry`).
    pub(crate) workload_labels: Vec<Labels>,
}

impl<'m> Traffic<'m> {
    /// Indexes `mesh`.
    #[must_use]
    pub fn new(mesh: &'m Mesh) -> Self {
        let clusters: Vec<_> = mesh.clusters().iter().map(|cluster| ClusterIndex::new(cluster)).collect();
        let by_name = names(&clusters);
        let slices = slices(&clusters);
        let planes = clusters.iter().map(|_| OnceLock::new()).collect();
        Self { mesh, clusters, by_name, slices, planes }
    }

    /// The mesh.
    #[must_use]
    pub fn mesh(&self) -> &'m Mesh {
        self.mesh
    }

    /// What the istiod that serves clients of `cluster` sees, by the rules of its version; those of the newest where
    /// the version is not known (see [`View::version`] and [`RuleSet::in_question`]).
    ///
    /// # Panics
    ///
    /// If `cluster` is no position in the mesh.
    #[must_use]
    pub fn view(&self, cluster: usize) -> View<'_, 'm> {
        View::new(self, cluster, None)
    }

    /// As [`view`](Self::view), by the rules of another version.
    ///
    /// # Panics
    ///
    /// If `cluster` is no position in the mesh.
    #[must_use]
    pub fn view_by(&self, cluster: usize, rules: RuleSet) -> View<'_, 'm> {
        View::new(self, cluster, Some(rules))
    }

    pub(crate) fn clusters(&self) -> &[ClusterIndex<'m>] {
        &self.clusters
    }

    pub(crate) fn plane(&self, config_cluster: usize) -> &OnceLock<Arc<Plane<'m>>> {
        &self.planes[config_cluster]
    }

    /// The cluster a remote secret means.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The clusters with EndpointSlices of a Service.
    pub(crate) fn with_slices(&self, namespace: &'m str, name: &'m str) -> &[usize] {
        self.slices.get(&(namespace, name)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn service_row(&self, at: ServiceAt) -> (usize, &'m Row<ServiceFact>) {
        (at.cluster as usize, at.row(self.mesh))
    }
}

impl<'m> ClusterIndex<'m> {
    fn new(cluster: &'m Cluster) -> Self {
        Self {
            cluster,
            id: cluster.control_plane.cluster_id().unwrap_or(&cluster.name),
            nodes: nodes(cluster),
            pods_by_ip: pods_by_ip(cluster),
            entries: entries(cluster),
            gateways: gateways(cluster),
            workload_labels: workload_labels(cluster),
        }
    }
}

/// A remote secret may call a cluster by its ID, by the name it was given here, or by the UID of its `kube-system`,
/// which is what `istioctl create-remote-secret` takes by default. Of clusters with one ID the first is meant.
fn names<'m>(clusters: &[ClusterIndex<'m>]) -> HashMap<&'m str, usize> {
    let uid = |index: &ClusterIndex<'m>| {
        let row = index.cluster.namespaces.find("", "kube-system")?;
        Some(&*row.fact.uid).filter(|uid| !uid.is_empty())
    };
    let all = || clusters.iter().enumerate();
    let ids = all().map(|(at, index)| (index.id, at));
    let given = all().map(|(at, index)| (index.cluster.name.as_str(), at));
    let uids = all().filter_map(|(at, index)| Some((uid(index)?, at)));
    let mut names = HashMap::new();
    for (name, at) in ids.chain(given).chain(uids) {
        names.entry(name).or_insert(at);
    }
    names
}

fn slices<'m>(clusters: &[ClusterIndex<'m>]) -> HashMap<(&'m str, &'m str), Vec<usize>> {
    let mut slices: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (at, index) in clusters.iter().enumerate() {
        for row in index.cluster.endpoint_slices.rows() {
            let clusters = slices.entry((&row.obj.namespace, &row.fact.service)).or_default();
            if clusters.last() != Some(&at) {
                clusters.push(at);
            }
        }
    }
    slices
}

fn nodes(cluster: &Cluster) -> HashMap<&str, Place> {
    let rows = cluster.nodes.rows().iter();
    rows.map(|row| (row.obj.name.as_str(), Place::of_node(&row.fact.locality))).collect()
}

fn pods_by_ip(cluster: &Cluster) -> HashMap<&str, Vec<&Row<PodFact>>> {
    let mut pods: HashMap<&str, Vec<&Row<PodFact>>> = HashMap::new();
    for row in cluster.pods.rows().iter().filter(|row| !row.fact.ip.is_empty()) {
        pods.entry(&row.fact.ip).or_default().push(row);
    }
    pods
}

fn entries(cluster: &Cluster) -> HashMap<&str, Vec<&Row<ServiceEntry>>> {
    let mut entries: HashMap<&str, Vec<&Row<ServiceEntry>>> = HashMap::new();
    let mut rows: Vec<_> = cluster.service_entries.rows().iter().collect();
    rows.sort_by_key(|row| (&row.fact.created, &row.obj.namespace, &row.obj.name));
    for row in rows {
        for host in &row.fact.hosts {
            let of_host = entries.entry(host).or_default();
            if of_host.last().is_none_or(|last| last.obj != row.obj) {
                of_host.push(row);
            }
        }
    }
    entries
}

fn gateways(cluster: &Cluster) -> Vec<&Row<ServiceFact>> {
    let has_network =
        |row: &&Row<ServiceFact>| row.labels.get(labels::NETWORK).is_some_and(|name| !name.is_empty());
    cluster.services.rows().iter().filter(has_network).collect()
}

fn workload_labels(cluster: &Cluster) -> Vec<Labels> {
    let rows = cluster.workload_entries.rows().iter();
    rows.map(|row| {
        if row.labels.is_empty() {
            return row.fact.labels.clone();
        }
        row.labels.iter().chain(row.fact.labels.iter()).collect()
    })
    .collect()
}
