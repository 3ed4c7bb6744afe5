//! Finding a service by host, as a client of one namespace sees it
//! (`istio: pilot/pkg/serviceregistry/aggregate/controller.go`, `pilot/pkg/model/push_context.go:
//! initServiceRegistry`, `pilot/pkg/model/sidecar.go: appendSidecarServices`).

use std::cmp::Reverse;
use std::sync::Arc;

use mesh_model::row::{Resolution, ServiceEntry, ServiceFact, ServiceType};
use mesh_model::{Labels, ObjectRef, Row};

use crate::{Cause, Caused, Distribution, Port, Registry, Service, ServiceResolution, View};

/// Annotation of a Service that names the namespaces it is seen in.
const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// Who sees a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    No,
    /// By `*`.
    Public,
    /// By its name, or as one of the service's own namespace. Such services are looked at first.
    Named,
}

impl<'m> View<'_, 'm> {
    /// The hosts of all services, sorted.
    #[must_use]
    pub fn hosts(&self) -> Vec<&'m str> {
        let mesh = self.traffic.mesh();
        let seen = |host: &&'m mesh_model::HostServices| {
            host.services.iter().any(|at| self.rank(at.cluster as usize).is_some())
        };
        let of_services = mesh.hosts().iter().filter(seen).map(|host| host.name.as_str());
        let mut hosts: Vec<_> = of_services.chain(self.config().entries.keys().copied()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// The service of a host, as clients that all services are exported to see it.
    #[must_use]
    pub fn service(&self, host: &str) -> Option<Service<'m>> {
        self.find(host, None)
    }

    /// The service of a host, as clients of a namespace see it.
    #[must_use]
    pub fn service_for(&self, host: &str, client_namespace: &str) -> Option<Service<'m>> {
        self.find(host, Some(client_namespace))
    }

    /// One namespace gives a host: that of the client before others, then that of a Service before those of
    /// ServiceEntries (`istio: pilot/pkg/model/sidecar.go: selectServices`).
    fn find(&self, host: &str, client: Option<&str>) -> Option<Service<'m>> {
        let mesh = self.traffic.mesh();
        let found = mesh.host(host);
        let services = found.map(|found| self.merged(found)).unwrap_or_default();
        let entries = self.config().entries.get_key_value(host);
        let seen = entries.map(|(_, rows)| self.seen_entries(rows, client)).unwrap_or_default();
        let is_own = |row: &&'m Row<ServiceEntry>| Some(&*row.obj.namespace) == client;
        if let (Some(found), Some((_, first))) = (found, services.first())
            && self.sight_of_service(first, client) != Sight::No
            && (Some(&*first.obj.namespace) == client || !seen.iter().any(is_own))
        {
            return Some(self.of_kubernetes(&found.name, services, entries.map(|(_, rows)| &**rows)));
        }
        let (host, rows) = entries?;
        let first = *seen.iter().find(|row| is_own(row)).or_else(|| seen.first())?;
        let of_first = |row: &&&'m Row<ServiceEntry>| row.obj.namespace == first.obj.namespace;
        let seen: Vec<_> = seen.iter().filter(of_first).copied().collect();
        Some(self.of_entries(host, rows, &seen, services))
    }

    /// The ServiceEntries that a client sees: those that name its namespace before those for all, the oldest first.
    fn seen_entries(
        &self,
        rows: &[&'m Row<ServiceEntry>],
        client: Option<&str>,
    ) -> Vec<&'m Row<ServiceEntry>> {
        let default = &self.mesh_config().0.service_export_to;
        let mut seen: Vec<_> = rows
            .iter()
            .map(|row| (sight(&row.fact.export_to, default, &row.obj.namespace, client), *row))
            .filter(|(sight, _)| *sight != Sight::No)
            .collect();
        seen.sort_by_key(|(sight, _)| Reverse(*sight));
        seen.into_iter().map(|(_, row)| row).collect()
    }

    /// The Services of a host, that of the config cluster first, then by cluster ID.
    fn merged(&self, host: &mesh_model::HostServices) -> Vec<(usize, &'m Row<ServiceFact>)> {
        let rows = host.services.iter().map(|at| self.traffic.service_row(*at));
        let mut services: Vec<_> = rows.filter(|(cluster, _)| self.rank(*cluster).is_some()).collect();
        services.sort_by_key(|(cluster, _)| self.rank(*cluster));
        services
    }

    fn of_kubernetes(
        &self,
        host: &'m str,
        services: Vec<(usize, &'m Row<ServiceFact>)>,
        entries: Option<&[&'m Row<ServiceEntry>]>,
    ) -> Service<'m> {
        let (cluster, first) = services[0];
        let namespace = &*first.obj.namespace;
        let entries = entries.unwrap_or_default().iter().copied();
        Service {
            host,
            namespace,
            registry: Registry::Kubernetes,
            ports: first.fact.ports.iter().map(Port::Service).collect(),
            resolution: of_type(&first.fact),
            labels: &first.labels,
            distribution: self.distribution(
                first.fact.traffic_distribution.as_deref(),
                (&first.obj, &first.annotations),
                (cluster, namespace),
            ),
            node_local: node_local(first),
            cluster_local: self.cluster_local(host),
            entries: entries.filter(|row| row.obj.namespace == namespace).collect(),
            services,
        }
    }

    /// Of ServiceEntries of one namespace, the first of which decides.
    fn of_entries(
        &self,
        host: &'m str,
        rows: &[&'m Row<ServiceEntry>],
        seen: &[&'m Row<ServiceEntry>],
        mut services: Vec<(usize, &'m Row<ServiceFact>)>,
    ) -> Service<'m> {
        let first = seen[0];
        let namespace = &*first.obj.namespace;
        services.retain(|(_, row)| row.obj.namespace == namespace);
        Service {
            host,
            namespace,
            registry: Registry::External,
            ports: merged_ports(seen.iter().copied()),
            resolution: of_resolution(first.fact.resolution),
            labels: &first.labels,
            distribution: self.distribution(
                None,
                (&first.obj, &first.annotations),
                (self.config_cluster(), namespace),
            ),
            node_local: Caused {
                value: false,
                cause: Cause::Default("a ServiceEntry is called on every node"),
            },
            cluster_local: self.cluster_local(host),
            entries: rows.iter().copied().filter(|row| row.obj.namespace == namespace).collect(),
            services,
        }
    }

    fn cluster_local(&self, host: &str) -> Caused<bool> {
        self.local_hosts().is_local(host, self.mesh_config().1)
    }

    fn distribution(
        &self,
        field: Option<&str>,
        service: (&ObjectRef, &Labels),
        (cluster, namespace): (usize, &str),
    ) -> Caused<Distribution> {
        let row = self.traffic.clusters()[cluster].cluster.namespaces.find("", namespace);
        Distribution::of(field, service, row.map(|row| (&row.obj, &row.annotations)), self.rules())
    }

    fn sight_of_service(&self, row: &Row<ServiceFact>, client: Option<&str>) -> Sight {
        let default = &self.mesh_config().0.service_export_to;
        let listed = row.annotations.get(EXPORT_TO).filter(|text| !text.is_empty());
        let listed: Vec<Arc<str>> =
            listed.into_iter().flat_map(|text| text.split(',')).map(|text| text.trim().into()).collect();
        sight(&listed, default, &row.obj.namespace, client)
    }
}

/// Who sees a service that is exported to `listed`, or to `default` where that is empty, which means everybody.
fn sight(listed: &[Arc<str>], default: &[Arc<str>], own: &str, client: Option<&str>) -> Sight {
    let listed = if listed.is_empty() { default } else { listed };
    let has = |wanted: &str| listed.iter().any(|value| **value == *wanted);
    let Some(client) = client else {
        return if has("~") && !has("*") { Sight::No } else { Sight::Public };
    };
    if listed.is_empty() || has("*") {
        Sight::Public
    } else if !has("~") && (has(client) || (own == client && has("."))) {
        Sight::Named
    } else {
        Sight::No
    }
}

/// True when a Service is exported to nobody: then its cluster gives no endpoints of it
/// (`istio: pilot/pkg/serviceregistry/kube/controller/endpointslice.go: serviceNeedsPush`).
pub(crate) fn is_exported_to_nobody(row: &Row<ServiceFact>) -> bool {
    let listed = row.annotations.get(EXPORT_TO).unwrap_or_default();
    listed.split(',').any(|namespace| namespace.trim() == "~")
}

fn of_type(fact: &ServiceFact) -> ServiceResolution {
    if fact.headless {
        ServiceResolution::Passthrough
    } else if fact.service_type == ServiceType::ExternalName {
        ServiceResolution::Alias
    } else {
        ServiceResolution::Static
    }
}

fn of_resolution(resolution: Resolution) -> ServiceResolution {
    match resolution {
        Resolution::None => ServiceResolution::Passthrough,
        Resolution::Static => ServiceResolution::Static,
        Resolution::Dns => ServiceResolution::Dns,
        Resolution::DnsRoundRobin => ServiceResolution::DnsRoundRobin,
        Resolution::Other => ServiceResolution::Dynamic,
    }
}

fn node_local(row: &Row<ServiceFact>) -> Caused<bool> {
    let cause = Cause::field(&row.obj, mesh_model::path!["spec", "internalTrafficPolicy"]);
    Caused { value: row.fact.node_local, cause }
}

/// The ports of the first entry, and those of others that differ from it in nothing but ports and endpoints.
fn merged_ports<'m>(mut entries: impl Iterator<Item = &'m Row<ServiceEntry>>) -> Vec<Port<'m>> {
    let Some(first) = entries.next() else { return Vec::new() };
    let mut ports: Vec<Port<'m>> = first.fact.ports.iter().map(Port::Entry).collect();
    for other in entries.filter(|other| can_merge(first, other)) {
        for port in &other.fact.ports {
            if ports.iter().all(|known| known.number() != port.number) {
                ports.push(Port::Entry(port));
            }
        }
    }
    ports
}

fn can_merge(first: &Row<ServiceEntry>, other: &Row<ServiceEntry>) -> bool {
    let same = |a: &Labels, b: &Labels| a == b;
    first.obj.namespace == other.obj.namespace
        && first.fact.resolution == other.fact.resolution
        && same(&first.labels, &other.labels)
        && same(&first.fact.selector, &other.fact.selector)
        && as_set(&first.fact.export_to) == as_set(&other.fact.export_to)
}

fn as_set(values: &[Arc<str>]) -> std::collections::BTreeSet<&str> {
    values.iter().map(|value| &**value).collect()
}
