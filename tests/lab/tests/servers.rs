//! The lab's servers are the real ones, in the pinned versions, and joined to one mesh.
//! Needs the running lab with the clusters west and east.

use mesh_lab::{
    Lab,
    programs::{ISTIO_VERSION, KUBERNETES_VERSION},
};

const ISTIOD: &str = "istiod-lab";

#[test]
fn every_api_server_reports_the_pinned_version() {
    let lab = Lab::connect();
    assert!(lab.clusters().len() > 1, "the lab must have two clusters or more");
    for cluster in lab.clusters() {
        let version = lab.kubectl_output(&cluster.name, ["get", "--raw", "/version"]).unwrap();
        let version: serde_json::Value = serde_json::from_str(&version).unwrap();
        assert_eq!(version["gitVersion"], KUBERNETES_VERSION, "{}", cluster.name);
    }
}

#[test]
fn every_istiod_is_ready_behind_its_service_and_through_a_port_forward() {
    let lab = Lab::connect();
    for cluster in lab.clusters() {
        let path = "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}";
        let service = "kubernetes.io/service-name=istiod";
        let slices = ["-n", "istio-system", "get", "endpointslices", "-l", service, "-o", path];
        assert_eq!(lab.kubectl_output(&cluster.name, slices).unwrap(), cluster.istiod_address());

        let http = lab.port_forward(&cluster.name, "istio-system", ISTIOD, 8080).unwrap();
        assert_eq!(http.get("/ready").unwrap().0, 200, "{}", cluster.name);
        let monitoring = lab.port_forward(&cluster.name, "istio-system", ISTIOD, 15014).unwrap();
        let (code, version) = monitoring.get("/version").unwrap();
        assert_eq!((code, version.split('-').next()), (200, Some(ISTIO_VERSION)), "{}", cluster.name);
    }
}

#[test]
fn debug_pages_of_istiod_answer_through_a_port_forward() {
    let lab = Lab::connect();
    let forward = lab.port_forward("west", "istio-system", ISTIOD, 15014).unwrap();
    let (code, body) = forward.get("/debug/clusterz").unwrap();
    assert_eq!(code, 200, "{body}");
    let clusters: serde_json::Value = serde_json::from_str(&body).unwrap();
    let mut names: Vec<_> =
        clusters.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut expected: Vec<_> = lab.clusters().iter().map(|cluster| cluster.name.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn every_istiod_has_read_every_other_cluster() {
    let lab = Lab::connect();
    for reader in lab.clusters() {
        let output = lab.istioctl(&reader.name, ["remote-clusters"]).unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        for read in lab.clusters() {
            let line = table.lines().find(|line| line.split_whitespace().next() == Some(&read.name));
            let line =
                line.unwrap_or_else(|| panic!("{} does not know {}:\n{table}", reader.name, read.name));
            assert!(line.split_whitespace().any(|word| word == "synced"), "{line}");
        }
    }
}

#[test]
fn istio_itself_refuses_an_invalid_destination_rule() {
    let lab = Lab::connect();
    for cluster in lab.clusters() {
        let rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
                    metadata: {name: invalid, namespace: default}\nspec: {host: ''}\n";
        let output = lab.apply(&cluster.name, rule).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{} admitted it", cluster.name);
        assert!(said.contains(r#"admission webhook "validation.istio.io" denied the request"#), "{said}");
    }
}

#[test]
fn the_installed_releases_carry_istios_version_and_the_clusters_identity() {
    let lab = Lab::connect();
    for cluster in lab.clusters() {
        let values =
            ["-n", "istio-system", "get", "configmap", "values", "-o", "jsonpath={.data.merged-values}"];
        let values = lab.kubectl_output(&cluster.name, values).unwrap();
        let values: serde_json::Value = serde_json::from_str(&values).unwrap();
        assert_eq!(values["global"]["multiCluster"]["clusterName"], cluster.name);
        assert_eq!(values["global"]["network"], cluster.network);
        assert_eq!(values["global"]["tag"], ISTIO_VERSION);
    }
}
