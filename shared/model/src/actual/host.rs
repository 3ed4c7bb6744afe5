//! Hosts: the endpoints of an Envoy cluster as Envoy uses them.

use std::fmt;
use std::sync::Arc;

use crate::Locality;

/// The hosts of one Envoy cluster with their state (`envoy: admin.v3.ClusterStatus`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterHosts {
    /// Name of the Envoy cluster.
    pub cluster: Arc<str>,
    /// Sorted by priority, then address. Envoy keeps one host per address.
    pub hosts: Vec<HostState>,
}

/// One host as Envoy uses it (`envoy: admin.v3.HostStatus`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostState {
    /// Where it listens.
    pub address: HostAddress,
    /// Where it stands.
    pub locality: Locality,
    /// 0 is tried first.
    pub priority: u32,
    /// Weight of the host, not of its locality; `None` if it was not told.
    pub weight: Option<u32>,
    /// As EDS told it.
    pub health: HostHealth,
    /// Ejected by outlier detection.
    pub failed_outlier_check: bool,
    /// What this proxy sent to it so far.
    pub requests: RequestCounts,
}

/// Counters of one host since the proxy knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// `rq_total`: sent to it. Requests of HTTP, connections of TCP are in no counter of these.
    pub total: u64,
    /// `rq_success`: answered below 500.
    pub success: u64,
    /// `rq_error`: answered by 5xx, or not at all.
    pub error: u64,
}

/// Where an endpoint listens, as `istioctl proxy-config endpoints` prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostAddress {
    /// `ip:port`, an IPv6 address in brackets.
    Socket {
        /// IP address, or a host name that Envoy resolves.
        address: Arc<str>,
        /// Port; 0 if it was not told.
        port: u16,
    },
    /// `unix://path`.
    Pipe(
        /// Path of the socket.
        Arc<str>,
    ),
    /// `envoy://listener/endpoint`: a listener inside the same Envoy, through which HBONE goes.
    Internal {
        /// Name of the listener, such as `connect_originate`.
        listener: Arc<str>,
        /// What it leads to, commonly `ip:port`.
        endpoint: Arc<str>,
    },
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { address, port } if address.contains(':') => write!(f, "[{address}]:{port}"),
            Self::Socket { address, port } => write!(f, "{address}:{port}"),
            Self::Pipe(path) => write!(f, "unix://{path}"),
            Self::Internal { listener, endpoint } => write!(f, "envoy://{listener}/{endpoint}"),
        }
    }
}

/// Health as EDS names it (`envoy: config.core.v3.HealthStatus`). Envoy treats unknown as healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostHealth {
    /// Not told.
    #[default]
    Unknown,
    /// Takes traffic.
    Healthy,
    /// Takes none, unless Envoy panics. `TIMEOUT` counts as this too.
    Unhealthy,
    /// Takes none, and its connections end.
    Draining,
    /// Takes traffic when too few healthy ones are left.
    Degraded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_istioctl_prints_them() {
        let socket = |address: &str| HostAddress::Socket { address: address.into(), port: 80 }.to_string();
        assert_eq!(socket("10.0.0.1"), "10.0.0.1:80");
        assert_eq!(socket("fd00::1"), "[fd00::1]:80");
        assert_eq!(HostAddress::Pipe("/run/x".into()).to_string(), "unix:///run/x");
        let internal =
            HostAddress::Internal { listener: "connect_originate".into(), endpoint: "10.0.0.1:80".into() };
        assert_eq!(internal.to_string(), "envoy://connect_originate/10.0.0.1:80");
    }
}
