//! ServiceEntries and WorkloadEntries.

use serde_json::{Value, json};

use super::services::NAMES;
use super::{Dice, NAMESPACES, Objects, host, istio};

/// Hosts of ServiceEntries.
const HOSTS: [&str; 2] = ["api.example.com", "db.example.com"];

/// Hosts of ServiceEntries by DNS, by their numbers: no two entries may add their endpoints up (see
/// [`named_endpoints`]).
const NAMED: [&str; 2] = ["named-0.example.com", "named-1.example.com"];

pub(super) fn draw(dice: &mut Dice, used: &[usize], clusters: &mut [Objects]) {
    for number in 0..dice.pick(&[0, 0, 1, 2]) {
        let entry = service_entry(dice, number);
        // As people keep it: the same in each cluster, or forgotten in one.
        for at in dice.some(85, used) {
            clusters[at].objects.push(entry.clone());
        }
    }
    for &at in used {
        for number in 0..dice.pick(&[0, 0, 1, 2, 3]) {
            let entry = workload_entry(dice, at, number);
            clusters[at].objects.push(entry);
        }
    }
}

fn service_entry(dice: &mut Dice, number: usize) -> Value {
    let namespace = dice.pick(&NAMESPACES);
    let resolution = dice.pick(&["STATIC", "STATIC", "STATIC", "STATIC", "DNS", "NONE"]);
    let host = if resolution == "DNS" { NAMED[number] } else { dice.pick(&HOSTS) };
    let mut spec = json!({
        "hosts": [host],
        "location": dice.pick(&["MESH_INTERNAL", "MESH_INTERNAL", "MESH_EXTERNAL"]),
        "resolution": resolution,
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
    });
    if dice.chance(20) {
        spec["ports"][0]["targetPort"] = 8088.into();
    }
    if let Some(list) = export_to(dice, namespace) {
        spec["exportTo"] = list;
    }
    match resolution {
        "STATIC" if dice.chance(45) => {
            spec["workloadSelector"] = json!({"labels": {"app": dice.pick(&["vm", "a"])}});
        }
        "STATIC" => {
            let all = (0..dice.number(1, 4)).map(|at| endpoint(dice, &format!("10.200.{number}.{at}")));
            spec["endpoints"] = all.collect();
        }
        "DNS" => {
            spec["endpoints"] = named_endpoints(dice);
        }
        _ => {}
    }
    let mut entry = istio("networking", "ServiceEntry", namespace, &format!("entry-{number}"), &spec);
    if let Some(value) = dice.maybe(12, &["PreferClose", "PreferSameNode"]) {
        entry["metadata"]["annotations"]["networking.istio.io/traffic-distribution"] = value.into();
    }
    entry
}

/// Endpoints to be resolved, all in one locality and reached directly: with others a `failoverPriority` or a traffic
/// distribution ends istiod (`istio: pilot/pkg/networking/core/cluster.go: buildOutboundClusters` takes the endpoints
/// of one locality for those of all; index out of range in `applyFailoverPriorityPerLocality`).
fn named_endpoints(dice: &mut Dice) -> Value {
    let locality = dice.maybe(70, &["r1/z1", "r2", "r3/z4"]);
    let mut one = |at: usize| {
        let mut endpoint = endpoint(dice, &format!("host-{at}.example.com"));
        endpoint["locality"] = locality.unwrap_or_default().into();
        endpoint["network"] = "".into();
        for label in ["istio-locality", "topology.istio.io/network"] {
            if let Some(labels) = endpoint["labels"].as_object_mut() {
                labels.remove(label);
            }
        }
        endpoint
    };
    (0..2).map(&mut one).collect()
}

/// `exportTo` of an object of a namespace, sometimes; no namespace may stand there twice.
pub(super) fn export_to(dice: &mut Dice, namespace: &str) -> Option<Value> {
    let list = dice.maybe(25, &[["."].as_slice(), &["*"], &["shop"], &[".", "bank"], &[".", "ops"]])?;
    Some(if list.contains(&namespace) { json!([namespace]) } else { json!(list) })
}

/// A workload as ServiceEntries and WorkloadEntries describe it.
fn endpoint(dice: &mut Dice, address: &str) -> Value {
    let mut endpoint = json!({"address": address, "labels": {}});
    if let Some(value) = dice.maybe(70, &["r1/z1", "r1/z1/s1", "r2", "r2/z3/", "r3/z4", "r1"]) {
        endpoint["locality"] = value.into();
    }
    if let Some(value) = dice.maybe(30, &["n1", "n2", "n3"]) {
        endpoint["network"] = value.into();
    }
    if let Some(value) = dice.maybe(40, &[1, 3, 10, 100]) {
        endpoint["weight"] = value.into();
    }
    if let Some(value) = dice.maybe(25, &[8081, 9999]) {
        endpoint["ports"] = json!({ "http": value });
    }
    if dice.chance(30) {
        endpoint["serviceAccount"] = "default".into();
    }
    let mut label = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            endpoint["labels"][key] = value.into();
        }
    };
    label("version", dice.maybe(60, &["v1", "v2"]));
    label("security.istio.io/tlsMode", dice.maybe(40, &["istio"]));
    label("istio-locality", dice.maybe(6, &["r2.z1"]));
    label("topology.istio.io/network", dice.maybe(6, &["n2"]));
    endpoint
}

fn workload_entry(dice: &mut Dice, cluster: usize, number: usize) -> Value {
    let namespace = dice.pick(&NAMESPACES);
    let mut spec = endpoint(dice, &format!("10.210.{cluster}.{number}"));
    if dice.chance(50) {
        spec["labels"]["app"] = "vm".into();
    } else {
        spec["labels"]["member"] = format!("{}-{namespace}", dice.pick(&NAMES)).into();
    }
    istio("networking", "WorkloadEntry", namespace, &format!("machine-{cluster}-{number}"), &spec)
}

/// Hosts that rules may name.
pub(super) fn any_host(dice: &mut Dice) -> String {
    match dice.number(0, 5) {
        0 => dice.pick(&[HOSTS[0], HOSTS[1], NAMED[0], NAMED[1]]).to_owned(),
        _ => host(dice.pick(&NAMES), dice.pick(&NAMESPACES)),
    }
}
