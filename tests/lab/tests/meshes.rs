//! Fixture meshes become live objects of the same names, and go away again.
//! Needs the running lab with the clusters west and east.

use mesh_lab::{Lab, eventually};
use serde_json::Value;

fn json(lab: &Lab, cluster: &str, arguments: &[&str]) -> Value {
    let text =
        lab.kubectl_output(cluster, arguments.iter().chain(&["-o", "json"])).expect("kubectl succeeds");
    serde_json::from_str(&text).expect("kubectl writes JSON")
}

#[test]
fn pods_of_the_fixture_run_with_their_addresses_and_the_injected_sidecar() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    for (cluster, address) in [("west", "172.30.1.31"), ("east", "172.30.2.31")] {
        let pod = json(&lab, cluster, &["-n", "shop", "get", "pod", "echo-1"]);
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(pod["status"]["podIP"], address);
        assert_eq!(pod["metadata"]["labels"]["topology.istio.io/network"], format!("network-{cluster}"));
        let all = ["initContainers", "containers"]
            .map(|list| pod["spec"][list].as_array().unwrap().clone())
            .concat();
        let proxy = all.iter().find(|container| container["name"] == "istio-proxy").unwrap();
        assert_eq!(proxy["image"], "docker.io/istio/proxyv2:1.31.0");
        let statuses = ["initContainerStatuses", "containerStatuses"];
        let ready = statuses.map(|list| pod["status"][list].as_array().unwrap().clone()).concat();
        assert!(ready.iter().all(|status| status["ready"] == true), "{ready:?}");
    }
}

#[test]
fn endpoint_slices_keep_the_names_of_the_tree_and_nodes_their_zones() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    for cluster in ["west", "east"] {
        let slices = json(&lab, cluster, &["-n", "shop", "get", "endpointslices"]);
        let slices = slices["items"].as_array().unwrap();
        assert_eq!(slices.len(), 1, "{slices:?}");
        assert_eq!(slices[0]["metadata"]["name"], format!("echo-{cluster}"));
        let endpoints = slices[0]["endpoints"].as_array().unwrap();
        let mut zones: Vec<_> = endpoints.iter().map(|endpoint| endpoint["zone"].as_str().unwrap()).collect();
        zones.sort_unstable();
        assert_eq!(zones, [format!("{cluster}-a"), format!("{cluster}-b")]);
    }
}

#[test]
fn the_istiod_of_each_cluster_knows_the_endpoints_of_both() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    for cluster in ["west", "east"] {
        let forward = lab.port_forward(cluster, "istio-system", "istiod-lab", 15014).unwrap();
        let addresses = eventually(|| {
            let (code, body) = forward.get("/debug/endpointShardz").unwrap();
            assert_eq!(code, 200, "{body}");
            let shards: Value = serde_json::from_str(&body).unwrap();
            let shards = &shards["echo.shop.svc.cluster.local"]["shop"]["Shards"];
            // istiod reads the API servers in its own time.
            let both = shards.as_object().is_some_and(|shards| shards.len() == 2);
            if both { Ok(shards.to_string()) } else { Err(format!("istiod of {cluster} knows {shards}")) }
        });
        for address in ["172.30.1.31", "172.30.1.32", "172.30.2.31", "172.30.2.32"] {
            assert!(addresses.contains(address), "{cluster} does not know {address}: {addresses}");
        }
    }
}

#[test]
fn a_pod_without_a_status_of_its_own_is_run_by_its_node() {
    let lab = Lab::connect();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: default}\n\
               spec: {nodeName: west-control, containers: [{name: app, image: registry.example/app}]}\n";
    let output = lab.apply("west", pod).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    lab.kubectl_output("west", ["wait", "--for=condition=Ready", "pod/plain"]).unwrap();
    let pod = json(&lab, "west", &["get", "pod", "plain"]);
    assert!(pod["status"]["podIP"].as_str().unwrap().starts_with("172.30.1."), "{}", pod["status"]);
    lab.kubectl_output("west", ["delete", "pod", "plain"]).unwrap();
}

#[test]
fn a_mesh_that_is_dropped_leaves_nothing() {
    let lab = Lab::connect();
    drop(lab.apply_mesh("two-networks").unwrap());
    // Held for the rest of the test: nobody else has applied the mesh meanwhile.
    let _lock = lab.exclusive().unwrap();
    for cluster in ["west", "east"] {
        for kind in ["destinationrules", "gateways.networking.istio.io", "peerauthentications"] {
            let left = lab.kubectl_output(cluster, ["get", kind, "-A", "-o", "name"]).unwrap();
            assert_eq!(left, "", "{cluster}");
        }
        let namespaces = lab.kubectl_output(cluster, ["get", "namespaces", "-o", "name"]).unwrap();
        assert!(!namespaces.contains("namespace/shop"), "{namespaces}");
    }
}
