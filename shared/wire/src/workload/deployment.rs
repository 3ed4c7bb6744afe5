//! `apps/v1 Deployment`.

use mesh_model::row::DeploymentFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::pod::PodSpec;
use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Deployment {
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
    replicas: Option<u32>,
    #[serde(deserialize_with = "null")]
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    #[serde(deserialize_with = "null")]
    metadata: Meta,
    #[serde(deserialize_with = "null")]
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "null")]
    ready_replicas: u32,
}

impl Resource for Deployment {
    const KIND: Kind = Kind::Deployment;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let template = &self.spec.template;
        let fact = DeploymentFact {
            template_labels: into.labels(&template.metadata.labels),
            template_annotations: into.labels(&template.metadata.annotations),
            containers: template.spec.containers.iter().map(|container| container.lower(into)).collect(),
            replicas: self.spec.replicas.unwrap_or(1),
            ready_replicas: self.status.ready_replicas,
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.deployments.push(row);
    }
}
