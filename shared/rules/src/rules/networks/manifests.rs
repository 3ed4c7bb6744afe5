//! What an east-west gateway is made of (`istio: samples/multicluster/gen-eastwest-gateway.sh, expose-services.yaml`).

use mesh_model::{Labels, Network};
use serde_json::{Map, Value, json};

use crate::facts::gateways::{NETWORK_LABEL, SIDECAR_PORT};

/// A whole gateway: proxy, Service and the server that passes calls on.
pub(super) fn east_west_gateway(namespace: &str, network: &Network) -> Vec<Value> {
    let name = "istio-eastwestgateway";
    let labels = json!({"app": name, "istio": "eastwestgateway", NETWORK_LABEL: network.as_str()});
    let metadata = |labels: &Value| json!({"name": name, "namespace": namespace, "labels": labels});
    let selector: Labels = [("istio", "eastwestgateway")].into_iter().collect();
    let mut pod_labels = labels.clone();
    pod_labels["sidecar.istio.io/inject"] = json!("true");
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(&labels),
        "spec": {
            "selector": {"matchLabels": {"istio": "eastwestgateway"}},
            "template": {
                "metadata": {
                    "labels": pod_labels,
                    "annotations": {"inject.istio.io/templates": "gateway"},
                },
                "spec": {
                    "containers": [{
                        "name": "istio-proxy",
                        "image": "auto",
                        "env": [{"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": network.as_str()}],
                    }],
                },
            },
        },
    });
    let port = |name: &str, number: u16| json!({"name": name, "port": number, "targetPort": number});
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(&labels),
        "spec": {
            "type": "LoadBalancer",
            "selector": {"istio": "eastwestgateway"},
            "ports": [port("status-port", 15021), port("tls", SIDECAR_PORT)],
        },
    });
    vec![deployment, service, cross_network_gateway(namespace, &selector, SIDECAR_PORT)]
}

/// The Gateway that passes calls for every service of the mesh.
pub(super) fn cross_network_gateway(namespace: &str, selector: &Labels, port: u16) -> Value {
    let selector: Map<String, Value> =
        selector.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "cross-network-gateway", "namespace": namespace},
        "spec": {
            "selector": selector,
            "servers": [{
                "port": {"number": port, "name": "tls", "protocol": "TLS"},
                "tls": {"mode": "AUTO_PASSTHROUGH"},
                "hosts": ["*.local"],
            }],
        },
    })
}
