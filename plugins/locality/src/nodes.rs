//! Where the nodes of each cluster stand, and how many pods of the mesh run there.

use std::collections::{BTreeMap, HashMap};

use mesh_model::row::NodeFact;
use mesh_model::{Cluster, Labels, Locality, Mesh, Name, Row};

/// Nodes of one cluster and locality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cluster: String,
    pub(crate) locality: Locality,
    /// Names of the nodes, sorted.
    pub(crate) nodes: Vec<Name>,
    /// Pods with a proxy that run there.
    pub(crate) pods: usize,
    /// Which labels name the locality.
    pub(crate) labels: Source,
}

/// The labels that a locality comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// `topology.kubernetes.io`.
    Topology,
    /// `failure-domain.beta.kubernetes.io`, of Kubernetes before 1.17.
    FailureDomain,
    /// None.
    Nothing,
}

impl Source {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Topology => "topology.kubernetes",
            Self::FailureDomain => "failure-domain.beta",
            Self::Nothing => "-",
        }
    }

    fn of(labels: &Labels) -> Self {
        let has = |key: &str| labels.get(key).is_some_and(|value| !value.is_empty());
        if has("topology.kubernetes.io/region") || has("topology.kubernetes.io/zone") {
            Self::Topology
        } else if has("failure-domain.beta.kubernetes.io/region")
            || has("failure-domain.beta.kubernetes.io/zone")
        {
            Self::FailureDomain
        } else {
            Self::Nothing
        }
    }
}

/// The places of all clusters, by cluster and locality.
pub(crate) fn places(mesh: &Mesh) -> Vec<Place> {
    mesh.clusters().iter().flat_map(|cluster| of_cluster(cluster)).collect()
}

fn of_cluster(cluster: &Cluster) -> Vec<Place> {
    let pods = pods_by_node(cluster);
    let mut places: BTreeMap<(&Locality, Source), Vec<&Row<NodeFact>>> = BTreeMap::new();
    for row in cluster.nodes.rows() {
        places.entry((&row.fact.locality, Source::of(&row.labels))).or_default().push(row);
    }
    let place = |((locality, labels), nodes): ((&Locality, Source), Vec<&Row<NodeFact>>)| Place {
        cluster: cluster.name.to_string(),
        locality: locality.clone(),
        nodes: nodes.iter().map(|row| row.obj.name.clone()).collect(),
        pods: nodes.iter().filter_map(|row| pods.get(row.obj.name.as_str())).sum(),
        labels,
    };
    places.into_iter().map(place).collect()
}

fn pods_by_node(cluster: &Cluster) -> HashMap<&str, usize> {
    let mut pods: HashMap<&str, usize> = HashMap::new();
    for row in cluster.pods.rows().iter().filter(|row| row.fact.has_proxy && !row.fact.finished) {
        *pods.entry(row.fact.node.as_str()).or_default() += 1;
    }
    pods
}
