//! Limits a run to some subjects. Nothing else differs between `check` and the webhook.

use std::collections::BTreeSet;

use mesh_model::{ClusterName, Namespace, ObjectRef};

/// Which subjects are visited. Each limit that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// Only these objects.
    pub objects: Option<BTreeSet<ObjectRef>>,
    /// Only objects of this namespace; subjects without a namespace are left out.
    pub namespace: Option<Namespace>,
    /// Only these clusters.
    pub clusters: Option<BTreeSet<ClusterName>>,
}

impl Focus {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// One object.
    #[must_use]
    pub fn object(object: ObjectRef) -> Self {
        Self { objects: Some(BTreeSet::from([object])), ..Self::default() }
    }

    /// True when the object is to be visited.
    #[must_use]
    pub fn covers(&self, object: &ObjectRef) -> bool {
        self.covers_cluster(&object.cluster)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace)
            && self.objects.as_ref().is_none_or(|objects| objects.contains(object))
    }

    /// True when the cluster is to be visited.
    #[must_use]
    pub fn covers_cluster(&self, cluster: &ClusterName) -> bool {
        self.clusters.as_ref().is_none_or(|clusters| clusters.contains(cluster))
    }
}
