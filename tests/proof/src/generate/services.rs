//! Services with their EndpointSlices, and the east-west gateways.

use serde_json::{Value, json};

use super::{Dice, NAMESPACES, Objects, Pod, ROOT, Site, object};

const DISTRIBUTIONS: [&str; 3] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const ANNOTATION: &str = "networking.istio.io/traffic-distribution";

/// Names of Services; each may stand in each namespace.
pub(super) const NAMES: [&str; 2] = ["a", "b"];

pub(super) fn draw(dice: &mut Dice, sites: &[Site], used: &[usize], clusters: &mut [Objects]) {
    for namespace in NAMESPACES {
        for name in dice.some(60, &NAMES) {
            let odd = dice.maybe(15, used);
            for &at in &dice.some(85, used) {
                let ports = ports(dice, odd == Some(at));
                clusters[at].objects.push(service(dice, namespace, name, &ports));
                let pods: Vec<&Pod> =
                    sites[at].pods.iter().filter(|pod| pod.namespace == namespace).collect();
                clusters[at].objects.extend(slices(dice, namespace, name, &ports, &pods));
            }
        }
    }
    for &at in used {
        for number in 0..dice.pick(&[0, 1, 1, 1, 2]) {
            let gateway = gateway(dice, number, sites[at].network, at);
            clusters[at].objects.push(gateway);
        }
        for (_, distribution) in &mut clusters[at].distributions {
            *distribution = dice.maybe(8, &["PreferClose", "prefersamezone", "Nonsense"]);
        }
    }
}

/// Name, number and target of each port.
fn ports(dice: &mut Dice, is_odd: bool) -> Vec<(&'static str, u16, u16)> {
    let mut ports = vec![("http", 80, 8080)];
    if dice.chance(30) {
        ports.push(("grpc", 90, 9090));
    }
    if is_odd {
        ports[0] = dice.pick(&[("web", 80, 8080), ("http", 81, 8080), ("http", 80, 8081)]);
    }
    ports
}

fn service(dice: &mut Dice, namespace: &str, name: &str, ports: &[(&str, u16, u16)]) -> Value {
    let ports: Vec<_> = ports
        .iter()
        .map(|(name, port, target)| json!({"name": name, "port": port, "targetPort": target, "protocol": "TCP"}))
        .collect();
    // No pod has the label, so no controller writes slices; a WorkloadEntry may have it.
    let mut spec = json!({"ports": ports, "selector": {"member": format!("{name}-{namespace}")}});
    let mut metadata = json!({});
    if dice.chance(8) {
        spec["clusterIP"] = "None".into();
    }
    if let Some(value) = dice.maybe(15, &DISTRIBUTIONS) {
        spec["trafficDistribution"] = value.into();
    }
    if dice.chance(7) {
        spec["internalTrafficPolicy"] = "Local".into();
    }
    if let Some(value) =
        dice.maybe(8, &["PreferClose", "PREFERSAMENODE", "prefersamezone", "Any", "Nonsense"])
    {
        metadata["annotations"][ANNOTATION] = value.into();
    }
    // Not `~`: whether istiod gives endpoints of such a Service depends on what it read first.
    if let Some(value) = dice.maybe(6, &[".", "shop", "*", "bank,ops"]) {
        metadata["annotations"]["networking.istio.io/exportTo"] = value.into();
    }
    if dice.chance(6) {
        metadata["labels"]["istio.io/persistent-session"] = "session".into();
    }
    object("v1", "Service", namespace, name, json!({"metadata": metadata, "spec": spec}))
}

fn slices(
    dice: &mut Dice,
    namespace: &str,
    name: &str,
    ports: &[(&str, u16, u16)],
    pods: &[&Pod],
) -> Vec<Value> {
    let mut endpoints: Vec<Value> =
        dice.some(70, pods).into_iter().map(|pod| of_pod(dice, namespace, pod)).collect();
    if dice.chance(10) {
        // Written by hand: no pod stands behind it.
        let address = format!("10.90.{}.{}", dice.number(1, 9), dice.number(1, 200));
        endpoints.push(json!({"addresses": [address], "conditions": conditions(dice), "nodeName": "node-0"}));
    }
    let again = endpoints.first().filter(|_| dice.chance(6)).cloned();
    let cut = if dice.chance(15) { dice.number(0, endpoints.len()) } else { endpoints.len() };
    let mut rest = endpoints.split_off(cut);
    rest.extend(again);
    let both =
        [("1", endpoints), ("2", rest)].into_iter().filter(|(part, all)| *part == "1" || !all.is_empty());
    let slice = |(part, endpoints): (&str, Vec<Value>)| {
        let ports: Vec<_> = ports
            .iter()
            .map(|(name, _, target)| json!({"name": name, "port": target, "protocol": "TCP"}))
            .collect();
        let labels = json!({
            "kubernetes.io/service-name": name,
            "endpointslice.kubernetes.io/managed-by": "lab.kubectl-mesh.io",
        });
        object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            namespace,
            &format!("{name}-{part}"),
            json!({
                "metadata": {"labels": labels}, "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
            }),
        )
    };
    both.map(slice).collect()
}

fn of_pod(dice: &mut Dice, namespace: &str, pod: &Pod) -> Value {
    let mut endpoint = json!({
        "addresses": [pod.ip], "conditions": conditions(dice), "nodeName": pod.node,
    });
    if dice.chance(95) {
        endpoint["targetRef"] = json!({"kind": "Pod", "name": pod.name, "namespace": namespace});
    }
    endpoint
}

fn conditions(dice: &mut Dice) -> Value {
    match dice.number(0, 19) {
        0..=2 => json!({"ready": false, "serving": false, "terminating": false}),
        3 => json!({"ready": false, "serving": true, "terminating": true}),
        4 => json!({"ready": false, "serving": false, "terminating": true}),
        5 => json!({}),
        _ => json!({"ready": true, "serving": true, "terminating": false}),
    }
}

fn gateway(dice: &mut Dice, number: usize, network: Option<&str>, cluster: usize) -> Value {
    let network = if dice.chance(85) { network.unwrap_or("n1") } else { dice.pick(&["n1", "n2", "n3"]) };
    let port = dice.pick(&[15443, 15443, 15443, 15443, 15443, 443, 15008]);
    let mut labels = json!({"topology.istio.io/network": network});
    if let Some(port) = dice.maybe(10, &["443", "15443", "many"]) {
        labels["networking.istio.io/gatewayPort"] = port.into();
    }
    let address = |last: usize| format!("240.{}.{number}.{last}", cluster + 1);
    let addresses = (1..=dice.pick(&[0, 1, 1, 1, 2, 3])).map(|last| json!({"ip": address(last)}));
    let mut addresses: Vec<Value> = addresses.collect();
    if dice.chance(4) {
        addresses.push(json!({"ip": "2001:db8::1"}));
    }
    let mut spec = json!({
        "type": "LoadBalancer",
        "allocateLoadBalancerNodePorts": false,
        "ports": [{"name": "tls", "port": port, "targetPort": port, "protocol": "TCP"}],
    });
    if dice.chance(12) {
        spec["externalIPs"] = json!([address(9)]);
    }
    let body = json!({
        "metadata": {"labels": labels}, "spec": spec, "status": {"loadBalancer": {"ingress": addresses}},
    });
    object("v1", "Service", ROOT, &format!("gateway-{number}"), body)
}
