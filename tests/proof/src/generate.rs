//! Random meshes from a seed: everything that istiods read in the lab, and the clients that ask them.
//!
//! Nodes are the same in all meshes, pods and networks stay for an epoch of meshes; all else is drawn anew. Equal seeds give equal objects; only times of creation are the lab's.

mod dice;
mod entries;
mod frame;
mod mesh_config;
mod peers;
mod policy;
mod rules;
mod services;

use serde_json::{Value, json};

use crate::ads::NodeFact;
use dice::Dice;
pub use frame::{EPOCH, nodes};
use frame::{Pod, Site};

/// Clusters of the lab, in the order of their numbers.
pub const CLUSTERS: [&str; 4] = ["west", "east", "south", "north"];

/// Namespaces that hold what is asked about, in every cluster.
pub const NAMESPACES: [&str; 3] = ["shop", "bank", "ops"];

/// The namespace whose rules count for all.
pub const ROOT: &str = "istio-system";

/// One random mesh.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Where it came from.
    pub seed: u64,
    /// Objects of each cluster of the lab; a cluster that is no part of the mesh has its pods only.
    pub clusters: Vec<Objects>,
    /// Who asks, with the position of the cluster.
    pub clients: Vec<(usize, NodeFact)>,
}

/// What one cluster gets.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Complete objects, those with a `status` too.
    pub objects: Vec<Value>,
    /// `mesh` of the mesh config, beside what was installed.
    pub mesh_config: Value,
    /// `meshNetworks` of the mesh config.
    pub mesh_networks: Value,
    /// Label of the system namespace.
    pub network: Option<String>,
    /// `global.network` of the injector.
    pub injected_network: String,
    /// Annotation of traffic distribution by namespace.
    pub distributions: Vec<(&'static str, Option<&'static str>)>,
}

/// Draws the mesh of a seed.
#[must_use]
pub fn generate(seed: u64) -> Generated {
    let mut dice = Dice::new(seed);
    let sites = frame::sites(seed / EPOCH);
    let used: Vec<usize> = (0..dice.number(2, sites.len())).collect();
    let mut clusters = frame(seed / EPOCH);
    services::draw(&mut dice, &sites, &used, &mut clusters);
    entries::draw(&mut dice, &used, &mut clusters);
    peers::draw(&mut dice, &used, &mut clusters);
    rules::draw(&mut dice, &used, &mut clusters);
    mesh_config::draw(&mut dice, &used, &mut clusters);
    let clients = frame::clients(&mut dice, &sites, &used);
    Generated { seed, clusters, clients }
}

/// What the meshes of an epoch have in common.
#[must_use]
pub fn frame(epoch: u64) -> Vec<Objects> {
    let mut clusters: Vec<Objects> = frame::sites(epoch).iter().map(frame::objects).collect();
    mesh_config::draw_networks(&mut Dice::new(epoch + 2_000_000), &mut clusters);
    clusters
}

/// An object with its head.
fn object(api: &str, kind: &str, namespace: &str, name: &str, body: Value) -> Value {
    let mut object = body;
    object["apiVersion"] = api.into();
    object["kind"] = kind.into();
    object["metadata"]["name"] = name.into();
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    object
}

/// An object of Istio with its `spec`.
fn istio(group: &str, kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    object(&format!("{group}.istio.io/v1"), kind, namespace, name, json!({ "spec": spec }))
}

/// The host of a Service.
fn host(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.svc.cluster.local")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_mesh_again_and_another_seed_another() {
        let text = |seed| format!("{:?}", generate(seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn every_kind_occurs_within_the_meshes_of_one_run() {
        let all = format!("{:?}", (0..60).map(generate).collect::<Vec<_>>());
        for word in [
            "failoverPriority",
            "failover",
            "distribute",
            "zoneAwareLbSetting",
            "outlierDetection",
            "portLevelSettings",
            "topology.istio.io/cluster",
            "exportTo",
            "workloadSelector",
            "clusterLocal",
            "PreferSameNode",
            "internalTrafficPolicy",
            "externalIPs",
            "istio-locality",
            "terminating",
            "WorkloadEntry",
            "portLevelMtls",
            "fromRegistry",
            "networking.istio.io/traffic-distribution",
            "minHealthPercent",
        ] {
            assert!(all.contains(word), "no mesh has {word}");
        }
    }
}
