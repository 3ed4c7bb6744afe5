//! `DestinationRule`.

use mesh_model::row::{DestinationRule as Fact, Subset as SubsetFact};
use mesh_model::{HostPattern, Kind, Origin};
use serde::Deserialize;

use super::traffic_policy::TrafficPolicy;
use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct DestinationRule {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null")]
    host: String,
    traffic_policy: Option<TrafficPolicy>,
    #[serde(deserialize_with = "null")]
    subsets: Vec<Subset>,
    #[serde(deserialize_with = "null")]
    export_to: Vec<String>,
    #[serde(deserialize_with = "null")]
    workload_selector: Selector,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Selector {
    #[serde(deserialize_with = "null")]
    match_labels: Pairs,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Subset {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    labels: Pairs,
    traffic_policy: Option<TrafficPolicy>,
}

impl Resource for DestinationRule {
    const KIND: Kind = Kind::DestinationRule;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let spec = &self.spec;
        let subsets = spec.subsets.iter().map(|subset| SubsetFact {
            name: into.text(&subset.name),
            labels: into.labels(&subset.labels),
            policy: subset.traffic_policy.as_ref().map(|policy| policy.lower(into)),
        });
        let subsets = subsets.collect();
        let fact = Fact {
            host_text: into.text(&spec.host),
            host: HostPattern::parse(&spec.host, &self.metadata.namespace),
            policy: spec.traffic_policy.as_ref().map(|policy| policy.lower(into)),
            subsets,
            export_to: into.texts(&spec.export_to),
            workload_selector: into.labels(&spec.workload_selector.match_labels),
            created: into.text(&self.metadata.creation_timestamp),
            deleting: self.metadata.deletion_timestamp.is_some(),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.destination_rules.push(row);
    }
}
