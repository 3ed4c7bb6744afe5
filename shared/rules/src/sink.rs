//! Where a rule puts its findings.

use mesh_model::{ClusterName, FieldPath, Gap, Kind, ObjectRef, Origin, Row};

use crate::facts::membership::Joined;
use crate::{
    ClusterView, Evidence, Finding, FindingStatus, Line, Patch, Remedy, Rule, Severity, Subject, shell,
};

/// Takes findings of one rule. Each `report*` gives a `Draft` that is finished by its methods.
pub struct Sink<'a> {
    rule: &'static Rule,
    findings: &'a mut Vec<Finding>,
    unjudged: Vec<Unjudged>,
}

/// A cluster that a rule could not judge, for a reason that no list of kinds tells.
#[derive(Debug, PartialEq)]
pub(crate) struct Unjudged {
    pub(crate) cluster: ClusterName,
    pub(crate) kind: Kind,
    pub(crate) gap: Gap,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(rule: &'static Rule, findings: &'a mut Vec<Finding>) -> Self {
        Self { rule, findings, unjudged: Vec::new() }
    }

    pub(crate) fn into_unjudged(self) -> Vec<Unjudged> {
        self.unjudged
    }

    /// The rule cannot judge this cluster: what it would look at in `kind` is not there. `cause` is a sentence in
    /// lower case without a full stop.
    pub fn cannot_judge(&mut self, view: &ClusterView<'_>, kind: Kind, cause: impl Into<String>) {
        let gap = Gap::Truncated { cause: cause.into() };
        if !self.unjudged.iter().any(|other| other.cluster == *view.name()) {
            self.unjudged.push(Unjudged { cluster: view.name().clone(), kind, gap });
        }
    }

    /// A finding about a row that was read.
    pub fn report<R>(&mut self, row: &Row<R>, path: FieldPath, message: impl Into<String>) -> Draft<'_> {
        self.add(Subject::Object(row.obj.clone()), row.origin, path, message.into())
    }

    /// A finding about an object that was not read as a row: mostly one that is missing.
    pub fn report_object(
        &mut self,
        object: ObjectRef,
        path: FieldPath,
        message: impl Into<String>,
    ) -> Draft<'_> {
        self.add(Subject::Object(object), Origin::Live, path, message.into())
    }

    /// A finding about a cluster as a whole.
    pub fn report_cluster(&mut self, cluster: &ClusterName, message: impl Into<String>) -> Draft<'_> {
        self.add(Subject::Cluster(cluster.clone()), Origin::Live, FieldPath::root(), message.into())
    }

    /// A finding about any subject.
    pub fn report_subject(
        &mut self,
        subject: Subject,
        path: FieldPath,
        message: impl Into<String>,
    ) -> Draft<'_> {
        self.add(subject, Origin::Live, path, message.into())
    }

    fn add(&mut self, subject: Subject, origin: Origin, path: FieldPath, message: String) -> Draft<'_> {
        self.findings.push(Finding {
            code: self.rule.code,
            severity: self.rule.severity,
            subject,
            origin,
            peer: None,
            path,
            message,
            evidence: Vec::new(),
            remedy: None,
            status: FindingStatus::Fail,
        });
        Draft(self.findings.last_mut().expect("one was pushed just now"))
    }
}

/// A finding that was reported and can still be told more.
pub struct Draft<'a>(&'a mut Finding);

impl Draft<'_> {
    /// Another severity than the rule's.
    #[must_use = "a draft is changed in place; end the chain with a semicolon or another method"]
    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// Where the subject was read, if it is no row of a table.
    pub fn read_at(self, origin: Origin) -> Self {
        self.0.origin = origin;
        self
    }

    /// The other cluster.
    pub fn peer(self, peer: &ClusterName) -> Self {
        self.0.peer = Some(peer.clone());
        self
    }

    /// A field of a row that made the verdict.
    pub fn evidence<R>(self, row: &Row<R>, path: FieldPath, value: impl Into<String>) -> Self {
        self.evidence_of(Subject::Object(row.obj.clone()), path, value)
    }

    /// A fact about any subject that made the verdict.
    pub fn evidence_of(self, subject: Subject, path: FieldPath, value: impl Into<String>) -> Self {
        self.0.evidence.push(Evidence { subject, path, value: value.into() });
        self
    }

    /// Where it is not sure that two clusters belong to one mesh, a warning at most, which says why.
    pub(crate) fn unless_sure(self, joined: Joined<'_>) -> Self {
        let Joined::Perhaps(doubt) = joined else { return self };
        self.0.severity = self.0.severity.max(Severity::Warning);
        self.evidence_of(Subject::Cluster(doubt.cluster.clone()), FieldPath::root(), doubt.why)
    }

    /// A JSON merge patch of the subject's object mends it.
    ///
    /// # Panics
    /// If the subject is no object.
    pub fn patch(self, merge: serde_json::Value, safe: bool) -> Self {
        self.patched(Patch::Merge(merge), safe)
    }

    /// A JSON patch (RFC 6902) of the subject's object mends it; for fields inside arrays, which a merge patch
    /// would replace whole.
    ///
    /// # Panics
    /// If the subject is no object.
    pub fn json_patch(self, operations: serde_json::Value, safe: bool) -> Self {
        self.patched(Patch::Json(operations), safe)
    }

    /// Creating or replacing these objects in the subject's cluster mends it.
    pub fn manifest(self, objects: Vec<serde_json::Value>, safe: bool) -> Self {
        let cluster = self.0.subject.cluster().clone();
        self.0.remedy = Some(Remedy::Manifest { cluster, objects, safe });
        self
    }

    /// A command mends it, `kubectl ...` without `--context`.
    pub fn command(self, line: impl Into<Line>, safe: bool) -> Self {
        let cluster = self.0.subject.cluster().clone();
        self.remedy(Remedy::Command { cluster, line: line.into(), safe })
    }

    fn patched(self, patch: Patch, safe: bool) -> Self {
        let target = self.0.subject.object().expect("only objects are patched").clone();
        self.remedy(Remedy::Patch { target, patch, safe })
    }

    /// Any remedy, for one that touches another object than the subject. One that would print a name which kubectl
    /// could read as something else is left out.
    pub fn remedy(self, remedy: Remedy) -> Self {
        let is_fit = match &remedy {
            Remedy::Patch { target, .. } => {
                shell::is_name(&target.name)
                    && (target.namespace.is_empty() || shell::is_name(&target.namespace))
            }
            Remedy::Command { line, .. } => line.is_fit(),
            Remedy::Manifest { .. } => true,
        };
        if !is_fit {
            let subject = self.0.subject.clone();
            let advice = "no command is printed, because a name in it is none that a cluster accepts; look at the object";
            return self.evidence_of(subject, FieldPath::root(), advice);
        }
        self.0.remedy = Some(remedy);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::ALL;

    fn remedy_for(name: &str, namespace: &str, mend: impl Fn(Draft<'_>)) -> Finding {
        let mut findings = Vec::new();
        let object = ObjectRef::new("west", Kind::Service, namespace.to_owned(), name.to_owned());
        mend(Sink::new(ALL[0], &mut findings).report_object(object, FieldPath::root(), "x"));
        findings.remove(0)
    }

    #[test]
    fn a_name_that_kubectl_could_read_as_a_flag_gets_advice_and_no_command() {
        let patch = |draft: Draft<'_>| {
            let _ = draft.patch(json!({}), true);
        };
        for (name, namespace, fit) in [
            ("a", "shop", true),
            ("a", "", true),
            ("--all", "shop", false),
            ("a", "--x", false),
            ("a b", "", false),
        ] {
            let finding = remedy_for(name, namespace, patch);
            assert_eq!(finding.remedy.is_some(), fit, "{name} {namespace}");
            assert_eq!(finding.evidence.is_empty(), fit);
        }
        let line = format!("kubectl delete x {}", shell::name("--all"));
        let finding = remedy_for("a", "", |draft| {
            let _ = draft.command(line.clone(), true);
        });
        assert_eq!(finding.remedy, None);
        assert!(finding.evidence[0].value.contains("look at the object"));
    }
}
