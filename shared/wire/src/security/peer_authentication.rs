//! `PeerAuthentication`: which peers a workload talks mutual TLS with.

use std::collections::BTreeMap;

use mesh_model::row::{MtlsMode, PeerAuthentication as Fact};
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::Selector;
use crate::lenient::null;
use crate::{Lower, Meta, Resource};

/// Shape of a PeerAuthentication.
#[derive(Deserialize)]
pub(crate) struct PeerAuthentication {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null")]
    selector: Selector,
    #[serde(deserialize_with = "null")]
    mtls: Mtls,
    #[serde(deserialize_with = "null")]
    port_level_mtls: BTreeMap<String, Option<Mtls>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mtls {
    #[serde(deserialize_with = "null")]
    mode: String,
}

impl Mtls {
    fn lower(&self) -> MtlsMode {
        match self.mode.as_str() {
            "DISABLE" => MtlsMode::Disable,
            "PERMISSIVE" => MtlsMode::Permissive,
            "STRICT" => MtlsMode::Strict,
            _ => MtlsMode::Unset,
        }
    }
}

impl Resource for PeerAuthentication {
    const KIND: Kind = Kind::PeerAuthentication;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let ports = self.spec.port_level_mtls.iter();
        let ports = ports.filter_map(|(port, mtls)| Some((port.parse().ok()?, mtls.as_ref()?.lower())));
        let fact = Fact {
            selector: into.labels(&self.spec.selector.match_labels),
            mode: self.spec.mtls.lower(),
            ports: ports.collect(),
            created: into.text(&self.metadata.creation_timestamp),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.peer_authentications.push(row);
    }
}
