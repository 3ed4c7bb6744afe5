//! The clients of clusters that were read, for what is asked once the mesh is known.

use std::collections::BTreeMap;

use mesh_model::{ClusterName, Gap};

use crate::client::unreachable;
use crate::request::Requests;

/// Clients by cluster. Their deadline is still that of the run, and a cluster that was given up stays so.
///
/// They belong to the runtime that read the clusters, and end with it.
#[derive(Default)]
pub struct Clients(pub(crate) BTreeMap<ClusterName, Requests>);

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Clients {
    /// The client of a cluster.
    ///
    /// # Errors
    /// If its part of the kubeconfig could not be used, or it is no cluster of the run.
    pub(crate) fn of(&self, cluster: &ClusterName) -> Result<&Requests, Gap> {
        self.0
            .get(cluster)
            .ok_or_else(|| unreachable(format!("there is no client for cluster \"{cluster}\"")))
    }
}
