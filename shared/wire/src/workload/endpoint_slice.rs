//! `discovery.k8s.io/v1 EndpointSlice`.

use mesh_model::row::{Endpoint as EndpointFact, EndpointSliceFact, SlicePort};
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct EndpointSlice {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, rename = "addressType", deserialize_with = "null")]
    address_type: String,
    #[serde(default, deserialize_with = "null")]
    endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "null")]
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    #[serde(deserialize_with = "null")]
    addresses: Vec<String>,
    #[serde(deserialize_with = "null")]
    conditions: Conditions,
    #[serde(deserialize_with = "null")]
    node_name: String,
    #[serde(deserialize_with = "null")]
    zone: String,
    #[serde(deserialize_with = "null")]
    target_ref: TargetRef,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TargetRef {
    #[serde(deserialize_with = "null")]
    kind: String,
    #[serde(deserialize_with = "null")]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    port: u16,
}

impl Resource for EndpointSlice {
    const KIND: Kind = Kind::EndpointSlice;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let labels = &self.metadata.labels.0;
        let service = labels.iter().find(|(key, _)| key == "kubernetes.io/service-name");
        let service = into.text(service.map_or("", |(_, name)| name)).into();
        let fact = EndpointSliceFact {
            service,
            endpoints: self.endpoints.iter().map(|endpoint| lower_endpoint(endpoint, into)).collect(),
            ports: self
                .ports
                .iter()
                .map(|port| SlicePort { name: into.text(&port.name), number: port.port })
                .collect(),
            host_names: self.address_type == "FQDN",
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.endpoint_slices.push(row);
    }
}

fn lower_endpoint(endpoint: &Endpoint, into: &mut Lower<'_>) -> EndpointFact {
    let pod = if endpoint.target_ref.kind == "Pod" { endpoint.target_ref.name.as_str() } else { "" };
    EndpointFact {
        address: into.text(endpoint.addresses.first().map_or("", String::as_str)),
        ready: endpoint.conditions.ready.unwrap_or(true),
        serving: endpoint.conditions.serving,
        terminating: endpoint.conditions.terminating,
        node: into.text(&endpoint.node_name).into(),
        zone: into.text(&endpoint.zone).into(),
        pod: into.text(pod).into(),
    }
}
