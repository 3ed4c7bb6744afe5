//! The verdict over one object: laid over the mesh, judged by the rules, decided by mode and ratchet.
//!
//! Apart from HTTP and from the form of the reply, so that every caller gives the same verdict.

use std::borrow::Cow;

use mesh_model::row::DestinationRule;
use mesh_model::{ClusterBuilder, ClusterName, HostPattern, Kind, Mesh, MeshBuilder, ObjectRef, Origin, Row};
use mesh_rules::admission::{self, Admission, Change, Mode, Modes};
use mesh_rules::engine::{self, Options};
use mesh_rules::{Code, Finding, Focus, Rule, VerdictKind, admiral};
use mesh_wire::{DecodeError, Lower, lower_json};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::marks;
use crate::review::Request;

/// What stays the same from request to request.
#[derive(Debug)]
pub struct Judge {
    modes: Modes,
    rules: Vec<&'static Rule>,
    cluster: ClusterName,
    mesh: Mesh,
}

/// What became of a request.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing here is ours to judge.
    NotJudged(Pass),
    /// The object was judged.
    Judged(Judged),
    /// The object has our kind and cannot be read.
    Unreadable {
        /// What that leads to.
        mode: Mode,
        /// Field and cause.
        cause: String,
    },
}

/// Why a request passes unjudged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// DELETE, CONNECT, or an operation that is not known.
    Operation,
    /// A subresource, such as `status`.
    Subresource,
    /// A kind that no rule judges here: the webhook is registered for too much.
    Kind,
    /// No object came.
    NoObject,
    /// The object is being deleted; its finalizers must not be blocked.
    Deleting,
}

/// A judged object.
#[derive(Debug)]
pub struct Judged {
    /// The object.
    pub object: ObjectRef,
    /// What its findings lead to.
    pub admission: Admission,
    /// Rules that could not look, with the cause.
    pub not_evaluated: Vec<(Code, String)>,
}

impl Judge {
    /// A judge with these modes. `cluster` names the cluster in logs.
    #[must_use]
    pub fn new(modes: Modes, cluster: &str) -> Self {
        let mut context = ClusterBuilder::new(cluster);
        // The object under review is all that is known: a rule that reasons about the absence of others must
        // not take what nobody read for absent.
        context.saw(Kind::DestinationRule);
        context.lose_what_was_not_given();
        let mesh = MeshBuilder::default().with(context).finish();
        Self { rules: modes.rules(), modes, cluster: cluster.into(), mesh }
    }

    /// The rules that run.
    #[must_use]
    pub fn rules(&self) -> &[&'static Rule] {
        &self.rules
    }

    /// What a request deserves that cannot be read at all.
    #[must_use]
    pub fn mode_of_unreadable(&self) -> Mode {
        self.modes.hardest()
    }

    /// Judges a request.
    #[must_use]
    pub fn judge(&self, request: &Request<'_>) -> Verdict {
        if !matches!(&*request.operation, "CREATE" | "UPDATE") {
            return Verdict::NotJudged(Pass::Operation);
        }
        if !request.sub_resource.is_empty() {
            return Verdict::NotJudged(Pass::Subresource);
        }
        match Kind::parse(&request.kind.group, &request.kind.kind) {
            Some(Kind::DestinationRule) => self.judge_destination_rule(request),
            _ => Verdict::NotJudged(Pass::Kind),
        }
    }

    fn judge_destination_rule(&self, request: &Request<'_>) -> Verdict {
        let Some(object) = request.object else { return Verdict::NotJudged(Pass::NoObject) };
        let old = request.old_object.map(|old| self.row(request, old));
        let row = match self.row(request, object) {
            Ok(row) => row,
            Err(error) => {
                let mut mode = self.modes.hardest();
                if matches!(old, Some(Err(_))) {
                    mode = mode.min(Mode::Warn);
                }
                if marks::of_admiral(object) {
                    mode = mode.min(self.modes.of_admiral());
                }
                return Verdict::Unreadable { mode, cause: error.to_string() };
            }
        };
        if row.fact.deleting {
            return Verdict::NotJudged(Pass::Deleting);
        }
        let (object, by_admiral) = (row.obj.clone(), admiral::wrote(&row));
        let fact = row.fact.clone();
        let (after, not_evaluated) = self.findings(row);
        let before = match old {
            Some(Ok(old)) if !after.is_empty() => {
                let old_fact = old.fact.clone();
                admission::follow(self.findings(old).0, &old_fact, &fact)
            }
            _ => Vec::new(),
        };
        let admission = admission::decide(&self.modes, Change { after, before, by_admiral });
        Verdict::Judged(Judged { object, admission, not_evaluated })
    }

    fn findings(&self, row: Row<DestinationRule>) -> (Vec<Finding>, Vec<(Code, String)>) {
        let options = Options { focus: Focus::object(row.obj.clone()), ..Options::default() };
        let outcome = engine::run(&self.mesh.with_destination_rule(row), &self.rules, &options);
        let not_evaluated = outcome.verdicts.into_iter().filter_map(|verdict| match verdict.kind {
            VerdictKind::NotEvaluated { gap, .. } => Some((verdict.code, gap.to_string())),
            VerdictKind::Passed | VerdictKind::Failed | VerdictKind::Skipped { .. } => None,
        });
        (outcome.findings, not_evaluated.collect())
    }

    /// The row of an object, in the request's namespace and with the request's name where it has none yet.
    fn row(&self, request: &Request<'_>, object: &RawValue) -> Result<Row<DestinationRule>, DecodeError> {
        let mut cluster = ClusterBuilder::new(self.cluster.clone());
        lower_json(
            Kind::DestinationRule,
            object.get().as_bytes(),
            Origin::Live,
            &mut Lower::new(&mut cluster),
        )?;
        let mut row = cluster.destination_rules.pop().expect("lowering a DestinationRule gives its row");
        if !request.namespace.is_empty() && row.obj.namespace != *request.namespace {
            row.obj.namespace = (&*request.namespace).into();
            row.fact.host = HostPattern::parse(&row.fact.host_text, &request.namespace);
        }
        if row.obj.name.is_empty() {
            row.obj.name = match &*request.name {
                "" => generate_name(object).as_ref().into(),
                name => name.into(),
            };
        }
        Ok(row)
    }
}

/// The prefix of a name that the API server has not made yet.
fn generate_name(object: &RawValue) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        metadata: Metadata<'a>,
    }
    #[derive(Deserialize)]
    struct Metadata<'a> {
        #[serde(borrow, rename = "generateName")]
        generate_name: Cow<'a, str>,
    }
    serde_json::from_str::<Object<'_>>(object.get()).map_or(Cow::Borrowed(""), |o| o.metadata.generate_name)
}
