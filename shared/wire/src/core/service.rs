//! `v1 Service`.

use mesh_model::row::{ServiceFact, ServicePort, ServiceType};
use mesh_model::{Kind, Labels, Origin};
use serde::Deserialize;

use crate::lenient::{IntOrString, Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Service {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "type", deserialize_with = "null")]
    service_type: String,
    #[serde(rename = "clusterIP", deserialize_with = "null")]
    cluster_ip: String,
    #[serde(rename = "clusterIPs", deserialize_with = "null")]
    cluster_ips: Vec<String>,
    #[serde(deserialize_with = "null")]
    ports: Vec<Port>,
    #[serde(deserialize_with = "null")]
    selector: Pairs,
    #[serde(rename = "externalIPs", deserialize_with = "null")]
    external_ips: Vec<String>,
    traffic_distribution: Option<String>,
    #[serde(deserialize_with = "null")]
    external_traffic_policy: String,
    #[serde(deserialize_with = "null")]
    internal_traffic_policy: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(rename = "port", deserialize_with = "null")]
    number: u16,
    #[serde(deserialize_with = "null")]
    protocol: String,
    app_protocol: Option<String>,
    #[serde(rename = "targetPort", deserialize_with = "null")]
    target: IntOrString,
    #[serde(rename = "nodePort")]
    node: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "null")]
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    #[serde(deserialize_with = "null")]
    ingress: Vec<Ingress>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ingress {
    #[serde(deserialize_with = "null")]
    ip: String,
    #[serde(deserialize_with = "null")]
    hostname: String,
}

impl Resource for Service {
    const KIND: Kind = Kind::Service;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let spec = &self.spec;
        let service_type = match spec.service_type.as_str() {
            "" | "ClusterIP" => ServiceType::ClusterIp,
            "NodePort" => ServiceType::NodePort,
            "LoadBalancer" => ServiceType::LoadBalancer,
            "ExternalName" => ServiceType::ExternalName,
            other => ServiceType::Other(into.text(other)),
        };
        let addresses = if spec.cluster_ips.is_empty() {
            std::slice::from_ref(&spec.cluster_ip)
        } else {
            spec.cluster_ips.as_slice()
        };
        let ingress = self.status.iter().flat_map(|status| &status.load_balancer.ingress);
        let ingress = ingress.map(|at| if at.ip.is_empty() { &at.hostname } else { &at.ip });
        let fact = ServiceFact {
            service_type,
            headless: spec.cluster_ip == "None",
            cluster_ips: addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            ports: spec.ports.iter().map(|port| lower_port(port, into)).collect(),
            selector: into.labels(&spec.selector),
            ingress: ingress.filter(|at| !at.is_empty()).map(|at| into.text(at)).collect(),
            has_status: self.status.is_some(),
            external_ips: into.texts(&spec.external_ips),
            node_selector: node_selector(&self.metadata, into),
            traffic_distribution: spec.traffic_distribution.as_deref().map(|text| into.text(text)),
            local_traffic_only: spec.external_traffic_policy == "Local",
            node_local: spec.internal_traffic_policy == "Local",
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.services.push(row);
    }
}

/// What is no map of strings selects as an empty map does (`istio: pilot/pkg/serviceregistry/kube/controller/util.go:
/// getNodeSelectorsForService`).
fn node_selector(meta: &Meta, into: &mut Lower<'_>) -> Option<Labels> {
    let (_, text) = meta.annotations.0.iter().find(|(key, _)| key == "traffic.istio.io/nodeSelector")?;
    let pairs: Pairs = serde_json::from_str(text).unwrap_or_default();
    Some(into.labels(&pairs))
}

fn lower_port(port: &Port, into: &mut Lower<'_>) -> ServicePort {
    let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
    ServicePort {
        name: into.text(&port.name),
        number: port.number,
        protocol: into.text(protocol),
        app_protocol: port.app_protocol.as_deref().map(|text| into.text(text)),
        target: into.text(&port.target.0),
        node_port: port.node,
    }
}
