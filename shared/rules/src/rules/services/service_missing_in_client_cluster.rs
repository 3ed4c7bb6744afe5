//! MESH301.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{PodFact, ServiceFact};
use mesh_model::{ClusterName, FieldPath, HostPattern, Kind, ObjectRef, Row, path};
use serde_json::{Map, Value, json};

use crate::facts::membership::Joined;
use crate::facts::pods;
use crate::facts::services::is_visible;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Subject, Tags};

declare_rule! {
    "service_missing_in_client_cluster.md",
    pub static SERVICE_MISSING_IN_CLIENT_CLUSTER = {
        code: 301, name: "service-missing-in-client-cluster",
        summary: "services of other clusters have a Service that clients can resolve",
        severity: Warning, tags: Tags::DRIFT,
        needs: [Namespace, Service, Pod, EndpointSlice, Secret, VirtualService, ServiceEntry, Sidecar],
        closed: [Namespace, Service, Pod, ConfigMap, EndpointSlice], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let clients: Vec<Client<'_>> = mesh.clusters().iter().filter_map(Client::of).collect();
    for host in mesh.hosts().iter().filter(|host| !mesh.local_hosts().contain(&host.name)) {
        let services: Vec<_> = mesh.services_of(host).collect();
        let having: BTreeSet<&ClusterName> = services.iter().map(|(view, _)| view.name()).collect();
        let lacking: Vec<_> = clients
            .iter()
            .filter(|client| !having.contains(client.view.name()) && !client.has_entry(&host.name))
            .collect();
        if lacking.is_empty() {
            continue;
        }
        let counts = |(view, service): &&(ClusterView<'_>, &Row<ServiceFact>)| {
            is_visible(service) && pods::serves_an_application(view, service)
        };
        let servers: Vec<_> = services.iter().filter(counts).collect();
        for client in lacking {
            let joined = |(server, _): &(ClusterView<'_>, &Row<ServiceFact>)| {
                mesh.membership().joined(client.view.name(), server.name())
            };
            let sure = servers.iter().find(|server| joined(server).is_sure());
            let Some(server) = sure.or_else(|| servers.iter().find(|server| joined(server).is_possible()))
            else {
                continue;
            };
            report(client, &host.name, server, joined(server), out);
        }
    }
}

/// A cluster with an application that cannot resolve names of Services elsewhere.
struct Client<'a> {
    view: ClusterView<'a>,
    pod: &'a Row<PodFact>,
    /// Hosts that a route or Sidecar names, read when the first host is missing.
    named: OnceCell<BTreeMap<&'a str, (&'a ObjectRef, FieldPath)>>,
    /// Hosts of ServiceEntries: somebody cares for their addresses.
    entries: BTreeSet<&'a str>,
}

impl<'a> Client<'a> {
    fn of(view: &ClusterView<'a>) -> Option<Self> {
        let pod = view.pods().rows().iter().find(|pod| cannot_resolve(view, pod))?;
        let hosts = view.service_entries().rows().iter().flat_map(|row| &row.fact.hosts);
        let entries = hosts.map(|host| &**host).collect();
        Some(Self { view: *view, pod, named: OnceCell::new(), entries })
    }

    fn has_entry(&self, host: &str) -> bool {
        self.entries.contains(host)
    }

    /// A route or Sidecar that names the host itself, not by a wildcard.
    fn naming(&self, host: &str) -> Option<&(&'a ObjectRef, FieldPath)> {
        self.named.get_or_init(|| named(&self.view)).get(host)
    }
}

/// An application whose names are resolved by the DNS of its cluster alone, or by ztunnel, which has no address
/// to give for such a name.
fn cannot_resolve(client: &ClusterView<'_>, pod: &Row<PodFact>) -> bool {
    if !pods::is_application(pod) {
        return false;
    }
    let mut proxies = pod.fact.containers.iter().filter(|container| &*container.name == "istio-proxy");
    let captures = |value: &str| value == "true";
    let of_pod = proxies.find_map(|proxy| proxy.env.get("ISTIO_META_DNS_CAPTURE").map(captures));
    let of_mesh =
        || client.control_plane().mesh_config.as_ref().is_some_and(|(_, config)| config.dns_capture);
    !pod.fact.has_proxy || !of_pod.unwrap_or_else(of_mesh)
}

fn report(
    client: &Client<'_>,
    host: &str,
    (server, service): &(ClusterView<'_>, &Row<ServiceFact>),
    joined: Joined<'_>,
    out: &mut Sink<'_>,
) {
    let (namespace, name) = (&service.obj.namespace, &service.obj.name);
    let here = client.view.name().clone();
    let object = ObjectRef::new(here, Kind::Service, namespace.clone(), name.clone());
    let has_namespace = client.view.namespaces().find("", namespace).is_some();
    let message = format!(
        "Service \"{namespace}/{name}\" runs in cluster \"{}\" and is missing here, so clients cannot resolve its name",
        server.name(),
    );
    let mut objects = Vec::new();
    if !has_namespace {
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": &**namespace}}));
    }
    objects.push(stub(service));
    let draft = out
        .report_object(object, FieldPath::root(), message)
        .peer(server.name())
        .evidence(service, path!["spec"], "has endpoints in the mesh")
        .evidence(client.pod, path!["spec"], "resolves names by the DNS of its cluster")
        .unless_sure(joined)
        .manifest(objects, has_namespace);
    if let Some((object, path)) = client.naming(host) {
        draft.evidence_of(Subject::Object((*object).clone()), path.clone(), "names the host");
    } else if !has_namespace {
        let _ = draft.severity(Severity::Info);
    }
}

/// The hosts that routes and Sidecars of a cluster name, each with the first route, else the first Sidecar.
fn named<'a>(view: &ClusterView<'a>) -> BTreeMap<&'a str, (&'a ObjectRef, FieldPath)> {
    let mut named = BTreeMap::new();
    for row in view.virtual_services().rows() {
        for host in row.fact.hosts.iter().chain(row.fact.destinations.iter().map(|(host, _)| host)) {
            if let HostPattern::Exact(host) = host {
                named.entry(host.as_str()).or_insert_with(|| (&row.obj, path!["spec"]));
            }
        }
    }
    for row in view.sidecars().rows() {
        for (_, host) in row.fact.egress_hosts.iter().filter_map(|entry| entry.rsplit_once('/')) {
            named.entry(host).or_insert_with(|| (&row.obj, path!["spec", "egress"]));
        }
    }
    named
}

/// The Service as it is in the other cluster, without what its API server gave it.
fn stub(service: &Row<ServiceFact>) -> Value {
    let ports: Vec<Value> = service
        .fact
        .ports
        .iter()
        .map(|port| {
            let mut entry = Map::new();
            if !port.name.is_empty() {
                entry.insert("name".to_owned(), json!(&*port.name));
            }
            entry.insert("port".to_owned(), json!(port.number));
            entry.insert("protocol".to_owned(), json!(&*port.protocol));
            if let Some(app_protocol) = &port.app_protocol {
                entry.insert("appProtocol".to_owned(), json!(&**app_protocol));
            }
            if !port.target.is_empty() {
                let target =
                    port.target.parse::<u16>().map_or_else(|_| json!(&*port.target), |number| json!(number));
                entry.insert("targetPort".to_owned(), target);
            }
            Value::Object(entry)
        })
        .collect();
    let selector: Map<String, Value> =
        service.fact.selector.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let mut spec = json!({"ports": ports, "selector": selector});
    if service.fact.headless {
        spec["clusterIP"] = json!("None");
    }
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": &*service.obj.name, "namespace": &*service.obj.namespace},
        "spec": spec,
    })
}
