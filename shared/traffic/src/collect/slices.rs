//! Endpoints of EndpointSlices (`istio: pilot/pkg/serviceregistry/kube/controller/endpointslice.go,
//! endpoint_builder.go`).

use std::collections::HashSet;
use std::sync::Arc;

use mesh_model::row::{Endpoint as Listed, EndpointSliceFact, PodFact, ServiceFact, SlicePort};
use mesh_model::{Kind, Labels, Row, path};

use super::{Candidate, has_tls, kubernetes_name, workloads};
use crate::index::ClusterIndex;
use crate::lookup::is_exported_to_nobody;
use crate::place::Place;
use crate::{Cause, Endpoint, EndpointOrigin, Exclusion, Gate, Health, Port, Service, View};

/// Label of slices that another controller keeps for several clusters; istiod does not read them.
const MULTICLUSTER: &str = "multicluster.kubernetes.io/service-name";

pub(super) fn collect<'m>(
    view: &View<'_, 'm>,
    service: &Service<'m>,
    port: Port<'m>,
    found: &mut Vec<Candidate<'m>>,
) {
    let Some(name) = kubernetes_name(service) else { return };
    for (cluster, row) in clusters(view, service, name) {
        let one = OneCluster::new(view, service, (cluster, row), name, port);
        one.of_slices(found);
        if one.rank.is_some() {
            workloads::of_service(view, &one, found);
        }
    }
}

/// The clusters that have the Service or slices of it, by their IDs; those that istiod does not read come last.
fn clusters<'m>(
    view: &View<'_, 'm>,
    service: &Service<'m>,
    name: &'m str,
) -> Vec<(usize, Option<&'m Row<ServiceFact>>)> {
    let with_slices = view.traffic.with_slices(service.namespace, name).iter().map(|at| (*at, None));
    let of_services = service.services.iter().map(|(at, row)| (*at, Some(*row)));
    let mut clusters: Vec<_> = of_services.chain(with_slices).collect();
    clusters.sort_by_key(|(at, row)| (*at, row.is_none()));
    clusters.dedup_by_key(|(at, _)| *at);
    clusters.sort_by_key(|(at, _)| (view.rank(*at).is_none(), view.cluster_id(*at), *at));
    clusters
}

/// One cluster's part of a service.
pub(super) struct OneCluster<'v, 'm> {
    view: &'v View<'v, 'm>,
    pub(super) index: &'v ClusterIndex<'m>,
    /// Position of the cluster.
    pub(super) cluster: usize,
    /// Its rank among those that istiod reads; `None` if it does not.
    pub(super) rank: Option<usize>,
    pub(super) id: &'m str,
    pub(super) namespace: &'m str,
    name: &'m str,
    /// The Service, where the cluster has it.
    pub(super) row: Option<&'m Row<ServiceFact>>,
    pub(super) port: Port<'m>,
}

impl<'v, 'm> OneCluster<'v, 'm> {
    fn new(
        view: &'v View<'v, 'm>,
        service: &Service<'m>,
        (cluster, row): (usize, Option<&'m Row<ServiceFact>>),
        name: &'m str,
        port: Port<'m>,
    ) -> Self {
        let index = &view.traffic.clusters()[cluster];
        let of_other = || index.cluster.services.find(service.namespace, name);
        Self {
            view,
            index,
            cluster,
            rank: view.rank(cluster),
            id: view.cluster_id(cluster),
            namespace: service.namespace,
            name,
            row: row.or_else(of_other),
            port,
        }
    }

    fn of_slices(&self, found: &mut Vec<Candidate<'m>>) {
        let hidden = self.row.filter(|row| is_exported_to_nobody(row)).map(|row| {
            let path = path!["metadata", "annotations", "networking.istio.io/exportTo"];
            (Exclusion::NotExported, Cause::field(&row.obj, path))
        });
        let mut known = HashSet::new();
        let cluster = self.index.cluster;
        let slices = match self.row {
            Some(row) => cluster.slices_of(&row.obj.namespace, &row.obj.name),
            None => cluster.slices_of(&self.namespace.into(), &self.name.into()),
        };
        for slice in slices {
            if slice.fact.host_names || slice.labels.get(MULTICLUSTER).is_some() {
                continue;
            }
            let (port, misnamed) = self.port_of(slice);
            for (at, listed) in slice.fact.endpoints.iter().enumerate() {
                // Without the port a slice says nothing about the address.
                if known.insert((&*listed.address, misnamed.is_none())) {
                    let reason = misnamed.clone().or_else(|| hidden.clone());
                    found.push(self.candidate(slice, at, listed, port, reason));
                }
            }
        }
    }

    /// The port of a slice by name; where it has none of that name, the one that the Service of the cluster has
    /// under the number, and why it does not count.
    fn port_of(
        &self,
        slice: &'m Row<EndpointSliceFact>,
    ) -> (Option<&'m SlicePort>, Option<(Exclusion, Cause)>) {
        let ports = &slice.fact.ports;
        let named = |name: &str| ports.iter().find(|port| *port.name == *name);
        if let Some(port) = named(self.port.name()) {
            return (Some(port), None);
        }
        let has_name =
            |row: &&Row<ServiceFact>| row.fact.ports.iter().any(|port| *port.name == *self.port.name());
        let Some(row) = self.row.filter(|row| !has_name(row)) else {
            return (ports.first(), Some((Exclusion::PortName, Cause::field(&slice.obj, path!["ports"]))));
        };
        let number = self.port.number();
        match row.fact.ports.iter().enumerate().find(|(_, port)| port.number == number) {
            Some((at, port)) => {
                let cause = Cause::field(&row.obj, path!["spec", "ports", at, "name"]);
                (named(&port.name), Some((Exclusion::PortName, cause)))
            }
            None => {
                (ports.first(), Some((Exclusion::PortName, Cause::field(&row.obj, path!["spec", "ports"]))))
            }
        }
    }

    fn candidate(
        &self,
        slice: &'m Row<EndpointSliceFact>,
        at: usize,
        listed: &'m Listed,
        port: Option<&'m SlicePort>,
        reason: Option<(Exclusion, Cause)>,
    ) -> Candidate<'m> {
        let (pod, missing) = self.pod(slice, listed);
        let reason = self.not_joined().or(reason);
        let missing = missing
            .then(|| (Exclusion::NoPod, Cause::field(&slice.obj, path!["endpoints", at, "targetRef"])));
        let place = match pod {
            Some(pod) => Place::of_pod(pod, self.index, self.view.rules()),
            None => self.place_without_pod(listed),
        };
        let network = self.network(pod, &listed.address);
        let endpoint = Endpoint {
            cluster: self.cluster,
            cluster_id: self.id,
            address: &listed.address,
            port: port.map_or(0, |port| port.number),
            port_name: port.map_or("", |port| &port.name),
            locality: place.locality,
            locality_text: place.text,
            network,
            network_label: network,
            namespace: pod.map_or("", |pod| &pod.obj.namespace),
            labels: pod.map(|pod| pod.labels.clone()).unwrap_or_default(),
            node: pod.map_or("", |pod| &pod.fact.node),
            has_tls: pod.map_or_else(|| !self.knows_pods(), |pod| has_tls(&pod.labels)),
            health: health(self.row, listed, self.view),
            weight: 0,
            pod,
            origin: EndpointOrigin::Slice(slice, at),
        };
        Candidate { endpoint: Arc::new(endpoint), registry: self.cluster, left_out: reason.or(missing) }
    }

    /// The pod of an endpoint, and whether one is missing that should be there. Of an endpoint that names none, the
    /// pod of the namespace with its address, if one is ready.
    fn pod(&self, slice: &Row<EndpointSliceFact>, listed: &Listed) -> (Option<&'m Row<PodFact>>, bool) {
        if !listed.pod.is_empty() {
            let pod = self.index.cluster.pods.find(&slice.obj.namespace, &listed.pod);
            return (pod, pod.is_none() && self.knows_pods());
        }
        let pods = self.index.pods_by_ip.get(&*listed.address).map_or(&[][..], Vec::as_slice);
        let pod = pods.iter().copied().find(|pod| pod.obj.namespace == slice.obj.namespace && is_ready(pod));
        (pod, false)
    }

    fn knows_pods(&self) -> bool {
        self.index.cluster.gaps.of(Kind::Pod).is_none()
    }

    /// Without its pod an endpoint has no locality; where pods were not read, it has that of its node.
    fn place_without_pod(&self, listed: &Listed) -> Place {
        let node = || self.index.nodes.get(listed.node.as_str()).cloned();
        (!self.knows_pods()).then(node).flatten().unwrap_or_else(Place::unknown)
    }

    fn network(&self, pod: Option<&'m Row<PodFact>>, address: &str) -> &'m str {
        let Some(rank) = self.rank else { return "" };
        match pod {
            Some(pod) => self.view.networks().of_workload(rank, &pod.labels, &pod.fact.ip),
            None => self.view.networks().of_address(rank, address),
        }
    }

    fn not_joined(&self) -> Option<(Exclusion, Cause)> {
        let none = Cause::Default("no remote secret of the client's istiod names its cluster");
        self.rank.is_none().then_some((Exclusion::ClusterNotJoined, none))
    }
}

/// A pod that istiod looks up by address (`istio: pilot/pkg/serviceregistry/kube/controller/pod.go`).
pub(super) fn is_ready(pod: &Row<PodFact>) -> bool {
    pod.fact.ready && !pod.fact.finished && !pod.fact.deleting && !pod.fact.ip.is_empty()
}

/// What the conditions say (`endpointslice.go: endpointHealthStatus`).
fn health(service: Option<&Row<ServiceFact>>, listed: &Listed, view: &View<'_, '_>) -> Health {
    let features = view.features();
    let Some(service) = service.filter(|_| !listed.ready) else {
        return if listed.ready { Health::Healthy } else { Health::Unhealthy };
    };
    let is_set = |labels: &Labels, key: &str| labels.get(key).is_some_and(|value| !value.is_empty());
    let has_sessions = is_set(&service.labels, &features.session_label)
        || is_set(&service.labels, &features.session_header_label);
    match (listed.terminating.unwrap_or(true), has_sessions && listed.serving.unwrap_or(true)) {
        (true, true) => Health::Draining,
        (true, false) if view.rules().has(Gate::TerminatingLeftOut) => Health::Terminating,
        _ => Health::Unhealthy,
    }
}
