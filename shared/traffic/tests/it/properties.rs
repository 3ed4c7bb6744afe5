//! What holds for every mesh.

use mesh_traffic::{Traffic, Via};
use proptest::prelude::*;

use crate::support::{Docs, World, client, excluded, lines, predict, ready};

/// One cluster of a random mesh.
#[derive(Clone, Debug)]
struct Shape {
    network: usize,
    /// Zone of each node; a node without one has no labels.
    nodes: Vec<Option<usize>>,
    /// Node of each pod, and whether it has a sidecar.
    pods: Vec<(usize, bool)>,
    gateways: usize,
    workloads: usize,
}

fn shape() -> impl Strategy<Value = Shape> {
    let nodes = prop::collection::vec(prop::option::of(0..3_usize), 1..4);
    let pods = prop::collection::vec((0..4_usize, prop::bool::weighted(0.8)), 0..5);
    (0..3_usize, nodes, pods, 0..3_usize, 0..2_usize).prop_map(
        |(network, nodes, pods, gateways, workloads)| Shape { network, nodes, pods, gateways, workloads },
    )
}

/// The manifests of a cluster, each by itself.
fn documents(at: usize, shape: &Shape, ids: &[String]) -> Vec<Docs> {
    let mut documents = Vec::new();
    let mut add = |fill: &dyn Fn(&mut Docs)| {
        let mut docs = Docs::default();
        fill(&mut docs);
        documents.push(docs);
    };
    let others: Vec<&str> = ids.iter().map(String::as_str).filter(|id| *id != ids[at]).collect();
    add(&|docs| *docs = Docs::primary(&ids[at], &others));
    add(&|docs| {
        docs.network(&format!("n{}", shape.network));
    });
    add(&|docs| {
        docs.service("echo", ", selector: {app: echo}");
    });
    for (node, zone) in shape.nodes.iter().enumerate() {
        let locality = zone.map_or_else(String::new, |zone| format!("r{}/z{zone}/", at % 2));
        add(&|docs| {
            docs.node(&format!("n{node}"), &locality);
        });
    }
    let mut listed = Vec::new();
    for (pod, (node, _)) in shape.pods.iter().enumerate() {
        let (name, ip) = (format!("p{pod}"), format!("10.{at}.0.{}", pod + 1));
        add(&|docs| {
            docs.pod(&name, &ip, &format!("n{}", node % shape.nodes.len()), "");
        });
        listed.push(ready(&ip, &name));
    }
    add(&|docs| {
        docs.slice("echo", "http", &listed);
    });
    let addresses: Vec<String> =
        (0..shape.gateways).map(|gateway| format!("192.0.2.{}", at * 10 + gateway)).collect();
    add(&|docs| {
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        docs.gateway(&format!("n{}", shape.network), &addresses);
    });
    for workload in 0..shape.workloads {
        add(&|docs| {
            docs.add(&format!(
                "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: vm{workload}, namespace: shop}}\n\
                 spec: {{address: 198.51.100.{}, labels: {{app: echo}}, weight: {}}}",
                at * 10 + workload,
                workload + 1
            ));
        });
    }
    documents
}

/// The mesh with its documents in the order that `keys` gives.
fn world(shapes: &[Shape], keys: &[u32]) -> World {
    let ids: Vec<String> = (0..shapes.len()).map(|at| format!("c{at}")).collect();
    let mut world = World::default();
    for (at, shape) in shapes.iter().enumerate() {
        let documents = documents(at, shape, &ids);
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_by_key(|document| (keys.get(document % keys.len().max(1)), *document));
        let docs = order.into_iter().fold(Docs::default(), |docs, at| docs.with(&documents[at]));
        world = world.cluster(&ids[at], docs);
    }
    let by = keys.first().copied().unwrap_or_default() as usize % world.clusters.len();
    world.clusters.rotate_left(by);
    world
}

/// What every cluster's clients are given and denied.
fn results(world: &World) -> Vec<(Vec<String>, Vec<String>)> {
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let clusters = 0..mesh.clusters().len();
    let of_cluster = |at: usize| {
        let prediction = predict(&traffic.view(at), &client(at, "n0", "r0/z0/"));
        (lines(&prediction), excluded(&prediction))
    };
    clusters.map(of_cluster).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_the_input_does_not_matter(
        shapes in prop::collection::vec(shape(), 1..4),
        keys in prop::collection::vec(any::<u32>(), 1..12),
    ) {
        prop_assert_eq!(results(&world(&shapes, &[])), results(&world(&shapes, &keys)));
    }

    #[test]
    fn every_endpoint_is_sent_or_left_out_with_a_reason(shapes in prop::collection::vec(shape(), 1..4)) {
        let mesh = world(&shapes, &[]).mesh();
        let traffic = Traffic::new(&mesh);
        let prediction = predict(&traffic.view(0), &client(0, "n0", "r0/z0/"));
        let mut found: Vec<&str> = prediction.assignment.excluded.iter().map(|out| out.endpoint.address).collect();
        for sent in prediction.assignment.groups.iter().flat_map(|group| &group.endpoints) {
            match &sent.via {
                Via::Direct(endpoint) => found.push(endpoint.address),
                Via::Gateway { behind, .. } => found.extend(behind.iter().map(|endpoint| endpoint.address)),
            }
        }
        found.sort_unstable();
        found.dedup();
        let total: usize = shapes.iter().map(|shape| shape.pods.len() + shape.workloads).sum();
        prop_assert_eq!(found.len(), total);
    }

    #[test]
    fn a_group_weighs_what_its_endpoints_weigh(shapes in prop::collection::vec(shape(), 1..4)) {
        let mesh = world(&shapes, &[]).mesh();
        let traffic = Traffic::new(&mesh);
        let prediction = predict(&traffic.view(0), &client(0, "n0", "r0/z0/"));
        for group in &prediction.assignment.groups {
            prop_assert_eq!(group.weight, group.endpoints.iter().map(|sent| sent.weight).sum::<u32>());
        }
    }
}
