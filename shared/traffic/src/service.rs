//! The service as one istiod has it: Services of one host merged over clusters, or a ServiceEntry.

use mesh_model::row::{EntryPort, ServiceEntry, ServiceFact, ServicePort};
use mesh_model::{Labels, Row};

use crate::{Caused, Distribution};

/// A service as one istiod has it (`istio: pilot/pkg/model/service.go: Service`).
#[derive(Clone, Debug)]
pub struct Service<'m> {
    /// Fully qualified name.
    pub host: &'m str,
    /// Its namespace.
    pub namespace: &'m str,
    /// Where it comes from.
    pub registry: Registry,
    /// Its ports: those of the Service that decides; those of ServiceEntries united where they merge.
    pub ports: Vec<Port<'m>>,
    /// How clients learn its hosts.
    pub resolution: ServiceResolution,
    /// Labels of the object that decides.
    pub labels: &'m Labels,
    /// Which endpoints it prefers.
    pub distribution: Caused<Distribution>,
    /// It is called on the client's node only.
    pub node_local: Caused<bool>,
    /// Clients get endpoints of their own cluster only.
    pub cluster_local: Caused<bool>,
    /// The Services of the host, that of the config cluster first, each with the position of its cluster. The first
    /// decides about all but endpoints, unless the service comes from ServiceEntries.
    pub services: Vec<(usize, &'m Row<ServiceFact>)>,
    /// The ServiceEntries of its namespace that name the host, the oldest first: they give endpoints to a Service
    /// too.
    pub entries: Vec<&'m Row<ServiceEntry>>,
}

/// Where a service comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// A Service of Kubernetes.
    Kubernetes,
    /// A ServiceEntry.
    External,
}

/// One port of a service.
#[derive(Clone, Copy, Debug)]
pub enum Port<'m> {
    /// Of a Service.
    Service(&'m ServicePort),
    /// Of a ServiceEntry.
    Entry(&'m EntryPort),
}

/// How clients learn the hosts of a service (`istio: pilot/pkg/model/service.go: Resolution`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceResolution {
    /// From istiod: a Service with an address, a ServiceEntry with `STATIC`.
    Static,
    /// The address the client called: a headless Service, a ServiceEntry with `NONE`.
    Passthrough,
    /// By resolving each name.
    Dns,
    /// By resolving one name.
    DnsRoundRobin,
    /// An `ExternalName` Service: another name for another host.
    Alias,
    /// `DYNAMIC_DNS`.
    Dynamic,
}

impl<'m> Service<'m> {
    /// The first port with that number.
    #[must_use]
    pub fn port(&self, number: u16) -> Option<Port<'m>> {
        self.ports.iter().copied().find(|port| port.number() == number)
    }

    /// It is a Service of Kubernetes.
    #[must_use]
    pub fn is_kubernetes(&self) -> bool {
        self.registry == Registry::Kubernetes
    }

    /// A Service of Kubernetes without an address of its own.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.is_kubernetes() && self.resolution == ServiceResolution::Passthrough
    }

    /// It is outside of the mesh.
    #[must_use]
    pub fn is_external(&self) -> bool {
        match self.registry {
            Registry::Kubernetes => self.resolution == ServiceResolution::Alias,
            Registry::External => self.entries.first().is_some_and(|row| !row.fact.mesh_internal),
        }
    }
}

impl<'m> Port<'m> {
    /// Number of the port.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Service(port) => port.number,
            Self::Entry(port) => port.number,
        }
    }

    /// Its name, by which endpoints of other clusters are found.
    #[must_use]
    pub fn name(self) -> &'m str {
        match self {
            Self::Service(port) => &port.name,
            Self::Entry(port) => &port.name,
        }
    }

    /// Its protocol as written; of a Service that of the transport.
    #[must_use]
    pub fn protocol(self) -> &'m str {
        match self {
            Self::Service(port) => &port.protocol,
            Self::Entry(port) => &port.protocol,
        }
    }
}
