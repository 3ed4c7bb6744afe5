//! Builders: rows go in one by one, a sorted and indexed [`Mesh`] comes out.

use std::sync::Arc;

use crate::row::{
    AuthorizationPolicy, ConfigMapFact, DeploymentFact, DestinationRule, EndpointSliceFact, GatewayFact,
    NamespaceFact, NodeFact, PeerAuthentication, PodFact, RevisionFact, SecretFact, ServiceEntry,
    ServiceFact, SidecarFact, VirtualService, WebhookConfig, WorkloadEntry,
};
use crate::table::sort;
use crate::{
    Cluster, ClusterName, ControlPlane, Gap, Gaps, IstioVersion, Kind, KindSet, Mesh, Note, ObjectRef,
    Origin, Row, Table, control_plane, index,
};

macro_rules! cluster_builder {
    ($($field:ident: $fact:ty),+ $(,)?) => {
        /// Collects the rows of one cluster.
        #[derive(Debug)]
        pub struct ClusterBuilder {
            name: ClusterName,
            gaps: Gaps,
            istio_version: Option<IstioVersion>,
            kubernetes_version: Option<String>,
            notes: Vec<Note>,
            seen: KindSet,
            $(
                /// Rows of this table, in any order.
                pub $field: Vec<Row<$fact>>,
            )+
        }

        impl ClusterBuilder {
            /// An empty cluster, of which nothing is a gap.
            #[must_use]
            pub fn new(name: impl Into<ClusterName>) -> Self {
                Self {
                    name: name.into(), gaps: Gaps::default(), istio_version: None, kubernetes_version: None,
                    notes: Vec::new(), seen: KindSet::empty(),
                    $($field: Vec::new(),)+
                }
            }

            /// Takes over what `other` read of the same cluster, behind what is here.
            pub fn absorb(&mut self, other: Self) {
                for (kind, gap) in other.gaps.iter() {
                    self.gaps.lose(kind, gap.clone());
                }
                self.notes.extend(other.notes);
                self.seen |= other.seen;
                $(self.$field.extend(other.$field);)+
            }

            /// `base` with the rows put over its own; tables that get none are shared.
            fn over(self, base: &Cluster, notes: &mut Vec<Note>) -> Cluster {
                let moves_slices = !self.endpoint_slices.is_empty();
                let tells_of_istiod = !self.deployments.is_empty()
                    || !self.pods.is_empty()
                    || !self.config_maps.is_empty()
                    || !self.namespaces.is_empty();
                notes.extend(self.notes);
                let mut cluster = base.clone();
                $(if !self.$field.is_empty() {
                    cluster.$field = base.$field.under(self.$field);
                })+
                if moves_slices {
                    cluster.index_slices();
                }
                if tells_of_istiod {
                    control_plane::derive(&mut cluster, self.istio_version, notes);
                }
                cluster
            }

            /// Sorts and derives. `place` names the origin of a row for the note on names given twice.
            fn build(self, notes: &mut Vec<Note>, place: &dyn Fn(Origin) -> String) -> Cluster {
                notes.extend(self.notes);
                let mut cluster = Cluster {
                    name: self.name,
                    gaps: self.gaps,
                    control_plane: ControlPlane::default(),
                    kubernetes_version: self.kubernetes_version,
                    $($field: table(self.$field, notes, place),)+
                    slices_of: std::collections::HashMap::new(),
                };
                cluster.index_slices();
                control_plane::derive(&mut cluster, self.istio_version, notes);
                cluster
            }
        }
    };
}

cluster_builder! {
    namespaces: NamespaceFact,
    nodes: NodeFact,
    services: ServiceFact,
    pods: PodFact,
    config_maps: ConfigMapFact,
    secrets: SecretFact,
    deployments: DeploymentFact,
    endpoint_slices: EndpointSliceFact,
    mutating_webhooks: WebhookConfig,
    validating_webhooks: WebhookConfig,
    destination_rules: DestinationRule,
    virtual_services: VirtualService,
    service_entries: ServiceEntry,
    gateways: GatewayFact,
    sidecars: SidecarFact,
    revisions: RevisionFact,
    workload_entries: WorkloadEntry,
    peer_authentications: PeerAuthentication,
    authorization_policies: AuthorizationPolicy,
}

impl ClusterBuilder {
    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// What was noticed while reading.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What could not be read.
    pub fn gaps_mut(&mut self) -> &mut Gaps {
        &mut self.gaps
    }

    /// Takes this version instead of the one in the istiod image's tag.
    pub fn set_istio_version(&mut self, version: IstioVersion) {
        self.istio_version = Some(version);
    }

    /// Version as the API server tells it, for example `v1.36.3`.
    pub fn set_kubernetes_version(&mut self, version: impl Into<String>) {
        self.kubernetes_version = Some(version.into());
    }

    /// Remembers something a rule of the tool's area will report.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// A document of `kind`, an empty typed list included, was given.
    pub fn saw(&mut self, kind: Kind) {
        self.seen |= KindSet::from(kind);
    }

    /// Drops what was read of `kind`, so that it can be read anew.
    pub fn forget(&mut self, kind: Kind) {
        match kind {
            Kind::Namespace => self.namespaces.clear(),
            Kind::Node => self.nodes.clear(),
            Kind::Service => self.services.clear(),
            Kind::Pod => self.pods.clear(),
            Kind::ConfigMap => self.config_maps.clear(),
            Kind::Secret => self.secrets.clear(),
            Kind::Deployment => self.deployments.clear(),
            Kind::EndpointSlice => self.endpoint_slices.clear(),
            Kind::MutatingWebhookConfiguration => self.mutating_webhooks.clear(),
            Kind::ValidatingWebhookConfiguration => self.validating_webhooks.clear(),
            Kind::DestinationRule => self.destination_rules.clear(),
            Kind::VirtualService => self.virtual_services.clear(),
            Kind::ServiceEntry => self.service_entries.clear(),
            Kind::Gateway => self.gateways.clear(),
            Kind::Sidecar => self.sidecars.clear(),
            Kind::ControlPlaneRevision => self.revisions.clear(),
            Kind::WorkloadEntry => self.workload_entries.clear(),
            Kind::PeerAuthentication => self.peer_authentications.clear(),
            Kind::AuthorizationPolicy => self.authorization_policies.clear(),
        }
        self.notes.retain(|note| note.object().is_none_or(|object| object.kind != kind));
        self.gaps.regain(kind);
    }

    /// Declares every kind that was not [seen](Self::saw) as not given (files only).
    pub fn lose_what_was_not_given(&mut self) {
        for kind in (KindSet::all() - self.seen).kinds() {
            self.gaps.lose(kind, Gap::NotGiven);
        }
    }

    /// A reference to an object of this cluster.
    #[must_use]
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef::new(self.name.clone(), kind, namespace, name)
    }
}

/// Puts clusters together.
#[derive(Debug, Default)]
pub struct MeshBuilder {
    clusters: Vec<ClusterBuilder>,
}

impl MeshBuilder {
    /// Adds a cluster. Of two with one name both stay; rules tell of it.
    #[must_use]
    pub fn with(mut self, cluster: ClusterBuilder) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// Sorts, indexes and derives; from here on nothing changes.
    #[must_use]
    pub fn finish(self) -> Mesh {
        self.finish_with_places(&|_| String::new())
    }

    /// As [`finish`](Self::finish), with `place` naming a row's origin, for example `east/dr.yaml:12`.
    #[must_use]
    pub fn finish_with_places(self, place: &dyn Fn(Origin) -> String) -> Mesh {
        let mut notes = Vec::new();
        let mut clusters: Vec<_> =
            self.clusters.into_iter().map(|cluster| Arc::new(cluster.build(&mut notes, place))).collect();
        clusters.sort_by(|a, b| a.name.cmp(&b.name));
        notes.sort();
        notes.dedup();
        let hosts = Arc::new(index::hosts(&clusters));
        Mesh { clusters, hosts, notes: Arc::new(notes) }
    }
}

impl Mesh {
    /// This mesh with the objects of `overlay` put over those of the cluster of its name: an object takes the place of
    /// the one of its kind and name, or is added. All else is shared. Without such a cluster nothing changes.
    ///
    /// Gaps stay: what was not read is not known from one object that is laid over it.
    #[must_use]
    pub fn with_objects(&self, overlay: ClusterBuilder) -> Self {
        let mut mesh = self.clone();
        let Some(at) = self.clusters.iter().position(|cluster| cluster.name == overlay.name) else {
            return mesh;
        };
        let moves_services = !overlay.services.is_empty();
        let mut notes = Vec::clone(&self.notes);
        mesh.clusters[at] = Arc::new(overlay.over(&self.clusters[at], &mut notes));
        mesh.notes = Arc::new(notes);
        if moves_services {
            mesh.hosts = Arc::new(index::hosts(&mesh.clusters));
        }
        mesh
    }
}

fn table<R: PartialEq>(
    mut rows: Vec<Row<R>>,
    notes: &mut Vec<Note>,
    place: &dyn Fn(Origin) -> String,
) -> Table<R> {
    sort(&mut rows);
    let mut first = 0;
    for at in 1..rows.len() {
        if rows[first].obj != rows[at].obj {
            first = at;
        } else if rows[first].fact != rows[at].fact || rows[first].labels != rows[at].labels {
            let origins = [rows[first].origin, rows[at].origin];
            notes.push(Note::GivenTwice {
                object: rows[at].obj.clone(),
                places: origins.map(place),
                origins,
            });
        }
    }
    Table::of_sorted(rows)
}
