//! `v1 Node`.

use mesh_model::row::NodeFact;
use mesh_model::{Kind, Locality, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Node {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
    #[serde(default, deserialize_with = "null")]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "providerID", deserialize_with = "null")]
    provider_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "null")]
    addresses: Vec<Address>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type", deserialize_with = "null")]
    kind: String,
    #[serde(deserialize_with = "null")]
    address: String,
}

impl Resource for Node {
    const KIND: Kind = Kind::Node;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let provider_id = into.text(&self.spec.provider_id);
        let external = self.status.addresses.iter().filter(|address| address.kind == "ExternalIP");
        let external_ips = external.map(|address| into.text(&address.address)).collect();
        let locality = Locality::of_node(&into.labels(&self.metadata.labels));
        let fact = NodeFact { locality, provider_id, external_ips };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.nodes.push(row);
    }
}
