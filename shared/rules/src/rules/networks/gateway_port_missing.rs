//! MESH505.

use mesh_model::row::ServiceFact;
use mesh_model::{Row, path};
use serde_json::{Value, json};

use crate::facts::gateways::{NetworkGateway, SIDECAR_PORT};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "gateway_port_missing.md",
    pub static GATEWAY_PORT_MISSING = {
        code: 505, name: "gateway-port-missing", summary: "gateways of networks expose the port istiod looks for",
        severity: Error, tags: Tags::empty(),
        needs: [Service], closed: [], after: [],
        check: Check::Service(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<ServiceFact>, out: &mut Sink<'_>) {
    let Some(gateway) = NetworkGateway::of(row).filter(|gateway| !gateway.has_port()) else { return };
    let number = gateway.sidecar_number();
    let message = format!(
        "Service \"{}\" is labelled as gateway of network \"{}\" and exposes neither port {number} nor 15008",
        row.obj.qualified_name(),
        gateway.network,
    );
    let _ = out.report(row, path!["spec", "ports"], message).json_patch(add_port(&row.fact, number), false);
}

/// Adds the port at the end. With two ports and more each needs a name.
fn add_port(service: &ServiceFact, number: u16) -> Value {
    let is_taken = |name: &str| service.ports.iter().any(|port| &*port.name == name);
    let name = if is_taken("tls") { format!("tls-{number}") } else { "tls".to_owned() };
    let port = json!({"name": name, "port": number, "targetPort": SIDECAR_PORT, "protocol": "TCP"});
    let unnamed = service.ports.iter().enumerate().filter(|(_, port)| port.name.is_empty());
    let mut operations: Vec<Value> = unnamed
        .map(|(at, port)| {
            let path = path!["spec", "ports", at, "name"].to_pointer();
            json!({"op": "add", "path": path, "value": format!("port-{}", port.number)})
        })
        .collect();
    operations.push(if service.ports.is_empty() {
        json!({"op": "add", "path": "/spec/ports", "value": [port]})
    } else {
        json!({"op": "add", "path": "/spec/ports/-", "value": port})
    });
    Value::Array(operations)
}
