//! What the rules of the area say about the nodes and services that are shown.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::{ClusterName, Kind, Mesh, ObjectRef};
use mesh_rules::engine::{self, Options};
use mesh_rules::{Code, Finding, Outcome, Rule, VerdictKind};

/// The findings about what is shown.
pub(crate) struct Status {
    pub(crate) outcome: Outcome,
    by_object: BTreeMap<ObjectRef, BTreeSet<Code>>,
    /// Clusters in which some rule could not look.
    open: BTreeSet<ClusterName>,
}

impl Status {
    /// Runs `rules`; of the findings about objects in a namespace only those about `shown` objects are kept.
    pub(crate) fn of(
        mesh: &Mesh,
        rules: &[&'static Rule],
        options: &Options,
        shown: &BTreeSet<ObjectRef>,
    ) -> Self {
        let mut outcome = engine::run(mesh, rules, options);
        let is_shown = |finding: &Finding| {
            finding.subject.object().is_none_or(|object| object.kind == Kind::Node || shown.contains(object))
        };
        outcome.findings.retain(is_shown);
        let mut by_object: BTreeMap<ObjectRef, BTreeSet<Code>> = BTreeMap::new();
        for finding in &outcome.findings {
            if let Some(object) = finding.subject.object() {
                by_object.entry(object.clone()).or_default().insert(finding.code);
            }
        }
        let open = outcome
            .verdicts
            .iter()
            .filter(|verdict| matches!(verdict.kind, VerdictKind::NotEvaluated { .. }));
        let open = open.map(|verdict| verdict.cluster.clone()).collect();
        Self { outcome, by_object, open }
    }

    /// Codes of what is wrong with any of the objects.
    pub(crate) fn codes<'a>(&self, objects: impl Iterator<Item = &'a ObjectRef>) -> Vec<String> {
        let codes: BTreeSet<Code> =
            objects.filter_map(|object| self.by_object.get(object)).flatten().copied().collect();
        codes.iter().map(ToString::to_string).collect()
    }

    /// `ok`, or that nobody can say so: a rule that could not look is no rule that passed.
    pub(crate) fn without_codes<'a>(
        &self,
        mut clusters: impl Iterator<Item = &'a ClusterName>,
    ) -> &'static str {
        if clusters.any(|cluster| self.open.contains(cluster)) { "<unknown>" } else { "ok" }
    }

    /// Objects of a kind with a code, among `objects`.
    pub(crate) fn with_code<'a>(&self, code: &str, objects: &'a [ObjectRef]) -> Vec<&'a ObjectRef> {
        let has = |object: &&ObjectRef| {
            let codes = self.by_object.get(*object);
            codes.is_some_and(|codes| codes.iter().any(|known| known.to_string() == code))
        };
        objects.iter().filter(has).collect()
    }
}
