//! What running proxies and istiods say: the facts behind `--actual`, beside which a prediction is laid.
//!
//! No part of the [`Mesh`](crate::Mesh): they are read of single proxies, when they are asked for, and nothing but
//! the fields below is kept. Terms are Envoy's: an *assignment* is what EDS delivers for one Envoy cluster, a *host*
//! is an endpoint as Envoy uses it, and `priority` 0 is the first.

mod assignment;
mod host;
mod istiod;

use std::fmt;

use crate::{ClusterName, Gap, Name, Namespace};

pub use assignment::{AssignedEndpoint, Assignment, EndpointGroup};
pub use host::{ClusterHosts, HostAddress, HostHealth, HostState, RequestCounts};
pub use istiod::{IstiodState, KnownGateway, ProxySync, ReadCluster, SyncState};

/// What `--actual` found for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// Who told.
    pub source: ActualSource,
    /// Assignments, sorted by name of the Envoy cluster.
    pub assignments: Vec<Assignment>,
    /// Hosts, sorted by name of the Envoy cluster; empty unless the proxy told.
    pub hosts: Vec<ClusterHosts>,
}

impl Actual {
    /// The assignment of an Envoy cluster.
    #[must_use]
    pub fn assignment(&self, cluster: &str) -> Option<&Assignment> {
        let at = self.assignments.binary_search_by(|one| (*one.cluster).cmp(cluster)).ok()?;
        self.assignments.get(at)
    }

    /// The hosts of an Envoy cluster.
    #[must_use]
    pub fn hosts(&self, cluster: &str) -> Option<&[HostState]> {
        let at = self.hosts.binary_search_by(|one| (*one.cluster).cmp(cluster)).ok()?;
        self.hosts.get(at).map(|one| one.hosts.as_slice())
    }
}

/// Who told what a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActualSource {
    /// The client's own Envoy: what it uses.
    Proxy,
    /// An istiod to which the proxy is connected: what it would be sent now. The proxy itself was not read. An address
    /// may stand in several groups, as a gateway does; Envoy keeps the first.
    Istiod {
        /// Cluster of the istiod.
        cluster: ClusterName,
        /// Its pod.
        pod: Name,
        /// Why the proxy was not read.
        instead: Gap,
    },
}

/// A pod with a sidecar, or a gateway, whose endpoints are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyRef {
    /// Cluster as the mesh names it.
    pub cluster: ClusterName,
    /// Namespace of the pod.
    pub namespace: Namespace,
    /// Name of the pod.
    pub pod: Name,
}

impl fmt::Display for ProxyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.cluster, self.namespace, self.pod)
    }
}

/// The host of a service's Envoy cluster: `outbound|PORT|SUBSET|HOST`, or `outbound_.PORT_.SUBSET_.HOST` on gateways
/// that pass traffic through by SNI. `None` for clusters of other names
/// (`istio: pilot/pkg/model/service.go: BuildSubsetKey, BuildDNSSrvSubsetKey`).
#[must_use]
pub fn envoy_cluster_host(name: &str) -> Option<&str> {
    let host = match name.strip_prefix("outbound_.") {
        Some(rest) => rest.splitn(3, "_.").nth(2),
        None => name.strip_prefix("outbound|")?.splitn(3, '|').nth(2),
    };
    host.filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::envoy_cluster_host;

    #[test]
    fn the_host_is_the_last_part_of_an_outbound_cluster() {
        let host = Some("echo.shop.svc.cluster.local");
        assert_eq!(envoy_cluster_host("outbound|80|v1|echo.shop.svc.cluster.local"), host);
        assert_eq!(envoy_cluster_host("outbound|80||echo.shop.svc.cluster.local"), host);
        assert_eq!(envoy_cluster_host("outbound_.80_._.echo.shop.svc.cluster.local"), host);
        for other in ["inbound|80||", "outbound|80||", "outbound", "PassthroughCluster", "outbound_.80", ""] {
            assert_eq!(envoy_cluster_host(other), None, "{other}");
        }
    }
}
