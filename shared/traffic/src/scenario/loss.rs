//! What is lost: regions, clusters, networks, gateways, nodes, pods, whole or in part.

use mesh_model::row::PodFact;
use mesh_model::{ClusterName, Locality, Mesh, Row};

use crate::Endpoint;

/// Something that can be lost as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Every node and endpoint of a region.
    Region(String),
    /// Every node and endpoint of a zone, in whatever region it is.
    Zone(String),
    /// A cluster with its control plane and gateways.
    Cluster(String),
    /// The way into a network: all its gateways and what is in it.
    Network(String),
    /// One address of a gateway.
    Gateway(String),
    /// A node: its cluster, where it is named, and its name.
    Node(Option<String>, String),
    /// A pod: cluster, namespace, name.
    Pod(String, String, String),
    /// The pods of a workload: cluster, namespace, and the name that theirs begin with.
    Workload(String, String, String),
}

/// How a loss shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Endpoints are listed and do not answer: istiod does not see the loss, Envoy's outlier detection may.
    #[default]
    Unreachable,
    /// Pods become unready and answer until istiod has told so: it sees the loss.
    Drain,
    /// The API server is cut off: istiod keeps what it knew, and endpoints answer.
    Stale,
}

/// One loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What.
    pub target: Target,
    /// How much of it, percent; 100 is all.
    pub percent: u32,
}

impl Loss {
    /// All of it is lost.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.percent >= 100
    }
}

/// What of a mesh is lost.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    losses: Vec<Loss>,
    /// By position.
    clusters: Vec<ClusterName>,
}

/// What becomes of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Lives,
    /// It is lost with all of its kind.
    Dies,
    /// It belongs to what is lost in part, by the loss of that position.
    InPart(usize),
}

/// Something that stands somewhere, as far as losses go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing<'a> {
    /// Position of its cluster.
    pub(crate) cluster: usize,
    /// Its network; empty if unnamed.
    pub(crate) network: &'a str,
    /// Its locality.
    pub(crate) locality: &'a Locality,
    /// Its node; empty if unknown.
    pub(crate) node: &'a str,
    /// Its pod, if it is one.
    pub(crate) pod: Option<&'a Row<PodFact>>,
}

impl Lost {
    /// Takes `losses` for `mesh`.
    #[must_use]
    pub fn of(mesh: &Mesh, losses: Vec<Loss>) -> Self {
        Self { losses, clusters: mesh.clusters().iter().map(|cluster| cluster.name.clone()).collect() }
    }

    /// The losses.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// What becomes of an endpoint.
    #[must_use]
    pub fn endpoint(&self, endpoint: &Endpoint<'_>) -> Fate {
        self.judge(Standing {
            cluster: endpoint.cluster,
            network: endpoint.network,
            locality: &endpoint.locality,
            node: endpoint.node,
            pod: endpoint.pod,
        })
    }

    /// What becomes of something: of several losses that mean it, the largest counts, and of equal ones the first.
    pub(crate) fn judge(&self, of: Standing<'_>) -> Fate {
        let meant = self.losses.iter().enumerate().filter(|(_, loss)| loss.percent > 0);
        let meant = meant.filter(|(_, loss)| self.means(&loss.target, of));
        match meant.max_by_key(|(at, loss)| (loss.percent, std::cmp::Reverse(*at))) {
            None => Fate::Lives,
            Some((_, loss)) if loss.is_whole() => Fate::Dies,
            Some((at, _)) => Fate::InPart(at),
        }
    }

    /// An address of a gateway is named as lost.
    #[must_use]
    pub fn names_gateway(&self, address: &str) -> bool {
        self.loses(|target| matches!(target, Target::Gateway(name) if name == address))
    }

    /// A whole network is named as lost.
    #[must_use]
    pub fn names_network(&self, network: &str) -> bool {
        self.loses(|target| matches!(target, Target::Network(name) if name == network))
    }

    fn loses(&self, is_meant: impl Fn(&Target) -> bool) -> bool {
        self.losses.iter().any(|loss| loss.is_whole() && is_meant(&loss.target))
    }

    fn means(&self, target: &Target, of: Standing<'_>) -> bool {
        let is_pod = |cluster: &str, namespace: &str, names: &dyn Fn(&Row<PodFact>) -> bool| {
            self.is_cluster(of.cluster, cluster)
                && of.pod.is_some_and(|pod| pod.obj.namespace == *namespace && names(pod))
        };
        match target {
            Target::Region(region) => of.locality.region == **region,
            Target::Zone(zone) => of.locality.zone == **zone,
            Target::Cluster(name) => self.is_cluster(of.cluster, name),
            Target::Network(name) => of.network == name,
            Target::Gateway(_) => false,
            Target::Node(cluster, name) => {
                of.node == name && cluster.as_ref().is_none_or(|name| self.is_cluster(of.cluster, name))
            }
            Target::Pod(cluster, namespace, name) => {
                is_pod(cluster, namespace, &|pod| pod.obj.name == **name)
            }
            Target::Workload(cluster, namespace, name) => {
                is_pod(cluster, namespace, &|pod| is_of_workload(pod, name))
            }
        }
    }

    fn is_cluster(&self, at: usize, name: &str) -> bool {
        self.clusters.get(at).is_some_and(|known| *known == *name)
    }
}

/// A pod is of the workload: a Deployment's is called `NAME-HASH-RANDOM`, one of a StatefulSet or DaemonSet
/// `NAME-SUFFIX`.
#[must_use]
pub fn is_of_workload(pod: &Row<PodFact>, workload: &str) -> bool {
    let Some(rest) = pod.obj.name.strip_prefix(workload) else { return false };
    let Some(rest) = rest.strip_prefix('-') else { return rest.is_empty() };
    match pod.labels.get("pod-template-hash") {
        Some(hash) => rest.strip_prefix(hash).is_some_and(|rest| rest.starts_with('-')),
        None => !rest.contains('-'),
    }
}
