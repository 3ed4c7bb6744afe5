//! `admissionregistration.k8s.io/v1` webhook configurations; mutating and validating ones share their shape.

use mesh_model::row::{WebhookConfig, WebhookEntry, WebhookService};
use mesh_model::{Kind, LabelSelector, Origin, Requirement};
use serde::Deserialize;

use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Mutating(Shape);

#[derive(Deserialize)]
pub(crate) struct Validating(Shape);

#[derive(Deserialize)]
struct Shape {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    webhooks: Vec<Webhook>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Webhook {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    client_config: ClientConfig,
    #[serde(deserialize_with = "null")]
    namespace_selector: Selector,
    #[serde(deserialize_with = "null")]
    object_selector: Selector,
    #[serde(deserialize_with = "null")]
    failure_policy: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClientConfig {
    service: Option<Service>,
    url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Service {
    #[serde(deserialize_with = "null")]
    namespace: String,
    #[serde(deserialize_with = "null")]
    name: String,
    port: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Selector {
    #[serde(deserialize_with = "null")]
    match_labels: Pairs,
    #[serde(deserialize_with = "null")]
    match_expressions: Vec<Expression>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expression {
    #[serde(deserialize_with = "null")]
    key: String,
    #[serde(deserialize_with = "null")]
    operator: String,
    #[serde(deserialize_with = "null")]
    values: Vec<String>,
}

impl Resource for Mutating {
    const KIND: Kind = Kind::MutatingWebhookConfiguration;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.0.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let fact = self.0.fact(into);
        let row = into.row(Self::KIND, &self.0.metadata, origin, fact);
        into.builder.mutating_webhooks.push(row);
    }
}

impl Resource for Validating {
    const KIND: Kind = Kind::ValidatingWebhookConfiguration;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.0.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let fact = self.0.fact(into);
        let row = into.row(Self::KIND, &self.0.metadata, origin, fact);
        into.builder.validating_webhooks.push(row);
    }
}

impl Shape {
    fn fact(&self, into: &mut Lower<'_>) -> WebhookConfig {
        WebhookConfig { webhooks: self.webhooks.iter().map(|webhook| lower_entry(webhook, into)).collect() }
    }
}

fn lower_entry(webhook: &Webhook, into: &mut Lower<'_>) -> WebhookEntry {
    let service = webhook.client_config.service.as_ref().map(|service| WebhookService {
        namespace: into.text(&service.namespace).into(),
        name: into.text(&service.name).into(),
        port: service.port.unwrap_or(443),
    });
    WebhookEntry {
        name: into.text(&webhook.name),
        service,
        url: webhook.client_config.url.as_deref().map(|url| into.text(url)),
        namespace_selector: lower_selector(&webhook.namespace_selector, into),
        object_selector: lower_selector(&webhook.object_selector, into),
        ignores_failure: webhook.failure_policy == "Ignore",
    }
}

fn lower_selector(selector: &Selector, into: &mut Lower<'_>) -> LabelSelector {
    let labels = selector.match_labels.0.iter();
    let mut requirements: Vec<_> =
        labels.map(|(key, value)| Requirement::In(into.text(key), vec![into.text(value)])).collect();
    requirements.extend(selector.match_expressions.iter().map(|expression| {
        let key = into.text(&expression.key);
        match expression.operator.as_str() {
            "In" => Requirement::In(key, into.texts(&expression.values)),
            "NotIn" => Requirement::NotIn(key, into.texts(&expression.values)),
            "Exists" => Requirement::Exists(key),
            "DoesNotExist" => Requirement::DoesNotExist(key),
            _ => Requirement::Other(key),
        }
    }));
    LabelSelector(requirements)
}
