//! Look-ups over the mesh that every view shares, built once and linear in the mesh.

use std::collections::HashMap;
use std::sync::Arc;

use mesh_model::row::{PodFact, ServiceEntry};
use mesh_model::{Cluster, Labels, Locality, Mesh, Row, ServiceAt};

use crate::{RuleSet, View};

/// The computation over one mesh. Immutable; views borrow from it.
#[derive(Debug)]
pub struct Traffic<'m> {
    mesh: &'m Mesh,
    clusters: Vec<ClusterIndex<'m>>,
    /// Clusters by what a remote secret may call them.
    by_name: HashMap<&'m str, usize>,
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
    /// Labels of WorkloadEntries, in order of the table: those of the object before those of its `spec`
    /// (`istio: pilot/pkg/serviceregistry/serviceentry/conversion.go: ConvertWorkloadEntry`).
    pub(crate) workload_labels: Vec<Labels>,
}

/// A locality with the text that istiod groups endpoints by: `r/z` and `r/z/` are two groups of one locality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) locality: Locality,
    pub(crate) text: Arc<str>,
}

impl<'m> Traffic<'m> {
    /// Indexes `mesh`.
    #[must_use]
    pub fn new(mesh: &'m Mesh) -> Self {
        let clusters: Vec<_> = mesh.clusters().iter().map(|cluster| ClusterIndex::new(cluster)).collect();
        let by_name = names(&clusters);
        Self { mesh, clusters, by_name }
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

    /// The cluster a remote secret means.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn service_row(&self, at: ServiceAt) -> (usize, &'m Row<mesh_model::row::ServiceFact>) {
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
    for row in cluster.service_entries.rows() {
        for host in &row.fact.hosts {
            entries.entry(host).or_default().push(row);
        }
    }
    for rows in entries.values_mut() {
        rows.sort_by_key(|row| (&row.fact.created, &row.obj.namespace, &row.obj.name));
        rows.dedup_by_key(|row| &row.obj);
    }
    entries
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

impl Place {
    /// The locality of a node; the text is empty where no part is known
    /// (`istio: pilot/pkg/serviceregistry/kube/controller/controller.go: getPodLocality`).
    fn of_node(locality: &Locality) -> Self {
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
}
