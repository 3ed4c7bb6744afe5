//! Limits a run to some subjects. Nothing else differs between `check` and the webhook.
//!
//! `objects` limits what is visited, to be quick. `namespace` limits only what is told: whether another rule is
//! pointless behind a failure depends on the whole cluster.

use std::collections::BTreeSet;

use mesh_model::{ClusterName, Kind, Namespace, ObjectRef};

use crate::Subject;

/// Which findings are told. Each limit that is set must hold; a cluster and a document as a whole are limited by
/// `clusters` alone, since what is wrong with them may concern every object.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// Only these objects.
    pub objects: Option<BTreeSet<ObjectRef>>,
    /// Only objects of this namespace, and the namespace itself; other objects without a namespace are left out.
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

    /// True when findings about the object are to be told.
    #[must_use]
    pub fn covers(&self, object: &ObjectRef) -> bool {
        self.covers_cluster(&object.cluster)
            && self.namespace.as_ref().is_none_or(|namespace| is_of(object, namespace))
            && self.visits(object)
    }

    /// True when findings about the subject are to be told.
    #[must_use]
    pub fn covers_subject(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Object(object) => self.covers(object),
            Subject::Cluster(cluster) | Subject::Document { cluster, .. } => self.covers_cluster(cluster),
        }
    }

    /// True when `namespace` hides the subject because it is in no namespace: then nothing of its sort is told.
    pub(crate) fn hides_sort_of(&self, subject: &Subject) -> bool {
        self.namespace.is_some()
            && matches!(subject, Subject::Object(object) if object.namespace.is_empty() && object.kind != Kind::Namespace)
    }

    /// True when a rule is to be called for the object.
    pub(crate) fn visits(&self, object: &ObjectRef) -> bool {
        self.objects.as_ref().is_none_or(|objects| objects.contains(object))
    }

    /// True when the cluster is to be judged.
    #[must_use]
    pub fn covers_cluster(&self, cluster: &ClusterName) -> bool {
        self.clusters.as_ref().is_none_or(|clusters| clusters.contains(cluster))
    }
}

fn is_of(object: &ObjectRef, namespace: &Namespace) -> bool {
    if object.kind == Kind::Namespace { *object.name == **namespace } else { object.namespace == *namespace }
}
