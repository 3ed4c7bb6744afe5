//! `Sidecar`: what its workloads may see.

use mesh_model::row::SidecarFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Sidecar {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "workloadSelector", deserialize_with = "null")]
    selector: Selector,
    #[serde(deserialize_with = "null")]
    egress: Vec<Egress>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Selector {
    #[serde(deserialize_with = "null")]
    labels: Pairs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Egress {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
}

impl Resource for Sidecar {
    const KIND: Kind = Kind::Sidecar;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let hosts = self.spec.egress.iter().flat_map(|egress| &egress.hosts);
        let fact = SidecarFact {
            selector: into.labels(&self.spec.selector.labels),
            created: into.text(&self.metadata.creation_timestamp),
            egress_hosts: hosts.map(|host| into.text(host)).collect(),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.sidecars.push(row);
    }
}
