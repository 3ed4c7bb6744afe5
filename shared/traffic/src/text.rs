//! Words for what is computed: those of Envoy where it has one.

use crate::{Exclusion, HostPolicy, LocalityMode};

impl LocalityMode {
    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Inert => "inert",
            Self::Failover => "failover",
            Self::Priority | Self::PriorityThenFailover => "priority",
            Self::Prefer => "prefer",
            Self::Distribute => "distribute",
            Self::ZoneAware => "zone-aware",
        }
    }

    /// What it does, for a sentence.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "no locality load balancing",
            Self::Inert => "locality failover without effect",
            Self::Failover => "locality failover",
            Self::Priority => "failover by labels",
            Self::PriorityThenFailover => "failover by labels, then by region",
            Self::Prefer => "traffic distribution",
            Self::Distribute => "weights of localities",
            Self::ZoneAware => "zone aware routing",
        }
    }
}

impl HostPolicy {
    /// As Envoy calls it (`envoy: Cluster.LbPolicy`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeastRequest => "LEAST_REQUEST",
            Self::RoundRobin => "ROUND_ROBIN",
            Self::Random => "RANDOM",
            Self::RingHash => "RING_HASH",
            Self::Maglev => "MAGLEV",
            Self::Provided => "CLUSTER_PROVIDED",
        }
    }
}

impl Exclusion {
    /// One word for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotExported => "notExported",
            Self::NoPod => "noPod",
            Self::PortName => "portName",
            Self::HostName => "hostName",
            Self::OtherNode => "otherNode",
            Self::ClusterLocal => "clusterLocal",
            Self::NetworkView => "networkView",
            Self::NoAddress => "noAddress",
            Self::NotReady => "notReady",
            Self::Terminating => "terminating",
            Self::Draining => "draining",
            Self::Subset => "subset",
            Self::GatewayFamily => "gatewayFamily",
            Self::NoMutualTls => "noMutualTls",
            Self::Distribute => "distribute",
            Self::ClusterNotJoined => "clusterNotJoined",
        }
    }
}
