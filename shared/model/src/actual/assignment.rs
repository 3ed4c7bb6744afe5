//! Assignments: what EDS delivers for an Envoy cluster.

use std::sync::Arc;

use super::{HostAddress, HostHealth};
use crate::{ClusterName, Locality};

/// What one Envoy cluster gets by EDS (`envoy: config.endpoint.v3.ClusterLoadAssignment`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Name of the Envoy cluster, such as `outbound|80||echo.shop.svc.cluster.local`.
    pub cluster: Arc<str>,
    /// Overprovisioning factor in percent; `None` stands for Envoy's 140.
    pub overprovisioning: Option<u32>,
    /// Endpoints by locality and priority, sorted by priority, then locality. istiod sends a group without
    /// endpoints where all of a locality were taken away; Envoy does not show such a group.
    pub groups: Vec<EndpointGroup>,
}

/// Endpoints of one locality and priority (`envoy: config.endpoint.v3.LocalityLbEndpoints`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointGroup {
    /// Where they stand.
    pub locality: Locality,
    /// 0 is tried first.
    pub priority: u32,
    /// Weight of the locality among those of its priority, where Envoy counts locality weights; `None` if it was not
    /// told.
    pub weight: Option<u32>,
    /// Sorted by address.
    pub endpoints: Vec<AssignedEndpoint>,
}

/// One endpoint of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedEndpoint {
    /// Where it listens.
    pub address: HostAddress,
    /// As istiod sent it. From an Envoy it is coarse: an ejected or draining host reads unhealthy.
    pub health: HostHealth,
    /// Weight within its group; `None` stands for 1.
    pub weight: Option<u32>,
    /// The cluster it is of: the last part of the metadata `istio.workload`. A gateway stands for the cluster
    /// behind it. `None` where the metadata names none.
    pub cluster: Option<ClusterName>,
}
