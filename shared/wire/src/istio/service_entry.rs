//! `ServiceEntry`.

use mesh_model::row::ServiceEntry as Fact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct ServiceEntry {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    resolution: String,
    #[serde(deserialize_with = "null")]
    location: String,
}

impl Resource for ServiceEntry {
    const KIND: Kind = Kind::ServiceEntry;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let resolution = if self.spec.resolution.is_empty() { "NONE" } else { &self.spec.resolution };
        let fact = Fact {
            hosts: into.texts(&self.spec.hosts),
            resolution: into.text(resolution),
            mesh_internal: self.spec.location == "MESH_INTERNAL",
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.service_entries.push(row);
    }
}
