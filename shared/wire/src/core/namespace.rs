//! `v1 Namespace`.

use mesh_model::row::NamespaceFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Namespace {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
}

impl Resource for Namespace {
    const KIND: Kind = Kind::Namespace;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let fact = NamespaceFact { uid: self.metadata.uid.as_str().into() };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.namespaces.push(row);
    }
}
