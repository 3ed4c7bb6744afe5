//! `mesh.cloud.google.com ControlPlaneRevision` of a managed control plane.

use mesh_model::row::RevisionFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct ControlPlaneRevision {
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
    #[serde(deserialize_with = "null")]
    channel: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "null")]
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "null")]
    kind: String,
    #[serde(deserialize_with = "null")]
    status: String,
}

impl Resource for ControlPlaneRevision {
    const KIND: Kind = Kind::ControlPlaneRevision;
    const VERSIONS: &'static [&'static str] = &["v1beta1", "v1alpha1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let reconciled = |at: &Condition| at.kind == "Reconciled" && at.status == "True";
        let fact = RevisionFact {
            channel: into.text(&self.spec.channel),
            reconciled: self.status.conditions.iter().any(reconciled),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.revisions.push(row);
    }
}
