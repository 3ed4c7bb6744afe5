//! The mesh: N clusters and what stands between them. Immutable; an overlay shares all it does not touch.

use std::sync::Arc;

use crate::row::DestinationRule;
use crate::{Cluster, HostServices, ObjectRef, Origin, Row};

/// Something a source noticed while reading; rules of the tool's own area turn it into findings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A document or object that could not be read; the others were.
    Unreadable {
        /// Cluster it was given for.
        cluster: crate::ClusterName,
        /// The object, where its kind and name could be read.
        object: Option<ObjectRef>,
        /// File (or `stdin`), empty for a live object.
        file: String,
        /// Line and column from 1, where known.
        position: Option<(u32, u32)>,
        /// What is wrong, in lower case, without a full stop.
        message: String,
    },
    /// One name given twice with different content; the first was kept.
    GivenTwice {
        /// The object.
        object: ObjectRef,
        /// Places of the first and of the other, as the source names them; empty where unknown.
        places: [String; 2],
        /// Where the first and the other were read.
        origins: [Origin; 2],
    },
}

impl Note {
    /// The object it is about, where that is known.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Unreadable { object, .. } => object.as_ref(),
            Self::GivenTwice { object, .. } => Some(object),
        }
    }
}

/// All that is known.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    pub(crate) clusters: Vec<Arc<Cluster>>,
    pub(crate) hosts: Arc<Vec<HostServices>>,
    pub(crate) notes: Arc<Vec<Note>>,
}

impl Mesh {
    /// The clusters, sorted by name.
    #[must_use]
    pub fn clusters(&self) -> &[Arc<Cluster>] {
        &self.clusters
    }

    /// Services of all clusters by host name, sorted.
    #[must_use]
    pub fn hosts(&self) -> &[HostServices] {
        &self.hosts
    }

    /// The services of one host.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&HostServices> {
        self.hosts.binary_search_by(|host| host.name.as_str().cmp(name)).ok().map(|at| &self.hosts[at])
    }

    /// What the sources noticed.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The cluster of that name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters
            .binary_search_by(|cluster| cluster.name.as_str().cmp(name))
            .ok()
            .map(|at| &self.clusters[at])
    }

    /// This mesh with one DestinationRule put; all else is shared.
    #[must_use]
    pub fn with_destination_rule(&self, row: Row<DestinationRule>) -> Self {
        let mut mesh = self.clone();
        if let Some(cluster) = mesh.clusters.iter_mut().find(|cluster| cluster.name == row.obj.cluster) {
            let changed = Arc::make_mut(cluster);
            changed.destination_rules = changed.destination_rules.with(row);
        }
        mesh
    }
}
