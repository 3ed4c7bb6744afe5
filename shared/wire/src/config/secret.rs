//! `v1 Secret`: metadata and the names of its keys. Values are passed over by the parser and never held.

use mesh_model::row::SecretFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::{Keys, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Secret {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    data: Keys,
    #[serde(default, deserialize_with = "null")]
    string_data: Keys,
}

impl Resource for Secret {
    const KIND: Kind = Kind::Secret;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let mut keys: Vec<_> =
            self.data.0.iter().chain(&self.string_data.0).map(|key| into.text(key)).collect();
        keys.sort();
        keys.dedup();
        let row = into.row(Self::KIND, &self.metadata, origin, SecretFact { keys });
        into.builder.secrets.push(row);
    }
}
