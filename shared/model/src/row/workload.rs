//! Pods, deployments and endpoint slices.

use std::sync::Arc;

use crate::{Labels, Name, Zone};

/// A container of a pod or pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Name.
    pub name: Arc<str>,
    /// Image with tag or digest.
    pub image: Arc<str>,
    /// Environment variables with literal values; a `fieldRef` or `secretKeyRef` is absent.
    pub env: Labels,
    /// Arguments.
    pub args: Vec<Arc<str>>,
    /// Declared ports: name (empty if unset) and number.
    pub ports: Vec<(Arc<str>, u16)>,
}

/// A pod.
#[expect(clippy::struct_excessive_bools, reason = "five independent conditions of the API object")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFact {
    /// `spec.nodeName`, empty while unscheduled.
    pub node: Name,
    /// `status.podIP`, empty while unset.
    pub ip: Arc<str>,
    /// `spec.serviceAccountName`.
    pub service_account: Name,
    /// Condition `Ready` is `True`.
    pub ready: bool,
    /// Phase `Succeeded` or `Failed`: no longer a workload.
    pub finished: bool,
    /// `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// A container (or native sidecar) named `istio-proxy` is there.
    pub has_proxy: bool,
    /// Containers whose environment or image a rule reads: the proxy and istiod's; others keep ports only.
    pub containers: Vec<Container>,
}

/// A Deployment: what its pods look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFact {
    /// Labels of the pod template.
    pub template_labels: Labels,
    /// Annotations of the pod template.
    pub template_annotations: Labels,
    /// Containers of the pod template.
    pub containers: Vec<Container>,
    /// `spec.replicas`; 1 if unset.
    pub replicas: u32,
    /// `status.readyReplicas`.
    pub ready_replicas: u32,
}

/// One address of an EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// First address of the endpoint.
    pub address: Arc<str>,
    /// Condition `ready`; unset counts as true (`discovery.k8s.io/v1`).
    pub ready: bool,
    /// Condition `serving`, if set. istiod takes an unset one for true.
    pub serving: Option<bool>,
    /// Condition `terminating`, if set. Kubernetes takes an unset one for false, istiod for true.
    pub terminating: Option<bool>,
    /// `nodeName`, empty if unset.
    pub node: Name,
    /// `zone`, empty if unset.
    pub zone: Zone,
    /// Pod of `targetRef`, empty if it is no pod.
    pub pod: Name,
}

/// One port of an EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlicePort {
    /// Name, empty if unset.
    pub name: Arc<str>,
    /// Number; 0 means all ports.
    pub number: u16,
}

/// An EndpointSlice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSliceFact {
    /// Label `kubernetes.io/service-name`, empty if unset.
    pub service: Name,
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Ports.
    pub ports: Vec<SlicePort>,
    /// `addressType: FQDN`, which Istio does not read.
    pub host_names: bool,
}
