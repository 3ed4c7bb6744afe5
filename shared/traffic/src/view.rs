//! What one istiod sees: its own cluster's configuration, and the registries of the clusters it reads.

use std::sync::{Arc, LazyLock, OnceLock};

use mesh_model::row::{MeshConfig, SecretFact};
use mesh_model::{IstioVersion, Kind, ObjectRef, Row};

use crate::cluster_local::LocalHosts;
use crate::index::ClusterIndex;
use crate::peers::Peers;
use crate::place::Networks;
use crate::rules::Sidecars;
use crate::{Config, Features, Gateways, RuleSet, Rules, Traffic};

/// The istiod that serves the clients of one cluster.
#[derive(Clone, Debug)]
pub struct View<'t, 'm> {
    pub(crate) traffic: &'t Traffic<'m>,
    client_cluster: usize,
    plane: Arc<Plane<'m>>,
}

/// What is the same for all clusters that one istiod serves. The look-ups are made when they are first asked for.
#[derive(Debug)]
pub(crate) struct Plane<'m> {
    config_cluster: usize,
    sees: Vec<Seen<'m>>,
    /// Position in `sees` of each cluster of the mesh.
    ranks: Vec<Option<usize>>,
    rules: RuleSet,
    features: Features,
    local_hosts: OnceLock<LocalHosts>,
    networks: OnceLock<Networks<'m>>,
    destination_rules: OnceLock<Rules<'m>>,
    sidecars: OnceLock<Sidecars<'m>>,
    peers: OnceLock<Peers<'m>>,
    gateways: OnceLock<Gateways<'m>>,
    named_gateways: OnceLock<Gateways<'m>>,
}

/// A cluster that an istiod reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'m> {
    /// Position in the mesh.
    pub cluster: usize,
    /// The ID under which istiod reads it: the key of the remote secret where that was read, else the cluster's own.
    pub id: &'m str,
}

impl<'m> Plane<'m> {
    fn new(traffic: &Traffic<'m>, config_cluster: usize, rules: Option<RuleSet>) -> Self {
        let control_plane = &traffic.clusters()[config_cluster].cluster.control_plane;
        let rules = rules.or_else(|| control_plane.version.map(RuleSet::of)).unwrap_or_default();
        let sees = sees(traffic, config_cluster);
        let mut ranks = vec![None; traffic.clusters().len()];
        for (rank, seen) in sees.iter().enumerate() {
            ranks[seen.cluster] = Some(rank);
        }
        Self {
            config_cluster,
            sees,
            ranks,
            rules,
            features: Features::of(control_plane.istiods.first(), rules),
            local_hosts: OnceLock::new(),
            networks: OnceLock::new(),
            destination_rules: OnceLock::new(),
            sidecars: OnceLock::new(),
            peers: OnceLock::new(),
            gateways: OnceLock::new(),
            named_gateways: OnceLock::new(),
        }
    }
}

impl<'t, 'm> View<'t, 'm> {
    pub(crate) fn new(traffic: &'t Traffic<'m>, client_cluster: usize, rules: Option<RuleSet>) -> Self {
        let config_cluster = config_cluster(traffic, client_cluster);
        let plane = match rules {
            Some(_) => Arc::new(Plane::new(traffic, config_cluster, rules)),
            None => Arc::clone(
                traffic
                    .plane(config_cluster)
                    .get_or_init(|| Arc::new(Plane::new(traffic, config_cluster, None))),
            ),
        };
        Self { traffic, client_cluster, plane }
    }

    /// The computation it belongs to.
    #[must_use]
    pub fn traffic(&self) -> &'t Traffic<'m> {
        self.traffic
    }

    /// The same istiod by the rules of another version.
    #[must_use]
    pub fn with_rules(self, rules: RuleSet) -> Self {
        self.traffic.view_by(self.client_cluster, rules)
    }

    /// The rules by which it computes.
    #[must_use]
    pub fn rules(&self) -> RuleSet {
        self.plane.rules
    }

    /// Its version; `None` where it is not known, and [`rules`](Self::rules) are those of the newest.
    #[must_use]
    pub fn version(&self) -> Option<IstioVersion> {
        self.config().cluster.control_plane.version
    }

    /// Its feature flags.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.plane.features
    }

    /// Position of the cluster whose clients it serves.
    #[must_use]
    pub fn client_cluster(&self) -> usize {
        self.client_cluster
    }

    /// Position of the cluster that istiod runs in and reads its configuration from.
    #[must_use]
    pub fn config_cluster(&self) -> usize {
        self.plane.config_cluster
    }

    /// The clusters it reads, its own first, the others by ID. All of the mesh where it is not known which.
    #[must_use]
    pub fn sees(&self) -> &[Seen<'m>] {
        &self.plane.sees
    }

    /// The ID of a cluster as this istiod calls it; that of the cluster itself where istiod does not read it.
    #[must_use]
    pub fn cluster_id(&self, cluster: usize) -> &'m str {
        let own = self.traffic.clusters()[cluster].id;
        self.rank(cluster).map_or(own, |rank| self.sees()[rank].id)
    }

    /// The mesh config in force and the ConfigMap it comes from; Istio's defaults without one.
    #[must_use]
    pub fn mesh_config(&self) -> (&'m MeshConfig, Option<&'m ObjectRef>) {
        static DEFAULT: LazyLock<MeshConfig> = LazyLock::new(MeshConfig::default);
        match &self.config().cluster.control_plane.mesh_config {
            Some((object, config)) => (config, Some(object)),
            None => (&DEFAULT, None),
        }
    }

    /// `rootNamespace`: the system namespace unless the mesh config names another.
    #[must_use]
    pub fn root_namespace(&self) -> &'m str {
        let control_plane = &self.config().cluster.control_plane;
        self.mesh_config().0.root_namespace.as_deref().unwrap_or_else(|| control_plane.system_namespace())
    }

    /// The DestinationRules it reads.
    #[must_use]
    pub fn destination_rules(&self) -> &Rules<'m> {
        let rules = || Rules::new(self.config().cluster, &Config::of(self));
        self.plane.destination_rules.get_or_init(rules)
    }

    /// The Sidecars it reads.
    #[must_use]
    pub fn sidecars(&self) -> &Sidecars<'m> {
        self.plane.sidecars.get_or_init(|| Sidecars::new(self.config().cluster, &Config::of(self)))
    }

    /// The gateways into networks that it knows.
    #[must_use]
    pub fn gateways(&self) -> &Gateways<'m> {
        self.plane.gateways.get_or_init(|| Gateways::of(self))
    }

    /// The same with those by host name, as clusters by DNS get them.
    pub(crate) fn named_gateways(&self) -> &Gateways<'m> {
        self.plane.named_gateways.get_or_init(|| Gateways::with_names(self))
    }

    pub(crate) fn peers(&self) -> &Peers<'m> {
        self.plane.peers.get_or_init(|| Peers::of(self))
    }

    pub(crate) fn local_hosts(&self) -> &LocalHosts {
        self.plane.local_hosts.get_or_init(|| LocalHosts::of(self))
    }

    pub(crate) fn networks(&self) -> &Networks<'m> {
        self.plane.networks.get_or_init(|| Networks::of(self))
    }

    /// Position of a cluster among those that istiod reads; `None` if it does not read it.
    pub(crate) fn rank(&self, cluster: usize) -> Option<usize> {
        self.plane.ranks[cluster]
    }

    pub(crate) fn config(&self) -> &'t ClusterIndex<'m> {
        &self.traffic.clusters()[self.config_cluster()]
    }
}

/// The cluster whose istiod serves clients of `cluster`: its own; without one the first that has a remote secret for
/// it, or the first that has an istiod where Secrets are not known.
fn config_cluster(traffic: &Traffic<'_>, cluster: usize) -> usize {
    let clusters = traffic.clusters();
    if has_istiod(&clusters[cluster]) {
        return cluster;
    }
    let primaries = || clusters.iter().enumerate().filter(|(_, index)| has_istiod(index));
    let by_secret = primaries().find(|(_, index)| {
        let mut ids = remote_secrets(index).flat_map(registered);
        ids.any(|id| traffic.named(id) == Some(cluster))
    });
    let unknown = || primaries().find(|(_, index)| !knows_secrets(index));
    by_secret.or_else(unknown).map_or(cluster, |(at, _)| at)
}

fn has_istiod(index: &ClusterIndex<'_>) -> bool {
    !index.cluster.control_plane.istiods.is_empty()
}

fn sees<'m>(traffic: &Traffic<'m>, config: usize) -> Vec<Seen<'m>> {
    let clusters = traffic.clusters();
    let mut others: Vec<Seen<'m>> = if knows_secrets(&clusters[config]) {
        let ids = remote_secrets(&clusters[config]).flat_map(registered);
        ids.filter_map(|id| Some(Seen { cluster: traffic.named(id)?, id })).collect()
    } else {
        clusters.iter().enumerate().map(|(cluster, index)| Seen { cluster, id: index.id }).collect()
    };
    others.retain(|seen| seen.cluster != config);
    others.sort_by_key(|seen| (seen.cluster, seen.id));
    others.dedup_by_key(|seen| seen.cluster);
    others.sort_by_key(|seen| (seen.id, seen.cluster));
    std::iter::once(Seen { cluster: config, id: clusters[config].id }).chain(others).collect()
}

fn knows_secrets(index: &ClusterIndex<'_>) -> bool {
    index.cluster.gaps.of(Kind::Secret).is_none()
}

/// Secrets that tell istiod to read another cluster (`istio: pkg/kube/multicluster/secretcontroller.go`).
fn remote_secrets<'m>(index: &ClusterIndex<'m>) -> impl Iterator<Item = &'m Row<SecretFact>> + use<'m> {
    let system = index.cluster.control_plane.system_namespace();
    let secrets = index.cluster.secrets.in_namespace(system).iter();
    secrets.filter(|secret| secret.labels.is("istio/multiCluster", "true"))
}

/// The cluster IDs a remote secret stands for: its keys where they were read, else what
/// `istioctl create-remote-secret` writes into annotation and name.
fn registered(secret: &Row<SecretFact>) -> Vec<&str> {
    if !secret.fact.keys.is_empty() {
        return secret.fact.keys.iter().map(|key| &**key).collect();
    }
    let annotated = secret.annotations.get("networking.istio.io/cluster").filter(|name| !name.is_empty());
    annotated.or_else(|| secret.obj.name.strip_prefix("istio-remote-secret-")).into_iter().collect()
}
