//! MESH501.

use mesh_model::row::{ServiceFact, ServiceType};
use mesh_model::{Row, path};
use serde_json::json;

use crate::facts::gateways::{NODE_SELECTOR, NetworkGateway};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Sink, Tags};

declare_rule! {
    "network_gateway_without_address.md",
    pub static NETWORK_GATEWAY_WITHOUT_ADDRESS = {
        code: 501, name: "network-gateway-without-address", summary: "gateways of networks have an address",
        severity: Error, tags: Tags::empty(),
        needs: [Service], closed: [], after: [],
        check: Check::Service(check),
    };
}

fn check(_: &ClusterView<'_>, row: &Row<ServiceFact>, out: &mut Sink<'_>) {
    let Some(gateway) = NetworkGateway::of(row).filter(|gateway| !gateway.has_address()) else { return };
    let (path, reason, mend) = match &row.fact.service_type {
        ServiceType::LoadBalancer if !row.fact.has_status => return,
        ServiceType::LoadBalancer => (
            path!["status", "loadBalancer"],
            "its load balancer gave none".to_owned(),
            json!({"spec": {"externalIPs": ["ADDRESS"]}}),
        ),
        ServiceType::NodePort => (
            path!["spec", "type"],
            format!("a NodePort needs the annotation {NODE_SELECTOR}"),
            json!({"metadata": {"annotations": {NODE_SELECTOR: "{}"}}}),
        ),
        _ => (
            path!["spec", "type"],
            "its type gives it none".to_owned(),
            json!({"spec": {"type": "LoadBalancer"}}),
        ),
    };
    let message = format!(
        "Service \"{}\" is the gateway of network \"{}\" and has no address: {reason}",
        row.obj.qualified_name(),
        gateway.network,
    );
    let _ = out.report(row, path, message).patch(mend, false);
}
