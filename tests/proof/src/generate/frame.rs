//! Clusters with their networks, nodes and pods, and the pods that ask.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CLUSTERS, Dice, NAMESPACES, Objects, object};
use crate::ads::NodeFact;

/// So many seeds in a row share pods and networks.
///
/// Networks stay since istiod computes the network of a ServiceEntry's endpoint when it reads the entry, and not again
/// when the system namespace or `meshNetworks` say otherwise.
pub const EPOCH: u64 = 10;

/// Region, zone and subzone of each node; every cluster has a node of each. An empty part is a missing label.
const PLACES: [[&str; 3]; 13] = [
    ["r1", "z1", "s1"],
    ["r1", "z1", "s2"],
    ["r1", "z1", ""],
    ["r1", "z2", "s1"],
    ["r1", "z2", ""],
    ["r1", "", ""],
    ["r2", "z1", "s1"],
    ["r2", "z3", ""],
    ["r2", "z3", "s2"],
    ["r3", "z4", ""],
    ["", "", ""],
    ["", "z1", ""],
    ["r2", "", "s1"],
];

/// The node with the labels that came before `topology.kubernetes.io`.
const OLD_LABELS: usize = 4;

const NETWORKS: [&str; 3] = ["n1", "n2", "n3"];

/// A cluster as the other parts of a mesh need it.
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) network: Option<&'static str>,
    pub(super) injected_network: &'static str,
    pub(super) pods: Vec<Pod>,
}

/// A pod that endpoints may stand for.
#[derive(Clone)]
pub(super) struct Pod {
    pub(super) namespace: &'static str,
    pub(super) name: String,
    pub(super) ip: String,
    pub(super) node: String,
    labels: BTreeMap<String, String>,
    is_ready: bool,
}

/// The nodes of a cluster, the same for all meshes.
#[must_use]
pub fn nodes() -> Vec<Value> {
    let node = |(at, place): (usize, &[&str; 3])| {
        let keys = if at == OLD_LABELS {
            ["failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone"]
        } else {
            ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"]
        };
        let keys = [keys[0], keys[1], "topology.istio.io/subzone"];
        let known = keys.iter().zip(place).filter(|(_, part)| !part.is_empty());
        let labels: BTreeMap<_, _> = known.collect();
        object("v1", "Node", "", &node_name(at), json!({"metadata": {"labels": labels}}))
    };
    PLACES.iter().enumerate().map(node).collect()
}

fn node_name(at: usize) -> String {
    format!("node-{at}")
}

pub(super) fn sites(epoch: u64) -> Vec<Site> {
    let dice = &mut Dice::new(epoch + 1_000_000);
    let networks = &NETWORKS[..dice.number(1, NETWORKS.len())];
    let mut site = |(number, name): (u64, &&'static str)| {
        let network = dice.maybe(88, networks);
        let injected_network = match dice.number(0, 9) {
            0 => "",
            1 => dice.pick(networks),
            _ => network.unwrap_or_default(),
        };
        Site { name, network, injected_network, pods: pods(dice, epoch, number) }
    };
    (0..).zip(&CLUSTERS).map(&mut site).collect()
}

fn pods(dice: &mut Dice, epoch: u64, cluster: u64) -> Vec<Pod> {
    let nodes: Vec<usize> = (0..4).map(|_| dice.number(0, PLACES.len() - 1)).collect();
    let mut pod = |number: usize| {
        let namespace = NAMESPACES[number % NAMESPACES.len()];
        let mut labels = BTreeMap::new();
        let mut label = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                labels.insert(key.to_owned(), value.to_owned());
            }
        };
        label("app", Some(dice.pick(&["a", "b", "vm"])));
        label("version", dice.maybe(80, &["v1", "v2"]));
        label("security.istio.io/tlsMode", dice.maybe(75, &["istio"]));
        label("topology.istio.io/network", dice.maybe(25, &NETWORKS));
        label("istio-locality", dice.maybe(10, &["r1.z1", "r2.z3.s2", "r1.z2.s1", "r3"]));
        label("topology.istio.io/locality", dice.maybe(8, &["r1.z2", "r2.z1.s1"]));
        label("topology.istio.io/cluster", dice.maybe(3, &["west"]));
        label("istio.io/draining", dice.maybe(4, &["true"]));
        label("topology.kubernetes.io/region", dice.maybe(3, &["r2"]));
        Pod {
            namespace,
            // Another one in each cluster: istiod keeps one workload of a name and namespace for ServiceEntries.
            name: format!("pod-{epoch}-{cluster}-{number}"),
            ip: format!("10.{}.{}.{number}", 100 + cluster, epoch % 250),
            node: node_name(dice.pick(&nodes)),
            labels,
            is_ready: dice.chance(90),
        }
    };
    (1..=12).map(&mut pod).collect()
}

pub(super) fn objects(site: &Site) -> Objects {
    let pod = |pod: &Pod| {
        let ready = if pod.is_ready { "True" } else { "False" };
        object(
            "v1",
            "Pod",
            pod.namespace,
            &pod.name,
            json!({
                // kwok leaves pods with it alone.
                "metadata": {"labels": pod.labels, "annotations": {"lab.kubectl-mesh.io/status": "tree"}},
                "spec": {"nodeName": pod.node, "containers": [{"name": "app", "image": "app"}]},
                "status": {
                    "phase": "Running", "podIP": pod.ip, "podIPs": [{"ip": pod.ip}],
                    "conditions": [{"type": "Ready", "status": ready}],
                },
            }),
        )
    };
    Objects {
        objects: site.pods.iter().map(pod).collect(),
        network: site.network.map(str::to_owned),
        injected_network: site.injected_network.to_owned(),
        distributions: NAMESPACES.iter().map(|namespace| (*namespace, None)).collect(),
        ..Objects::default()
    }
}

/// Two pods of each cluster of the mesh.
pub(super) fn clients(dice: &mut Dice, sites: &[Site], used: &[usize]) -> Vec<(usize, NodeFact)> {
    let mut clients = Vec::new();
    for &at in used {
        let site = &sites[at];
        let first = dice.number(0, site.pods.len() - 1);
        for step in [0, 1 + dice.number(0, site.pods.len() - 2)] {
            let pod = &site.pods[(first + step) % site.pods.len()];
            clients.push((at, client(site, pod)));
        }
    }
    clients
}

/// What the agent beside a pod tells: the injector gives it the network of the pod's label, else its own.
fn client(site: &Site, pod: &Pod) -> NodeFact {
    let network = pod.labels.get("topology.istio.io/network").map_or(site.injected_network, String::as_str);
    NodeFact {
        cluster_id: site.name.to_owned(),
        network: network.to_owned(),
        namespace: pod.namespace.to_owned(),
        name: pod.name.clone(),
        ip: pod.ip.clone(),
        labels: pod.labels.clone(),
        locality: Default::default(),
        node: pod.node.clone(),
    }
}
