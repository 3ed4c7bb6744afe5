//! What a run gives: findings, and a verdict for each rule and cluster.

use mesh_model::{ClusterName, Gap, Kind};

use crate::{Code, Finding};

/// How a rule ended in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerdictKind {
    /// Everything was looked at and nothing found.
    Passed,
    /// Something was found.
    Failed,
    /// Not asked for, or pointless behind another failure.
    Skipped {
        /// For example `needs --actual` or `needs MESH501`.
        why: String,
    },
    /// A gap: the rule could not look, or not at everything.
    NotEvaluated {
        /// The kind that is missing.
        kind: Option<Kind>,
        /// Why it is missing.
        gap: Gap,
    },
}

/// One rule in one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Rule.
    pub code: Code,
    /// Cluster.
    pub cluster: ClusterName,
    /// How it ended. A rule that failed over a partial gap has two verdicts: failed and not evaluated.
    pub kind: VerdictKind,
}

/// Result of a run, in fixed order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Findings, by severity, code, subject, path.
    pub findings: Vec<Finding>,
    /// Verdicts, by code and cluster.
    pub verdicts: Vec<Verdict>,
}
