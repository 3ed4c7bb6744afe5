//! Endpoints of ServiceEntries: listed, or selected in the clusters that istiod reads
//! (`istio: pilot/pkg/serviceregistry/serviceentry/conversion.go`).

use std::sync::Arc;

use mesh_model::row::{EntryPort, PodFact, Resolution, ServiceEntry, WorkloadEntry};
use mesh_model::{Labels, Row};

use super::slices::is_ready;
use super::{Candidate, has_tls, workloads};
use crate::place::Place;
use crate::{Cause, Endpoint, EndpointOrigin, Exclusion, Health, Port, Service, ServiceResolution, View};

pub(super) fn collect<'m>(
    view: &View<'_, 'm>,
    service: &Service<'m>,
    port: Port<'m>,
    found: &mut Vec<Candidate<'m>>,
) {
    let by_number = matches!(service.resolution, ServiceResolution::Dns | ServiceResolution::DnsRoundRobin);
    for row in &service.entries {
        let is_wanted = |own: &&'m EntryPort| {
            if by_number { own.number == port.number() } else { *own.name == *port.name() }
        };
        for own in row.fact.ports.iter().filter(is_wanted) {
            let first = found.len();
            OneEntry { view, service, row, port: own }.collect(found);
            // Of one name only one endpoint of a port is taken.
            if row.fact.resolution == Resolution::DnsRoundRobin {
                found.truncate(if first == 0 { 1 } else { first });
            }
        }
    }
}

/// One ServiceEntry, for one of its ports.
struct OneEntry<'v, 'm> {
    view: &'v View<'v, 'm>,
    service: &'v Service<'m>,
    row: &'m Row<ServiceEntry>,
    port: &'m EntryPort,
}

impl<'m> OneEntry<'_, 'm> {
    fn collect(&self, found: &mut Vec<Candidate<'m>>) {
        let fact = &self.row.fact;
        if !fact.selector.is_empty() {
            self.selected_pods(found);
            self.selected_workloads(found);
        } else if fact.endpoints.is_empty() && self.is_dns() {
            self.push(self.host(), found);
        } else {
            let cluster = self.view.config_cluster();
            for (at, listed) in fact.endpoints.iter().enumerate() {
                let origin = EndpointOrigin::Entry(self.row, Some(at));
                let namespace = &self.row.obj.namespace;
                let labels = listed.labels.clone();
                let endpoint = workloads::of_fact(self.view, cluster, listed, labels, namespace, origin);
                self.push(Endpoint { port: self.port_of(listed), ..endpoint }, found);
            }
        }
    }

    fn is_dns(&self) -> bool {
        matches!(self.row.fact.resolution, Resolution::Dns | Resolution::DnsRoundRobin)
    }

    fn push(&self, endpoint: Endpoint<'m>, found: &mut Vec<Candidate<'m>>) {
        self.push_or_leave_out(endpoint, None, found);
    }

    fn push_or_leave_out(
        &self,
        endpoint: Endpoint<'m>,
        left_out: Option<(Exclusion, Cause)>,
        found: &mut Vec<Candidate<'m>>,
    ) {
        let endpoint = Endpoint { port_name: &self.port.name, ..endpoint };
        let registry = self.view.config_cluster();
        found.push(Candidate { endpoint: Arc::new(endpoint), registry, left_out });
    }

    /// The host itself, where the entry lists nothing else to resolve.
    fn host(&self) -> Endpoint<'m> {
        let cluster = self.view.config_cluster();
        let place = Place::unknown();
        Endpoint {
            cluster,
            cluster_id: self.view.cluster_id(cluster),
            address: self.service.host,
            port: self.port.target.filter(|target| *target != 0).unwrap_or(self.port.number),
            port_name: "",
            locality: place.locality,
            locality_text: place.text,
            network: "",
            network_label: "",
            namespace: &self.row.obj.namespace,
            labels: Labels::default(),
            node: "",
            has_tls: false,
            health: Health::Healthy,
            weight: 0,
            pod: None,
            origin: EndpointOrigin::Entry(self.row, None),
        }
    }

    fn selected_pods(&self, found: &mut Vec<Candidate<'m>>) {
        if !self.view.features().entries_select_pods {
            return;
        }
        for (rank, seen) in self.view.sees().iter().enumerate() {
            let index = &self.view.traffic.clusters()[seen.cluster];
            for pod in index.cluster.pods.in_namespace(&self.row.obj.namespace) {
                if !is_ready(pod) {
                    continue;
                }
                let place = Place::of_pod(pod, index, self.view.rules());
                let network = self.view.networks().of_workload(rank, &pod.labels, &pod.fact.ip);
                let endpoint = Endpoint {
                    cluster: seen.cluster,
                    cluster_id: seen.id,
                    address: &pod.fact.ip,
                    port: self.port_by(|name| pod_port(pod, name)),
                    port_name: "",
                    locality: place.locality,
                    locality_text: place.text,
                    network,
                    network_label: network,
                    namespace: &pod.obj.namespace,
                    labels: pod.labels.clone(),
                    node: &pod.fact.node,
                    has_tls: has_tls(&pod.labels),
                    health: Health::Healthy,
                    weight: 0,
                    pod: Some(pod),
                    origin: EndpointOrigin::Pod(pod),
                };
                if workloads::selected(&self.row.fact.selector, &endpoint) {
                    self.push(endpoint, found);
                }
            }
        }
    }

    fn selected_workloads(&self, found: &mut Vec<Candidate<'m>>) {
        let features = self.view.features();
        for seen in self.view.sees() {
            let is_own = seen.cluster == self.view.config_cluster();
            let are_remotes_read = features.workloads_of_remotes && features.services_select_workloads;
            if !is_own && !are_remotes_read {
                continue;
            }
            for workload in workloads::in_namespace(self.view, seen.cluster, &self.row.obj.namespace) {
                if !workload.is_address() && !self.is_dns() {
                    continue;
                }
                let endpoint = workload.endpoint(EndpointOrigin::Workload(workload.row));
                if workloads::selected(&self.row.fact.selector, &endpoint) {
                    let port = self.port_of(&workload.row.fact);
                    self.push_or_leave_out(Endpoint { port, ..endpoint }, workload.unhealthy(), found);
                }
            }
        }
    }

    /// The port of a workload: none of a socket, else as it maps the name, else as the entry says.
    fn port_of(&self, fact: &WorkloadEntry) -> u16 {
        if fact.address.starts_with("unix://") {
            return 0;
        }
        self.port_by(|name| fact.ports.iter().find(|(known, _)| **known == *name).map(|(_, number)| *number))
    }

    fn port_by(&self, mapped: impl FnOnce(&str) -> Option<u16>) -> u16 {
        let set = |number: &u16| *number != 0;
        let target = self.port.target.filter(set);
        mapped(&self.port.name).filter(set).or(target).unwrap_or(self.port.number)
    }
}

/// The first declared port of that name.
fn pod_port(pod: &Row<PodFact>, name: &str) -> Option<u16> {
    let mut ports = pod.fact.containers.iter().flat_map(|container| &container.ports);
    ports.find(|(known, _)| !name.is_empty() && **known == *name).map(|(_, number)| *number)
}
