//! What the debug pages of one istiod tell.

use std::sync::Arc;

use crate::{ClusterName, Network};

/// What one instance of istiod says about the mesh; others may say something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IstiodState {
    /// Clusters it reads (`/debug/clusterz`), sorted by ID.
    pub clusters: Vec<ReadCluster>,
    /// Gateways to other networks that it knows (`/debug/networkz`), sorted.
    pub gateways: Vec<KnownGateway>,
    /// Proxies connected to it (`/debug/syncz`), sorted by cluster and ID.
    pub proxies: Vec<ProxySync>,
}

/// A cluster that an istiod reads (`istio: pkg/cluster/debug.go`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadCluster {
    /// Its ID in the mesh.
    pub id: ClusterName,
    /// `namespace/name` of the remote Secret; empty for the cluster that istiod itself runs in.
    pub secret: Arc<str>,
    /// `synced`, `syncing`, `timeout` or `closed` (`istio: pkg/kube/multicluster/cluster.go`).
    pub status: Arc<str>,
}

/// A gateway to a network, as an istiod knows it (`istio: pilot/pkg/model/network.go: NetworkGateway`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownGateway {
    /// The network behind it.
    pub network: Network,
    /// The cluster it runs in.
    pub cluster: ClusterName,
    /// IP address.
    pub address: Arc<str>,
    /// Port for mTLS; 0 for none.
    pub port: u32,
    /// Port for HBONE; 0 for none.
    pub hbone_port: u32,
}

/// A proxy connected to an istiod (`istio: pilot/pkg/xds/debug.go: SyncStatus`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProxySync {
    /// Cluster ID that the proxy itself named.
    pub cluster: ClusterName,
    /// `pod.namespace`.
    pub id: Arc<str>,
    /// Its Istio version; empty if it named none.
    pub version: Arc<str>,
    /// How far it followed with endpoints.
    pub endpoints: SyncState,
}

/// How far a proxy followed one type of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncState {
    /// Nothing was sent.
    NotSent,
    /// It acknowledged what was sent last.
    Synced,
    /// It has not acknowledged what was sent last.
    Stale,
}
