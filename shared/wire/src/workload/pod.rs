//! `v1 Pod`.

use mesh_model::row::PodFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::container::Container;
use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Pod {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: PodSpec,
    #[serde(default, deserialize_with = "null")]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    #[serde(deserialize_with = "null")]
    node_name: String,
    #[serde(deserialize_with = "null")]
    service_account_name: String,
    #[serde(deserialize_with = "null")]
    host_network: bool,
    #[serde(deserialize_with = "null")]
    pub(super) containers: Vec<Container>,
    #[serde(deserialize_with = "null")]
    init_containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "null")]
    phase: String,
    #[serde(rename = "podIP", deserialize_with = "null")]
    pod_ip: String,
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

impl Resource for Pod {
    const KIND: Kind = Kind::Pod;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let ready = |condition: &Condition| condition.kind == "Ready" && condition.status == "True";
        // A native sidecar is an init container that keeps running.
        let proxies = self.spec.init_containers.iter().filter(|container| container.name == "istio-proxy");
        let containers: Vec<_> =
            self.spec.containers.iter().chain(proxies).map(|container| container.lower(into)).collect();
        let fact = PodFact {
            node: into.text(&self.spec.node_name).into(),
            ip: into.text(&self.status.pod_ip),
            service_account: into.text(&self.spec.service_account_name).into(),
            ready: self.status.conditions.iter().any(ready),
            finished: matches!(self.status.phase.as_str(), "Succeeded" | "Failed"),
            deleting: self.metadata.deletion_timestamp.is_some(),
            host_network: self.spec.host_network,
            has_proxy: containers.iter().any(|container| &*container.name == "istio-proxy"),
            containers,
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.pods.push(row);
    }
}
