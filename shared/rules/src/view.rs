//! The only way a rule sees the mesh: tables by accessors that note what was read.
//!
//! The note keeps `needs` honest: the page runner compares it with what the rule declares. The control plane
//! is the frame of every rule and is always read, so its derived facts are not noted.

use std::cell::{Cell, OnceCell};

use mesh_model::row::{
    AuthorizationPolicy, ConfigMapFact, DeploymentFact, DestinationRule, EndpointSliceFact, GatewayFact,
    NamespaceFact, NodeFact, PeerAuthentication, PodFact, RevisionFact, SecretFact, ServiceEntry,
    ServiceFact, SidecarFact, VirtualService, WebhookConfig, WorkloadEntry,
};
use mesh_model::{
    Cluster, ClusterName, ControlPlane, Gaps, HostServices, Kind, KindSet, Mesh, Name, Namespace, Note, Row,
    ServiceAt, Table,
};

use mesh_traffic::Traffic;

use crate::facts::cluster_local::LocalHosts;
use crate::facts::membership::Membership;
use crate::facts::networks::Networks;

/// Kinds that are always read, whatever rules are selected: the frame of [`ControlPlane`].
pub const FRAME: KindSet = KindSet::Namespace.union(KindSet::ConfigMap).union(KindSet::Deployment);

/// What a run gives to every rule beside the mesh.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) now: i64,
    pub(crate) reads: Cell<KindSet>,
}

impl Context {
    pub(crate) fn note(&self, kind: Kind) {
        self.reads.set(self.reads.get() | KindSet::from(kind));
    }
}

/// One cluster.
#[derive(Clone, Copy, Debug)]
pub struct ClusterView<'a> {
    cluster: &'a Cluster,
    context: &'a Context,
}

macro_rules! tables {
    ($($method:ident: $fact:ty = $kind:ident;)+) => {$(
        #[doc = concat!("The ", stringify!($kind), "s.")]
        #[must_use]
        pub fn $method(&self) -> &'a Table<$fact> {
            self.context.note(Kind::$kind);
            &self.cluster.$method
        }
    )+};
}

impl<'a> ClusterView<'a> {
    pub(crate) fn new(cluster: &'a Cluster, context: &'a Context) -> Self {
        Self { cluster, context }
    }

    /// Name of the cluster.
    #[must_use]
    pub fn name(&self) -> &'a ClusterName {
        &self.cluster.name
    }

    /// What the control plane says about itself.
    #[must_use]
    pub fn control_plane(&self) -> &'a ControlPlane {
        &self.cluster.control_plane
    }

    /// What could not be read.
    #[must_use]
    pub fn gaps(&self) -> &'a Gaps {
        &self.cluster.gaps
    }

    /// True when nothing of `kind` is missing.
    #[must_use]
    pub fn knows(&self, kind: Kind) -> bool {
        self.cluster.gaps.of(kind).is_none()
    }

    /// The time of the run, seconds since 1970 UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.context.now
    }

    tables! {
        namespaces: NamespaceFact = Namespace;
        nodes: NodeFact = Node;
        services: ServiceFact = Service;
        pods: PodFact = Pod;
        config_maps: ConfigMapFact = ConfigMap;
        secrets: SecretFact = Secret;
        deployments: DeploymentFact = Deployment;
        endpoint_slices: EndpointSliceFact = EndpointSlice;
        mutating_webhooks: WebhookConfig = MutatingWebhookConfiguration;
        validating_webhooks: WebhookConfig = ValidatingWebhookConfiguration;
        destination_rules: DestinationRule = DestinationRule;
        virtual_services: VirtualService = VirtualService;
        service_entries: ServiceEntry = ServiceEntry;
        gateways: GatewayFact = Gateway;
        sidecars: SidecarFact = Sidecar;
        revisions: RevisionFact = ControlPlaneRevision;
        workload_entries: WorkloadEntry = WorkloadEntry;
        peer_authentications: PeerAuthentication = PeerAuthentication;
        authorization_policies: AuthorizationPolicy = AuthorizationPolicy;
    }

    /// The EndpointSlices of a Service.
    pub fn slices_of(
        &self,
        namespace: &Namespace,
        service: &Name,
    ) -> impl Iterator<Item = &'a Row<EndpointSliceFact>> + use<'a> {
        self.context.note(Kind::EndpointSlice);
        self.cluster.slices_of(namespace, service)
    }
}

/// The clusters that can be judged, and the mesh they stand in.
#[derive(Debug)]
pub struct MeshView<'a> {
    mesh: &'a Mesh,
    context: &'a Context,
    judged: Vec<ClusterView<'a>>,
    membership: OnceCell<Membership>,
    local_hosts: OnceCell<LocalHosts>,
    networks: OnceCell<Networks>,
    traffic: OnceCell<Traffic<'a>>,
    /// For each cluster of the mesh its position among the judged ones.
    positions: Vec<Option<usize>>,
}

impl<'a> MeshView<'a> {
    pub(crate) fn new(mesh: &'a Mesh, context: &'a Context, judged: Vec<ClusterView<'a>>) -> Self {
        let positions = mesh
            .clusters()
            .iter()
            .map(|cluster| judged.iter().position(|view| std::ptr::eq(view.cluster, &raw const **cluster)))
            .collect();
        Self {
            mesh,
            context,
            judged,
            membership: OnceCell::new(),
            local_hosts: OnceCell::new(),
            networks: OnceCell::new(),
            traffic: OnceCell::new(),
            positions,
        }
    }

    /// The clusters that can be judged: no gap in what the rule concludes from.
    #[must_use]
    pub fn clusters(&self) -> &[ClusterView<'a>] {
        &self.judged
    }

    /// Every cluster, also those that cannot be judged; what is absent there proves nothing.
    pub fn all_clusters(&self) -> impl Iterator<Item = ClusterView<'a>> {
        self.mesh.clusters().iter().map(|cluster| ClusterView::new(cluster, self.context))
    }

    /// Which clusters belong to one mesh; computed once for a rule.
    pub(crate) fn membership(&self) -> &Membership {
        self.membership.get_or_init(|| Membership::of(self))
    }

    /// The networks of the clusters; computed once for a rule.
    pub(crate) fn networks(&self) -> &Networks {
        self.networks.get_or_init(|| Networks::of(self))
    }

    /// Hosts that some cluster keeps to itself; computed once for a rule.
    pub(crate) fn local_hosts(&self) -> &LocalHosts {
        let planes = self.mesh.clusters().iter().map(|cluster| &cluster.control_plane);
        self.local_hosts.get_or_init(|| LocalHosts::of(planes))
    }

    /// The computation of traffic; computed once for a rule. It reads every kind of
    /// [`mesh_traffic::KINDS`], and Secrets, to know which clusters an istiod reads.
    pub(crate) fn traffic(&self) -> &Traffic<'a> {
        for kind in mesh_traffic::KINDS.union(KindSet::Secret).kinds() {
            self.context.note(kind);
        }
        self.traffic.get_or_init(|| Traffic::new(self.mesh))
    }

    /// The cluster at a position in the mesh, if it can be judged.
    pub(crate) fn judged(&self, cluster: usize) -> Option<ClusterView<'a>> {
        self.positions[cluster].map(|at| self.judged[at])
    }

    /// Services of all clusters by host name.
    #[must_use]
    pub fn hosts(&self) -> &'a [HostServices] {
        self.context.note(Kind::Service);
        self.mesh.hosts()
    }

    /// The services of a host in the clusters that can be judged.
    pub fn services_of<'h>(
        &'h self,
        host: &'h HostServices,
    ) -> impl Iterator<Item = (ClusterView<'a>, &'a Row<ServiceFact>)> + 'h {
        self.context.note(Kind::Service);
        host.services.iter().filter_map(move |at: &ServiceAt| {
            let position = self.positions[at.cluster as usize]?;
            Some((self.judged[position], at.row(self.mesh)))
        })
    }

    /// What the sources noticed while reading.
    #[must_use]
    pub fn notes(&self) -> &'a [Note] {
        self.mesh.notes()
    }

    /// The time of the run, seconds since 1970 UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.context.now
    }
}
