//! `ServiceEntry`.

use mesh_model::row::{EntryPort, Resolution, ServiceEntry as Fact};
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::workload_entry::Workload;
use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct ServiceEntry {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    addresses: Vec<String>,
    #[serde(deserialize_with = "null")]
    ports: Vec<Port>,
    #[serde(deserialize_with = "null")]
    resolution: String,
    #[serde(deserialize_with = "null")]
    location: String,
    #[serde(deserialize_with = "null")]
    endpoints: Vec<Workload>,
    #[serde(deserialize_with = "null")]
    workload_selector: Selector,
    #[serde(deserialize_with = "null")]
    export_to: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    #[serde(deserialize_with = "null")]
    number: u16,
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    protocol: String,
    #[serde(rename = "targetPort")]
    target: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Selector {
    #[serde(deserialize_with = "null")]
    labels: Pairs,
}

impl Resource for ServiceEntry {
    const KIND: Kind = Kind::ServiceEntry;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let spec = &self.spec;
        let fact = Fact {
            hosts: into.texts(&spec.hosts),
            addresses: into.texts(&spec.addresses),
            ports: spec.ports.iter().map(|port| lower_port(port, into)).collect(),
            resolution: resolution(&spec.resolution),
            mesh_internal: spec.location == "MESH_INTERNAL",
            endpoints: spec.endpoints.iter().map(|endpoint| endpoint.lower(into)).collect(),
            selector: into.labels(&spec.workload_selector.labels),
            export_to: into.texts(&spec.export_to),
            created: into.text(&self.metadata.creation_timestamp),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.service_entries.push(row);
    }
}

fn lower_port(port: &Port, into: &mut Lower<'_>) -> EntryPort {
    EntryPort {
        number: port.number,
        name: into.text(&port.name),
        protocol: into.text(&port.protocol),
        target: port.target.filter(|target| *target != 0),
    }
}

fn resolution(text: &str) -> Resolution {
    match text {
        "" | "NONE" => Resolution::None,
        "STATIC" => Resolution::Static,
        "DNS" => Resolution::Dns,
        "DNS_ROUND_ROBIN" => Resolution::DnsRoundRobin,
        _ => Resolution::Other,
    }
}
