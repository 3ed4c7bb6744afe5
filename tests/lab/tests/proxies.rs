//! Real sidecars: what istiod makes of a fixture mesh, as Envoy has it.
//! Needs the running lab with the clusters west and east.

use mesh_lab::{Lab, eventually, proxy::ADMIN_PORT};
use serde_json::Value;

/// `address:port` and priority of every endpoint of an Envoy cluster, sorted.
fn endpoints(admin: &mesh_lab::forward::PortForward, cluster: &str) -> Vec<(String, u64)> {
    let (code, body) = admin.get("/clusters?format=json").expect("Envoy answers");
    assert_eq!(code, 200, "{body}");
    let clusters: Value = serde_json::from_str(&body).expect("Envoy writes JSON");
    let found =
        clusters["cluster_statuses"].as_array().into_iter().flatten().find(|one| one["name"] == cluster);
    let hosts = found.map(|one| &one["host_statuses"]).and_then(Value::as_array).into_iter().flatten();
    let mut endpoints: Vec<_> = hosts
        .map(|host| {
            let socket = &host["address"]["socket_address"];
            let address = socket["address"].as_str().expect("an address");
            (format!("{address}:{}", socket["port_value"]), host["priority"].as_u64().unwrap_or_default())
        })
        .collect();
    endpoints.sort();
    endpoints
}

#[test]
fn an_envoy_prefers_its_zone_then_its_region_then_the_gateway_of_the_other_network() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    for (cluster, own, other) in [("west", 1, 2), ("east", 2, 1)] {
        let _proxy = lab.start_proxy(cluster, "shop", "echo-1").unwrap();
        let admin = lab.port_forward(cluster, "shop", "echo-1", ADMIN_PORT).unwrap();
        let expected = [
            // The zone of the Envoy, the other zone of its region, the region of the failover.
            (format!("172.30.{own}.31:8080"), 0),
            (format!("172.30.{own}.32:8080"), 1),
            (format!("172.30.{other}.20:15443"), 2),
        ];
        let mut expected = expected.to_vec();
        expected.sort();
        // Envoy gets its endpoints some time after it is ready.
        let found = eventually(|| {
            let found = endpoints(&admin, "outbound|80||echo.shop.svc.cluster.local");
            if found.len() == expected.len() { Ok(found) } else { Err(format!("{cluster}: {found:?}")) }
        });
        assert_eq!(found, expected, "{cluster}");

        let status = lab.istioctl(cluster, ["proxy-status"]).unwrap();
        let table = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(
            table.lines().any(|line| line.starts_with("echo-1.shop") && line.contains(cluster)),
            "{table}"
        );
    }
}
