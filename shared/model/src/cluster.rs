//! One cluster: its tables, its gaps, and what its control plane says about it.

use std::collections::HashMap;

use crate::row::{
    AuthorizationPolicy, ConfigMapFact, DeploymentFact, DestinationRule, EndpointSliceFact, GatewayFact,
    NamespaceFact, NodeFact, PeerAuthentication, PodFact, RevisionFact, SecretFact, ServiceEntry,
    ServiceFact, SidecarFact, VirtualService, WebhookConfig, WorkloadEntry,
};
use crate::{ClusterName, ControlPlane, Gaps, Name, Namespace, Row, Table};

/// The facts of one cluster. Immutable once built.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The name everything else uses: the context's or directory's.
    pub name: ClusterName,
    /// What could not be read.
    pub gaps: Gaps,
    /// What its istiods, mesh config and injector say.
    pub control_plane: ControlPlane,
    /// Kubernetes version as the server tells it, if known.
    pub kubernetes_version: Option<String>,
    /// Namespaces.
    pub namespaces: Table<NamespaceFact>,
    /// Nodes.
    pub nodes: Table<NodeFact>,
    /// Services.
    pub services: Table<ServiceFact>,
    /// Pods.
    pub pods: Table<PodFact>,
    /// ConfigMaps that Istio reads or writes.
    pub config_maps: Table<ConfigMapFact>,
    /// Secrets, by metadata.
    pub secrets: Table<SecretFact>,
    /// Deployments of istiods and gateways.
    pub deployments: Table<DeploymentFact>,
    /// EndpointSlices.
    pub endpoint_slices: Table<EndpointSliceFact>,
    /// MutatingWebhookConfigurations.
    pub mutating_webhooks: Table<WebhookConfig>,
    /// ValidatingWebhookConfigurations.
    pub validating_webhooks: Table<WebhookConfig>,
    /// DestinationRules.
    pub destination_rules: Table<DestinationRule>,
    /// VirtualServices.
    pub virtual_services: Table<VirtualService>,
    /// ServiceEntries.
    pub service_entries: Table<ServiceEntry>,
    /// Gateways of `networking.istio.io`.
    pub gateways: Table<GatewayFact>,
    /// Sidecars.
    pub sidecars: Table<SidecarFact>,
    /// ControlPlaneRevisions.
    pub revisions: Table<RevisionFact>,
    /// WorkloadEntries.
    pub workload_entries: Table<WorkloadEntry>,
    /// PeerAuthentications.
    pub peer_authentications: Table<PeerAuthentication>,
    /// AuthorizationPolicies.
    pub authorization_policies: Table<AuthorizationPolicy>,
    pub(crate) slices_of: HashMap<(Namespace, Name), Vec<u32>>,
}

impl Cluster {
    /// The EndpointSlices of a Service, in order of their names.
    pub fn slices_of<'a>(
        &'a self,
        namespace: &Namespace,
        service: &Name,
    ) -> impl Iterator<Item = &'a Row<EndpointSliceFact>> + use<'a> {
        let positions = self.slices_of.get(&(namespace.clone(), service.clone()));
        positions.into_iter().flatten().map(|at| &self.endpoint_slices.rows()[*at as usize])
    }

    /// Pods of istiods that have not finished, in order of their names.
    pub fn istiod_pods(&self) -> impl Iterator<Item = &Row<PodFact>> {
        let pods = self.pods.rows().iter();
        pods.filter(|row| !row.fact.finished && crate::control_plane::is_istiod(&row.labels))
    }

    pub(crate) fn index_slices(&mut self) {
        self.slices_of.clear();
        for (position, row) in self.endpoint_slices.rows().iter().enumerate() {
            let at = u32::try_from(position).expect("a cluster holds fewer than 4 billion slices");
            self.slices_of.entry((row.obj.namespace.clone(), row.fact.service.clone())).or_default().push(at);
        }
    }
}
