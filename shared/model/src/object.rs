//! References to objects, and where an object was read.

use std::fmt;

use crate::{ClusterName, Kind, Name, Namespace};

/// Names one object of one cluster. Ordered by kind last, so that lists group by place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Cluster that holds the object.
    pub cluster: ClusterName,
    /// Namespace; empty for objects without one.
    pub namespace: Namespace,
    /// Kind.
    pub kind: Kind,
    /// `metadata.name`.
    pub name: Name,
}

impl ObjectRef {
    /// A reference; `namespace` is the empty string for cluster-scoped objects.
    pub fn new(
        cluster: impl Into<ClusterName>,
        kind: Kind,
        namespace: impl Into<Namespace>,
        name: impl Into<Name>,
    ) -> Self {
        Self { cluster: cluster.into(), kind, namespace: namespace.into(), name: name.into() }
    }

    /// `namespace/name`, or the bare name of a cluster-scoped object.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.qualified_name())
    }
}

/// Where the facts of a row were read; resolved to a file and line late, by the source that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Origin {
    /// An API server, or the model's own builders.
    #[default]
    Live,
    /// A document of a file.
    Document {
        /// Number of the file in the source's own list.
        file: u32,
        /// Number of the document in that file, from 0.
        index: u32,
        /// Number of the item if the document is a `List`, from 0; 0 for a document of its own.
        item: u32,
    },
}
