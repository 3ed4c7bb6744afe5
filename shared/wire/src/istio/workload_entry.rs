//! `WorkloadEntry`, and the same shape among the endpoints of a ServiceEntry.

use std::collections::BTreeMap;

use mesh_model::row::WorkloadEntry as Fact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use crate::lenient::{Pairs, null, number};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct WorkloadEntry {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Workload,
    #[serde(default, deserialize_with = "null")]
    status: Status,
}

/// `status` of a WorkloadEntry that registered itself.
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

/// `spec` of a WorkloadEntry.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Workload {
    #[serde(deserialize_with = "null")]
    address: String,
    #[serde(deserialize_with = "null")]
    ports: BTreeMap<String, u16>,
    #[serde(deserialize_with = "null")]
    labels: Pairs,
    #[serde(deserialize_with = "null")]
    network: String,
    #[serde(deserialize_with = "null")]
    locality: String,
    #[serde(deserialize_with = "number")]
    weight: Option<u32>,
    #[serde(deserialize_with = "null")]
    service_account: String,
}

impl Workload {
    pub(super) fn lower(&self, into: &mut Lower<'_>) -> Fact {
        Fact {
            address: into.text(&self.address),
            ports: self.ports.iter().map(|(name, number)| (into.text(name), *number)).collect(),
            labels: into.labels(&self.labels),
            network: into.text(&self.network).into(),
            locality: into.text(&self.locality),
            weight: self.weight.unwrap_or(0),
            service_account: into.text(&self.service_account).into(),
            unhealthy: false,
        }
    }
}

impl WorkloadEntry {
    /// What is checked counts as unhealthy until it is found healthy (`istio: pilot/pkg/serviceregistry/serviceentry/
    /// conversion.go: isHealthy`). A truth value is read as Go's `strconv.ParseBool` does.
    fn is_unhealthy(&self) -> bool {
        let mut annotations = self.metadata.annotations.0.iter();
        let checked = annotations.find(|(key, _)| key == "proxy.istio.io/health-checks-enabled");
        let is_checked =
            checked.is_some_and(|(_, value)| matches!(&**value, "1" | "t" | "T" | "TRUE" | "true" | "True"));
        let health = self.status.conditions.iter().find(|condition| condition.kind == "Healthy");
        is_checked && health.is_none_or(|condition| condition.status != "True")
    }
}

impl Resource for WorkloadEntry {
    const KIND: Kind = Kind::WorkloadEntry;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let fact = Fact { unhealthy: self.is_unhealthy(), ..self.spec.lower(into) };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.workload_entries.push(row);
    }
}
