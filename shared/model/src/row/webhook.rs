//! Admission webhooks and managed control planes.

use std::sync::Arc;

use crate::{LabelSelector, Name, Namespace};

/// A Mutating- or ValidatingWebhookConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookConfig {
    /// `webhooks`.
    pub webhooks: Vec<WebhookEntry>,
}

/// One entry of `webhooks`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookEntry {
    /// Name.
    pub name: Arc<str>,
    /// `clientConfig.service`, if the webhook is reached by one.
    pub service: Option<WebhookService>,
    /// `clientConfig.url`, if set.
    pub url: Option<Arc<str>>,
    /// `namespaceSelector`.
    pub namespace_selector: LabelSelector,
    /// `objectSelector`.
    pub object_selector: LabelSelector,
    /// `failurePolicy` is `Ignore`; unset means `Fail`.
    pub ignores_failure: bool,
}

/// `clientConfig.service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookService {
    /// Namespace.
    pub namespace: Namespace,
    /// Name.
    pub name: Name,
    /// Port; 443 if unset.
    pub port: u16,
}

/// A ControlPlaneRevision of a managed control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionFact {
    /// `spec.channel`.
    pub channel: Arc<str>,
    /// Condition `Reconciled` is `True`.
    pub reconciled: bool,
}
