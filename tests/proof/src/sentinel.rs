//! How one knows that an istiod has settled: sentinels.
//!
//! A quiet time says only that nothing was sent, and equality with the prediction may be luck of the moment before.
//! So each cluster has one sentinel per kind, which says a number. It is written after everything else of its kind;
//! a watch tells of objects of one kind in the order of their writes, and an istiod that serves the number of every
//! sentinel of every cluster has read everything before. The effects are visible to a sidecar of the namespace
//! `probe`, and nothing that is generated can hide or change them:
//!
//! | kind | what says the number |
//! |---|---|
//! | Service | its port |
//! | EndpointSlice | the port of its endpoints |
//! | Pod | an endpoint that istiod holds back until it knows the pod of the epoch |
//! | Namespace | odd or even: traffic distribution by zone or by node, seen in priorities |
//! | DestinationRule | `connectTimeout` of the Service's cluster |
//! | ServiceEntry | its port |
//! | WorkloadEntry | the port of the endpoint it gives to the ServiceEntry |
//! | PeerAuthentication | odd or even: mutual TLS of the Service's cluster or none |
//! | ConfigMap of the mesh config | `connectTimeout` of the ServiceEntry's cluster |

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ads::{NodeFact, State};
use crate::generate::CLUSTERS;

/// Namespace of sentinels and probes.
pub const NAMESPACE: &str = "probe";

/// A network that no gateway leads to: all of it is reached directly.
const NETWORK: &str = "probe";

/// Nodes of [`crate::generate::nodes`]: two of one zone, and one of another.
const NODES: [&str; 3] = ["node-0", "node-1", "node-9"];

const FIRST_PORT: u32 = 10_000;
const FIRST_TARGET: u32 = 20_000;

/// What a cluster has to have served.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Number of the sentinels.
    pub generation: u32,
    /// Epoch of the pods.
    pub epoch: u64,
}

/// The sentinel of Services, which is written before the others.
#[must_use]
pub fn service(cluster: &str, generation: u32) -> Value {
    let (port, target) = (FIRST_PORT + generation, FIRST_TARGET + generation);
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("mark-{cluster}"), "namespace": NAMESPACE},
        "spec": {"ports": [{"name": "http", "port": port, "targetPort": target}]},
    })
}

/// The other sentinels of a cluster, but for the namespace and the mesh config, which are patched.
#[must_use]
pub fn objects(cluster: &str, generation: u32, epoch: u64) -> Vec<Value> {
    let name = format!("mark-{cluster}");
    let (port, target) = (FIRST_PORT + generation, FIRST_TARGET + generation);
    let at = number(cluster);
    let meta = |kind: &str, api: &str, mut body: Value| {
        body["apiVersion"] = api.into();
        body["kind"] = kind.into();
        body["metadata"]["name"] = name.as_str().into();
        body["metadata"]["namespace"] = NAMESPACE.into();
        body
    };
    let pods = pods(at, epoch);
    let endpoint = |pod: &Value| {
        json!({
            "addresses": [pod["status"]["podIP"]], "conditions": {"ready": true}, "nodeName": pod["spec"]["nodeName"],
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": NAMESPACE},
        })
    };
    let slice = json!({
        "metadata": {"labels": {
            "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "lab.kubectl-mesh.io",
        }},
        "addressType": "IPv4", "ports": [{"name": "http", "port": target, "protocol": "TCP"}],
        "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(),
    });
    let mode = if generation % 2 == 1 { "DISABLE" } else { "STRICT" };
    let mut objects = pods.to_vec();
    objects.extend([
        meta("EndpointSlice", "discovery.k8s.io/v1", slice),
        rule(cluster, generation),
        meta(
            "ServiceEntry",
            "networking.istio.io/v1",
            json!({"spec": {
                "hosts": [ENTRY], "location": "MESH_INTERNAL", "resolution": "STATIC",
                "ports": [{"number": port, "name": "http", "protocol": "HTTP"}],
                "workloadSelector": {"labels": {"mark": "entry"}},
            }}),
        ),
        meta(
            "WorkloadEntry",
            "networking.istio.io/v1",
            json!({"spec": {
                "address": format!("10.253.{at}.1"), "network": NETWORK, "labels": {"mark": "entry"},
                "ports": {"http": target},
            }}),
        ),
        meta("PeerAuthentication", "security.istio.io/v1", json!({"spec": {"mtls": {"mode": mode}}})),
    ]);
    objects
}

/// Rules of the namespace for all sentinels that have hosts: before them none of the root namespace counts, nor the
/// locality setting of the mesh for the ServiceEntry.
#[must_use]
pub fn guards() -> Vec<Value> {
    let entry = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"name": "mark-entry", "namespace": NAMESPACE},
        "spec": {"host": ENTRY, "trafficPolicy": {"loadBalancer": {"localityLbSetting": {"enabled": false}}}},
    });
    CLUSTERS.iter().map(|cluster| rule(cluster, 0)).chain([entry]).collect()
}

fn rule(cluster: &str, generation: u32) -> Value {
    let name = format!("mark-{cluster}");
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "host": name, "trafficPolicy": {"connectionPool": {"tcp": {"connectTimeout": timeout(generation)}}},
        },
    })
}

/// Host of the ServiceEntry.
const ENTRY: &str = "mark.probe.example";

/// Two pods that stay, and that of the epoch.
fn pods(at: usize, epoch: u64) -> [Value; 3] {
    let names = ["stays-near".to_owned(), "stays-far".to_owned(), format!("epoch-{epoch}")];
    let nodes = [NODES[1], NODES[2], NODES[0]];
    let addresses =
        [format!("10.252.{at}.1"), format!("10.252.{at}.2"), format!("10.251.{at}.{}", epoch % 250 + 1)];
    let pod = |number: usize| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": names[number], "namespace": NAMESPACE,
                "labels": {"topology.istio.io/network": NETWORK, "security.istio.io/tlsMode": "istio"},
                "annotations": {"lab.kubectl-mesh.io/status": "tree"},
            },
            "spec": {"nodeName": nodes[number], "containers": [{"name": "app", "image": "app"}]},
            "status": {
                "phase": "Running", "podIP": addresses[number], "podIPs": [{"ip": addresses[number]}],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        })
    };
    [pod(0), pod(1), pod(2)]
}

/// Traffic distribution of the namespace.
#[must_use]
pub fn distribution(generation: u32) -> &'static str {
    if generation % 2 == 1 { "PreferSameZone" } else { "PreferSameNode" }
}

/// `connectTimeout` that says a number.
#[must_use]
pub fn timeout(generation: u32) -> String {
    format!("{}.{:03}s", 1 + generation / 1000, generation % 1000)
}

fn milliseconds(generation: u32) -> u64 {
    u64::from(1000 + generation)
}

/// The sidecar that looks at the sentinels of all clusters, as a client of one.
#[must_use]
pub fn probe(cluster: &str) -> NodeFact {
    NodeFact {
        cluster_id: cluster.to_owned(),
        network: NETWORK.to_owned(),
        namespace: NAMESPACE.to_owned(),
        name: "probe".to_owned(),
        ip: "10.250.0.1".to_owned(),
        labels: BTreeMap::new(),
        locality: ["r1".to_owned(), "z1".to_owned(), "s1".to_owned()],
        node: NODES[0].to_owned(),
    }
}

/// What is missing before the istiod of a cluster has served all marks; `None` when nothing is.
///
/// # Panics
/// If `own` has no mark.
#[must_use]
pub fn missing(state: &State, own: &str, marks: &BTreeMap<String, Mark>) -> Option<String> {
    let generation = marks[own].generation;
    let entry = format!("outbound|{}||{ENTRY}", FIRST_PORT + generation);
    let Some(cluster) = state.clusters.get(&entry) else { return Some("the ServiceEntry".to_owned()) };
    if cluster.connect_timeout != milliseconds(generation) {
        return Some("the mesh config".to_owned());
    }
    let of_entry = state.assignments.get(&entry).cloned().unwrap_or_default();
    let missing_of = |(name, mark): (&String, &Mark)| {
        let at = number(name);
        let (address, port) = (format!("10.253.{at}.1"), FIRST_TARGET + mark.generation);
        let what = if of_entry.endpoints().any(|one| one.address == address && one.port == port) {
            missing_of_service(state, name, at, *mark, name == own)?
        } else {
            "the WorkloadEntry"
        };
        Some(format!("{what} of {name}"))
    };
    marks.iter().find_map(missing_of)
}

/// Number of a cluster of the lab.
fn number(cluster: &str) -> usize {
    1 + CLUSTERS.iter().position(|known| *known == cluster).unwrap_or_default()
}

/// The first cluster whose Services are not served yet.
#[must_use]
pub fn missing_services(state: &State, marks: &BTreeMap<String, Mark>) -> Option<String> {
    let is_missing =
        |(name, mark): &(&String, &Mark)| !state.clusters.contains_key(&service_cluster(name, **mark));
    marks.iter().find(is_missing).map(|(name, _)| format!("the Services of {name}"))
}

fn service_cluster(name: &str, mark: Mark) -> String {
    format!("outbound|{}||mark-{name}.{NAMESPACE}.svc.cluster.local", FIRST_PORT + mark.generation)
}

fn missing_of_service(
    state: &State,
    name: &str,
    at: usize,
    mark: Mark,
    is_own: bool,
) -> Option<&'static str> {
    let service = service_cluster(name, mark);
    let Some(cluster) = state.clusters.get(&service) else { return Some("the Service") };
    if is_own && cluster.connect_timeout != milliseconds(mark.generation) {
        return Some("the DestinationRule");
    }
    if is_own && cluster.auto_mtls == (mark.generation % 2 == 1) {
        return Some("the PeerAuthentication");
    }
    let assignment = state.assignments.get(&service).cloned().unwrap_or_default();
    let priority = |address: &str| {
        let has = |group: &&crate::ads::Group| {
            group
                .endpoints
                .iter()
                .any(|one| one.address == address && one.port == FIRST_TARGET + mark.generation)
        };
        assignment.0.iter().find(has).map(|group| group.priority)
    };
    let Some(near) = priority(&format!("10.252.{at}.1")) else { return Some("the EndpointSlice") };
    if priority(&format!("10.251.{at}.{}", mark.epoch % 250 + 1)).is_none() {
        return Some("the pod");
    }
    // The near pod stands in the probe's zone, and on another node.
    (near != u32::from(mark.generation.is_multiple_of(2))).then_some("the Namespace")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ads::{Assignment, Cluster, Endpoint, Group};

    fn cluster(connect_timeout: u64, auto_mtls: bool) -> Cluster {
        Cluster {
            discovery: None,
            policy: None,
            locality_weights: false,
            zone_aware: None,
            panic_threshold: None,
            outlier: None,
            own: None,
            connect_timeout,
            auto_mtls,
        }
    }

    fn group(priority: u32, addresses: &[&str]) -> Group {
        let endpoint = |address: &&str| Endpoint {
            address: (*address).to_owned(),
            port: FIRST_TARGET + 2,
            weight: None,
            health: 1,
        };
        let endpoints = addresses.iter().map(endpoint).collect();
        Group { locality: Default::default(), priority, weight: None, endpoints }
    }

    /// What an istiod of `west` sends that has read everything of generation 2.
    fn complete() -> State {
        let service = "outbound|10002||mark-west.probe.svc.cluster.local".to_owned();
        let entry = "outbound|10002||mark.probe.example".to_owned();
        let pods = Assignment(vec![group(0, &["10.251.1.1"]), group(1, &["10.252.1.1"])]);
        let workloads = Assignment(vec![group(0, &["10.253.1.1"])]);
        State {
            clusters: [(service.clone(), cluster(1002, true)), (entry.clone(), cluster(1002, false))].into(),
            assignments: [(service, pods), (entry, workloads)].into(),
        }
    }

    fn missing_in(state: &State) -> Option<String> {
        let mark = Mark { generation: 2, epoch: 0 };
        missing(state, "west", &[("west".to_owned(), mark)].into())
    }

    #[test]
    fn nothing_is_missing_where_every_sentinel_says_the_number() {
        assert_eq!(missing_in(&complete()), None);
    }

    #[test]
    fn each_sentinel_that_says_another_number_or_nothing_is_missing() {
        let missing_after = |change: &dyn Fn(&mut State)| {
            let mut state = complete();
            change(&mut state);
            missing_in(&state).unwrap_or_default()
        };
        let (service, entry) =
            ("outbound|10002||mark-west.probe.svc.cluster.local", "outbound|10002||mark.probe.example");
        let changed = |name: &'static str, timeout, mtls| {
            move |state: &mut State| drop(state.clusters.insert(name.to_owned(), cluster(timeout, mtls)))
        };
        assert_eq!(missing_after(&|state| drop(state.clusters.remove(entry))), "the ServiceEntry");
        assert_eq!(missing_after(&changed(entry, 1001, false)), "the mesh config");
        assert_eq!(
            missing_after(&|state| drop(state.assignments.remove(entry))),
            "the WorkloadEntry of west"
        );
        assert_eq!(missing_after(&|state| drop(state.clusters.remove(service))), "the Service of west");
        assert_eq!(missing_after(&changed(service, 1001, true)), "the DestinationRule of west");
        assert_eq!(missing_after(&changed(service, 1002, false)), "the PeerAuthentication of west");
        assert_eq!(
            missing_after(&|state| drop(state.assignments.remove(service))),
            "the EndpointSlice of west"
        );
        let groups = |groups: &'static dyn Fn() -> Vec<Group>| {
            move |state: &mut State| drop(state.assignments.insert(service.to_owned(), Assignment(groups())))
        };
        assert_eq!(missing_after(&groups(&|| vec![group(1, &["10.252.1.1"])])), "the pod of west");
        let by_zone = groups(&|| vec![group(0, &["10.251.1.1", "10.252.1.1"])]);
        assert_eq!(missing_after(&by_zone), "the Namespace of west");
    }
}
