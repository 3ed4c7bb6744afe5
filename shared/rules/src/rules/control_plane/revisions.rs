//! Revisions, tags and managed channels that a cluster serves.

use std::collections::BTreeSet;

use mesh_model::Row;
use mesh_model::row::WebhookConfig;

use crate::ClusterView;

/// Label of namespaces that asks the default revision for sidecars.
pub(crate) const INJECTION: &str = "istio-injection";
/// Label of namespaces and pods that names a revision or tag.
pub(crate) const REVISION: &str = "istio.io/rev";
/// Label of pods that asks for a sidecar, or refuses it.
pub(crate) const POD_INJECTION: &str = "sidecar.istio.io/inject";
/// Label of the webhooks of a tag.
const TAG: &str = "istio.io/tag";
/// The revision of an install that names none, and the tag that stands for it.
pub(crate) const DEFAULT: &str = "default";

/// What serves sidecars in a cluster.
#[derive(Debug, Default)]
pub(crate) struct Served<'a> {
    /// Revisions of istiods and of injection webhooks, `default` among them.
    pub(crate) revisions: BTreeSet<&'a str>,
    /// Tags (`istio: istioctl/pkg/tag`).
    pub(crate) tags: BTreeSet<&'a str>,
    /// ControlPlaneRevisions of a managed control plane; their names are what labels say.
    pub(crate) managed: BTreeSet<&'a str>,
}

impl<'a> Served<'a> {
    /// Reads istiods, mutating webhooks and ControlPlaneRevisions.
    pub(crate) fn of(cluster: &ClusterView<'a>) -> Self {
        let mut served = Self::default();
        served.revisions.extend(cluster.control_plane().istiods.iter().map(|istiod| &*istiod.revision));
        for row in cluster.mutating_webhooks().rows() {
            if let Some(tag) = tag_of(row) {
                served.tags.insert(tag);
            } else if let Some(revision) = revision_of(row) {
                served.revisions.insert(revision);
            }
        }
        served.managed.extend(cluster.revisions().rows().iter().map(|row| row.obj.name.as_str()));
        served
    }

    /// True where nothing serves sidecars.
    pub(crate) fn is_empty(&self) -> bool {
        self.revisions.is_empty() && self.tags.is_empty() && self.managed.is_empty()
    }

    /// True when a label may carry `name`.
    pub(crate) fn knows(&self, name: &str) -> bool {
        [&self.revisions, &self.tags, &self.managed].iter().any(|names| names.contains(name))
    }

    /// True when labels that name no revision are served.
    pub(crate) fn has_default(&self) -> bool {
        self.revisions.contains(DEFAULT) || self.tags.contains(DEFAULT)
    }

    /// Every name a label may carry, in order, each once.
    pub(crate) fn names(&self) -> Vec<&'a str> {
        self.revisions
            .iter()
            .chain(&self.tags)
            .chain(&self.managed)
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The control plane a new label or tag should name, where there is only one.
    pub(crate) fn only(&self) -> Option<&'a str> {
        let mut planes = self.revisions.iter().chain(&self.managed).collect::<BTreeSet<_>>().into_iter();
        planes.next().copied().filter(|_| planes.next().is_none())
    }
}

fn tag_of(row: &Row<WebhookConfig>) -> Option<&str> {
    row.labels.get(TAG).or_else(|| row.obj.name.as_str().strip_prefix("istio-revision-tag-"))
}

/// The revision of an injector: its label, or the tail of the chart's name for it
/// (`istio: manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml`).
fn revision_of(row: &Row<WebhookConfig>) -> Option<&str> {
    let name = row.obj.name.as_str();
    row.labels.get(REVISION).filter(|revision| !revision.is_empty()).or_else(|| {
        let tail = name.strip_prefix("istio-sidecar-injector")?;
        if tail.is_empty() { Some(DEFAULT) } else { tail.strip_prefix('-') }
    })
}
