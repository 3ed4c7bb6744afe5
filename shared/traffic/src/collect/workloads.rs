//! WorkloadEntries as endpoints, and their selection by a Service
//! (`istio: pilot/pkg/serviceregistry/kube/controller/controller.go: serviceInstancesFromWorkloadInstances`,
//! `pilot/pkg/serviceregistry/serviceentry/conversion.go: convertWorkloadEntryToWorkloadInstance`).

use std::net::IpAddr;
use std::sync::Arc;

use mesh_model::row::{ServicePort, ServiceType, WorkloadEntry};
use mesh_model::{Labels, Row, path};

use super::slices::OneCluster;
use super::{Candidate, has_tls};
use crate::client::labels;
use crate::place::Place;
use crate::{Cause, Endpoint, EndpointOrigin, Exclusion, Health, View};

/// The WorkloadEntries of a cluster that its Service selects.
pub(super) fn of_service<'m>(view: &View<'_, 'm>, one: &OneCluster<'_, 'm>, found: &mut Vec<Candidate<'m>>) {
    let Some(row) = one.row else { return };
    let is_read = one.cluster == view.config_cluster() || view.features().workloads_of_remotes;
    let is_balanced = !row.fact.headless && row.fact.service_type != ServiceType::ExternalName;
    let selects = view.features().services_select_workloads && is_read && is_balanced;
    if !selects || row.fact.selector.is_empty() {
        return;
    }
    let Some(port) = row.fact.ports.iter().find(|port| *port.name == *one.port.name()) else { return };
    for workload in in_namespace(view, one.cluster, one.namespace) {
        if !workload.is_address() {
            continue;
        }
        let endpoint = workload.endpoint(EndpointOrigin::Workload(workload.row));
        if !selected(&row.fact.selector, &endpoint) {
            continue;
        }
        let Some(number) = target_port(port, &workload.row.fact) else { continue };
        let endpoint = Endpoint { port: number, port_name: &port.name, ..endpoint };
        let left_out = workload.unhealthy();
        found.push(Candidate { endpoint: Arc::new(endpoint), registry: one.cluster, left_out });
    }
}

/// A WorkloadEntry of a cluster that istiod reads.
pub(super) struct Workload<'v, 'm> {
    view: &'v View<'v, 'm>,
    cluster: usize,
    pub(super) row: &'m Row<WorkloadEntry>,
    labels: &'v Labels,
}

/// The WorkloadEntries of one namespace, in order of their names.
pub(super) fn in_namespace<'v, 'm>(
    view: &'v View<'v, 'm>,
    cluster: usize,
    namespace: &str,
) -> impl Iterator<Item = Workload<'v, 'm>> + use<'v, 'm> {
    let index = &view.traffic.clusters()[cluster];
    let all = index.cluster.workload_entries.rows();
    let start = all.partition_point(|row| row.obj.namespace.as_str() < namespace);
    let end = all.partition_point(|row| row.obj.namespace.as_str() <= namespace);
    let labels = &index.workload_labels[start..end];
    all[start..end].iter().zip(labels).map(move |(row, labels)| Workload { view, cluster, row, labels })
}

impl<'m> Workload<'_, 'm> {
    /// Its address is one, or empty; not a host name or a socket, which only a ServiceEntry by DNS takes.
    pub(super) fn is_address(&self) -> bool {
        let address = &*self.row.fact.address;
        address.is_empty() || address.parse::<IpAddr>().is_ok()
    }

    /// Why it counts for nothing: it is checked and not found healthy.
    pub(super) fn unhealthy(&self) -> Option<(Exclusion, Cause)> {
        let is_out = self.row.fact.unhealthy && self.view.features().workload_health;
        is_out.then(|| (Exclusion::NotReady, Cause::field(&self.row.obj, path!["status", "conditions"])))
    }

    /// The endpoint, still without a port.
    pub(super) fn endpoint(&self, origin: EndpointOrigin<'m>) -> Endpoint<'m> {
        let namespace = &self.row.obj.namespace;
        of_fact(self.view, self.cluster, &self.row.fact, self.labels.clone(), namespace, origin)
    }
}

/// The endpoint of a WorkloadEntry, or of one among the endpoints of a ServiceEntry, still without a port.
pub(super) fn of_fact<'m>(
    view: &View<'_, 'm>,
    cluster: usize,
    fact: &'m WorkloadEntry,
    labels: Labels,
    namespace: &'m str,
    origin: EndpointOrigin<'m>,
) -> Endpoint<'m> {
    let place = Place::of_entry(&fact.locality, &labels, view.rules());
    let network_label = network_label(view, cluster, fact, &labels);
    let has_tls = match labels.get("security.istio.io/tlsMode") {
        Some(_) => has_tls(&labels),
        None => !fact.service_account.is_empty(),
    };
    Endpoint {
        cluster,
        cluster_id: view.cluster_id(cluster),
        address: fact.address.strip_prefix("unix://").unwrap_or(&fact.address),
        port: 0,
        port_name: "",
        locality: place.locality,
        locality_text: place.text,
        network: &fact.network,
        network_label,
        namespace,
        labels,
        node: "",
        has_tls,
        health: Health::Healthy,
        weight: fact.weight,
        pod: None,
        origin,
    }
}

/// The network as labels tell it: the field, or what the workload's own label says; beyond that only registries of
/// other clusters ask the network of their cluster (`istio: pilot/pkg/serviceregistry/kube/controller/multicluster.go:
/// initializeCluster`, `pilot/pkg/bootstrap/servicecontroller.go`).
fn network_label<'m>(view: &View<'_, 'm>, cluster: usize, fact: &'m WorkloadEntry, own: &Labels) -> &'m str {
    let is_known = !fact.network.is_empty() || own.get(labels::NETWORK).is_some();
    match view.rank(cluster) {
        Some(rank) if !is_known && cluster != view.config_cluster() => {
            view.networks().of_address(rank, &fact.address)
        }
        _ => &fact.network,
    }
}

/// A selector reads the labels that istiod adds too.
pub(super) fn selected(selector: &Labels, endpoint: &Endpoint<'_>) -> bool {
    selector.iter().all(|(key, value)| endpoint.label(key) == Some(value))
}

/// Port of a workload for a port of a Service: the number of `targetPort` unless the workload maps the name of the
/// port; a name in `targetPort` must be mapped.
fn target_port(port: &ServicePort, fact: &WorkloadEntry) -> Option<u16> {
    let mapped =
        |name: &str| fact.ports.iter().find(|(known, to)| **known == *name && *to != 0).map(|(_, to)| *to);
    if port.target.is_empty() {
        return Some(mapped(&port.name).unwrap_or(port.number));
    }
    match port.target.parse::<u16>() {
        Ok(number) => Some(mapped(&port.name).unwrap_or(number)),
        Err(_) => mapped(&port.target),
    }
}
