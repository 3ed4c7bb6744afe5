//! One endpoint of a service, as a registry of istiod gives it (`istio: pilot/pkg/model/service.go: IstioEndpoint`).

use std::sync::Arc;

use mesh_model::row::{EndpointSliceFact, PodFact, ServiceEntry, WorkloadEntry};
use mesh_model::{Labels, Locality, Row, path};

use crate::Cause;
use crate::client::labels;

/// Whether istiod takes an endpoint for healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Ready.
    Healthy,
    /// Not ready.
    Unhealthy,
    /// About to end; kept for persistent sessions.
    Draining,
    /// About to end.
    Terminating,
}

/// An endpoint for one port.
#[derive(Clone, Debug)]
pub struct Endpoint<'m> {
    /// Position of its cluster in the mesh.
    pub cluster: usize,
    /// ID of its cluster as istiod calls it.
    pub cluster_id: &'m str,
    /// IP address, host name, path of a socket, or empty.
    pub address: &'m str,
    /// Port of the workload; 0 for a socket.
    pub port: u16,
    /// Name of the Service's port.
    pub port_name: &'m str,
    /// Where it stands.
    pub locality: Locality,
    /// The same as istiod has it as text, by which it makes groups: `r/z` and `r/z/` are two groups of one locality.
    pub locality_text: Arc<str>,
    /// Its network, by which gateways are chosen; empty if unnamed.
    pub network: &'m str,
    /// What its label `topology.istio.io/network` reads where the workload has none of its own. Of a WorkloadEntry
    /// that may be more than `network`, which is only what its field says (`istio: pilot/pkg/serviceregistry/serviceentry/conversion.go:
    /// convertWorkloadEntryToWorkloadInstance`).
    pub network_label: &'m str,
    /// Namespace of the workload; empty if unknown.
    pub namespace: &'m str,
    /// Labels of the workload, without those that istiod adds.
    pub labels: Labels,
    /// Its node, empty if unknown.
    pub node: &'m str,
    /// It speaks mutual TLS by its label `security.istio.io/tlsMode`.
    pub has_tls: bool,
    /// Whether it is ready.
    pub health: Health,
    /// Weight as configured; 0 counts as 1.
    pub weight: u32,
    /// Its pod, if it is one.
    pub pod: Option<&'m Row<PodFact>>,
    /// Where it was read.
    pub origin: EndpointOrigin<'m>,
}

/// The object an endpoint was read from.
#[derive(Clone, Copy, Debug)]
pub enum EndpointOrigin<'m> {
    /// `endpoints[i]` of an EndpointSlice.
    Slice(&'m Row<EndpointSliceFact>, usize),
    /// A WorkloadEntry that a selector picks.
    Workload(&'m Row<WorkloadEntry>),
    /// `spec.endpoints[i]` of a ServiceEntry; `None` where a host of the entry stands for itself.
    Entry(&'m Row<ServiceEntry>, Option<usize>),
    /// A pod that the selector of a ServiceEntry picks.
    Pod(&'m Row<PodFact>),
}

impl EndpointOrigin<'_> {
    /// The object and path.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Slice(row, at) => Cause::field(&row.obj, path!["endpoints", *at]),
            Self::Workload(row) => Cause::field(&row.obj, path!["spec"]),
            Self::Entry(row, Some(at)) => Cause::field(&row.obj, path!["spec", "endpoints", *at]),
            Self::Entry(row, None) => Cause::field(&row.obj, path!["spec", "hosts"]),
            Self::Pod(row) => Cause::field(&row.obj, path!["status", "podIP"]),
        }
    }
}

impl Endpoint<'_> {
    /// Why it is taken to speak mutual TLS or not: its label, or that of its pod.
    #[must_use]
    pub fn tls_cause(&self) -> Cause {
        let label = path!["metadata", "labels", "security.istio.io/tlsMode"];
        match (self.pod, self.origin) {
            (Some(pod), _) => Cause::field(&pod.obj, label),
            (None, EndpointOrigin::Workload(row)) => Cause::field(&row.obj, label),
            (None, origin) => origin.cause(),
        }
    }

    /// Weight among the endpoints of its group.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight.max(1)
    }

    /// A label as subsets and `failoverPriority` read it: those that istiod adds count before the workload's own,
    /// unless they are empty (`istio: pilot/pkg/serviceregistry/util/label/label.go: AugmentLabels`).
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let own = || self.labels.get(key);
        let added = match key {
            labels::REGION => self.locality.region.as_str(),
            labels::ZONE => self.locality.zone.as_str(),
            labels::SUBZONE => self.locality.subzone.as_str(),
            labels::CLUSTER => self.cluster_id,
            // The one label of these that is not replaced.
            labels::NETWORK => own().filter(|own| !own.is_empty()).unwrap_or(self.network_label),
            labels::HOSTNAME => self.node,
            _ => "",
        };
        if added.is_empty() { own() } else { Some(added) }
    }
}
