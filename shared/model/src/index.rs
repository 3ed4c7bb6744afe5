//! Look-ups over all clusters, built once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::row::ServiceFact;
use crate::{Cluster, Hostname, Mesh, Row, resolve_host};

/// One service of the mesh: the Services of one host name in all clusters that have it.
#[derive(Clone, Debug)]
pub struct HostServices {
    /// Fully qualified name.
    pub name: Hostname,
    /// Where it is, in order of the clusters.
    pub services: Vec<ServiceAt>,
}

/// Place of a Service in the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceAt {
    /// Position in [`Mesh::clusters`].
    pub cluster: u32,
    /// Position in the cluster's table.
    pub row: u32,
}

impl ServiceAt {
    /// The cluster.
    #[must_use]
    pub fn cluster(self, mesh: &Mesh) -> &Arc<Cluster> {
        &mesh.clusters()[self.cluster as usize]
    }

    /// The Service.
    #[must_use]
    pub fn row(self, mesh: &Mesh) -> &Row<ServiceFact> {
        &self.cluster(mesh).services.rows()[self.row as usize]
    }
}

pub(crate) fn hosts(clusters: &[Arc<Cluster>]) -> Vec<HostServices> {
    let mut by_name: BTreeMap<(&str, &str), Vec<ServiceAt>> = BTreeMap::new();
    for (at, cluster) in clusters.iter().enumerate() {
        for (position, row) in cluster.services.rows().iter().enumerate() {
            let place = ServiceAt { cluster: index(at), row: index(position) };
            by_name.entry((&row.obj.namespace, &row.obj.name)).or_default().push(place);
        }
    }
    let mut hosts: Vec<_> = by_name
        .into_iter()
        .map(|((namespace, name), services)| HostServices { name: resolve_host(name, namespace), services })
        .collect();
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    hosts
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("tables hold fewer than 4 billion rows")
}
