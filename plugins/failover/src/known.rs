//! What there is to lose in a mesh, so that a loss of nothing is an error and not a loss without effect.

use std::collections::BTreeSet;

use mesh_cli::Failure;
use mesh_model::{Cluster, Mesh};
use mesh_traffic::Traffic;
use mesh_traffic::client::labels;
use mesh_traffic::scenario::{Loss, Lost, Target, is_of_workload};

use crate::losses::{Key, LossWord};

/// Values told where one is not found.
const SHOWN: usize = 12;

/// What `words` take of the mesh.
///
/// # Errors
/// If one means nothing.
pub(crate) fn lost(traffic: &Traffic<'_>, words: &[LossWord]) -> Result<Lost, Failure> {
    let losses: Result<Vec<Loss>, Failure> = words.iter().map(|word| loss(traffic, word)).collect();
    Ok(Lost::of(traffic.mesh(), losses?))
}

fn loss(traffic: &Traffic<'_>, word: &LossWord) -> Result<Loss, Failure> {
    let mesh = traffic.mesh();
    let loss = word.loss().filter(|loss| match &loss.target {
        Target::Workload(cluster, namespace, name) => mesh.cluster(cluster).is_some_and(|cluster| {
            cluster.pods.in_namespace(namespace).iter().any(|pod| is_of_workload(pod, name))
        }),
        Target::Pod(cluster, namespace, name) => {
            mesh.cluster(cluster).is_some_and(|cluster| cluster.pods.find(namespace, name).is_some())
        }
        Target::Node(cluster, name) => {
            let named =
                mesh.clusters().iter().filter(|known| cluster.as_deref().is_none_or(|of| known.name == *of));
            named.into_iter().any(|cluster| has_node(cluster, name))
        }
        _ => known(traffic, word.key).contains(&word.value),
    });
    loss.ok_or_else(|| Failure::Question(nothing(traffic, word)))
}

/// A node, or a pod on one that was not read.
fn has_node(cluster: &Cluster, name: &str) -> bool {
    cluster.nodes.find("", name).is_some() || cluster.pods.rows().iter().any(|pod| pod.fact.node == *name)
}

fn nothing(traffic: &Traffic<'_>, word: &LossWord) -> String {
    let (key, value) = (word.key.as_str(), &word.value);
    let all = known(traffic, word.key);
    if all.is_empty() {
        return format!("nothing has {key} \"{value}\"; no {key} is known");
    }
    let shown: Vec<&str> = all.iter().take(SHOWN).map(String::as_str).collect();
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("nothing has {key} \"{value}\"; {key}s are: {}{more}", shown.join(", "))
}

/// The values that there are, sorted.
fn known(traffic: &Traffic<'_>, key: Key) -> BTreeSet<String> {
    let mesh = traffic.mesh();
    let mut all = match key {
        Key::Region | Key::Zone => places(traffic, key),
        Key::Cluster => mesh.clusters().iter().map(|cluster| cluster.name.to_string()).collect(),
        Key::Network => networks(traffic),
        Key::Gateway => gateways(traffic, |gateway| gateway.address),
        Key::Node => {
            let nodes = mesh.clusters().iter().flat_map(|cluster| cluster.nodes.rows());
            nodes.map(|row| format!("{}/{}", row.obj.cluster, row.obj.name)).collect()
        }
        Key::Pod | Key::Workload => pods(mesh, key),
    };
    all.remove("");
    all
}

/// Regions or zones of nodes, of clients, and of what stands outside of Kubernetes.
fn places(traffic: &Traffic<'_>, key: Key) -> BTreeSet<String> {
    let part =
        |region: &str, zone: &str| if key == Key::Region { region.to_owned() } else { zone.to_owned() };
    let mut all = BTreeSet::new();
    for (at, cluster) in traffic.mesh().clusters().iter().enumerate() {
        let nodes = cluster.nodes.rows().iter().map(|row| row.fact.locality.clone());
        let clients = traffic.view(at).localities().into_iter().map(|(locality, _)| locality);
        all.extend(nodes.chain(clients).map(|locality| part(&locality.region, &locality.zone)));
        let workloads = cluster.workload_entries.rows().iter().map(|row| &row.fact);
        let entries = cluster.service_entries.rows().iter().flat_map(|row| &row.fact.endpoints);
        for text in workloads.chain(entries).map(|workload| &*workload.locality) {
            let mut parts = text.split('/');
            let (region, zone) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            all.insert(part(region, zone));
        }
    }
    all
}

fn networks(traffic: &Traffic<'_>) -> BTreeSet<String> {
    let mut all = gateways(traffic, |gateway| gateway.network);
    for cluster in traffic.mesh().clusters() {
        all.insert(cluster.control_plane.network().to_string());
        let pods = cluster.pods.rows().iter().filter_map(|row| row.labels.get(labels::NETWORK));
        all.extend(pods.map(str::to_owned));
    }
    all
}

fn gateways<'m>(
    traffic: &Traffic<'m>,
    of: impl Fn(&mesh_traffic::NetworkGateway<'m>) -> &'m str,
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for at in 0..traffic.mesh().clusters().len() {
        let view = traffic.view(at);
        let known = view.gateways();
        all.extend(known.all().iter().chain(known.unresolved()).map(|gateway| of(gateway).to_owned()));
    }
    all
}

/// Pods, or what is left of their names without the parts that their owners add.
fn pods(mesh: &Mesh, key: Key) -> BTreeSet<String> {
    let rows = mesh.clusters().iter().flat_map(|cluster| cluster.pods.rows());
    let name = |name: &str, hash: Option<&str>| {
        let head = name.rsplit_once('-').map_or(name, |(head, _)| head);
        let owner = hash.and_then(|hash| head.strip_suffix(hash)?.strip_suffix('-'));
        if key == Key::Pod { name.to_owned() } else { owner.unwrap_or(head).to_owned() }
    };
    rows.map(|row| {
        let name = name(&row.obj.name, row.labels.get("pod-template-hash"));
        format!("{}/{}/{name}", row.obj.cluster, row.obj.namespace)
    })
    .collect()
}
