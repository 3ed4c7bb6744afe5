//! The report of one run: all that any format prints.

use std::collections::BTreeMap;

use mesh_model::{ClusterName, Gap, Kind, Namespace};
use mesh_rules::{Code, FindingStatus, Fingerprint, Outcome, Rule, Severity, VerdictKind};

use crate::Body;

/// API version of every machine format.
pub const API_VERSION: &str = "kubectl-mesh.io/v1alpha1";

/// Kind of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// `check`.
    CheckReport,
    /// `rules`.
    RuleList,
    /// `endpoints`.
    EndpointList,
    /// `locality`.
    LocalityReport,
    /// `trace`.
    Trace,
    /// `failover`.
    FailoverReport,
}

impl ReportKind {
    /// As written in `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckReport => "CheckReport",
            Self::RuleList => "RuleList",
            Self::EndpointList => "EndpointList",
            Self::LocalityReport => "LocalityReport",
            Self::Trace => "Trace",
            Self::FailoverReport => "FailoverReport",
        }
    }
}

/// What made the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// Version of the program.
    pub version: String,
    /// Version of the rule set.
    pub rule_set: String,
}

/// One cluster of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterInfo {
    /// Cluster ID, or the name it was given.
    pub name: ClusterName,
    /// Context of the kubeconfig it was read by; `None` for files.
    pub context: Option<String>,
    /// Something could be read of it.
    pub reachable: bool,
    /// Version of its istiod.
    pub istio_version: Option<String>,
    /// Version of its API server.
    pub kubernetes_version: Option<String>,
    /// Istio network.
    pub network: Option<String>,
    /// `primary`, `remote`, `config`, `managed`.
    pub role: Option<String>,
    /// Time to read it.
    pub seconds: Option<f64>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterGap {
    /// Cluster.
    pub cluster: ClusterName,
    /// The kind; `None` for everything of the cluster.
    pub kind: Option<Kind>,
    /// The one namespace concerned, where reads were narrowed to namespaces.
    pub namespace: Option<Namespace>,
    /// Why.
    pub gap: Gap,
}

/// Place of a finding in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path as the user gave it.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in characters.
    pub column: u32,
}

/// All that a run has to say.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which command.
    pub kind: ReportKind,
    /// What made it.
    pub tool: Tool,
    /// Time of the run, RFC 3339.
    pub generated_at: String,
    /// Mesh ID, where the clusters agree on one.
    pub mesh_id: Option<String>,
    /// Trust domains of the clusters, without repetition.
    pub trust_domains: Vec<String>,
    /// Wall time of the run.
    pub seconds: Option<f64>,
    /// Clusters by name.
    pub clusters: Vec<ClusterInfo>,
    /// Rules that were selected, by code; every code of `outcome` is among them.
    pub rules: Vec<&'static Rule>,
    /// Findings and verdicts, in their fixed order.
    pub outcome: Outcome,
    /// Places of findings that came from files.
    pub places: BTreeMap<Fingerprint, Place>,
    /// What could not be read, by cluster and kind.
    pub gaps: Vec<ClusterGap>,
    /// What the process will return.
    pub exit_code: u8,
    /// What a command shows that is no list of findings.
    pub body: Option<Body>,
}

impl Report {
    /// A report without clusters, findings or rows.
    #[must_use]
    pub const fn new(kind: ReportKind, tool: Tool, generated_at: String) -> Self {
        Self {
            kind,
            tool,
            generated_at,
            mesh_id: None,
            trust_domains: Vec::new(),
            seconds: None,
            clusters: Vec::new(),
            rules: Vec::new(),
            outcome: Outcome { findings: Vec::new(), verdicts: Vec::new() },
            places: BTreeMap::new(),
            gaps: Vec::new(),
            exit_code: 0,
            body: None,
        }
    }

    /// True when nothing is missing but what files were not asked to hold.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.gaps.iter().all(|gap| gap.gap.is_not_given())
    }

    /// The counts.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }

    /// The rule of a code, if it was selected.
    #[must_use]
    pub fn rule(&self, code: Code) -> Option<&'static Rule> {
        self.rules.iter().find(|rule| rule.code == code).copied()
    }

    /// The cluster of that name.
    #[must_use]
    pub fn cluster(&self, name: &ClusterName) -> Option<&ClusterInfo> {
        self.clusters.iter().find(|cluster| cluster.name == *name)
    }
}

/// Counts of findings and of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Findings that count, of severity error.
    pub error: usize,
    /// Findings that count, of severity warning.
    pub warning: usize,
    /// Findings that count, of severity info.
    pub info: usize,
    /// Findings that a suppression or the baseline hides.
    pub suppressed: usize,
    /// Rules that passed in a cluster and neither failed nor lacked anything in another.
    pub passed: usize,
    /// Rules that were skipped wherever they were to run.
    pub skipped: usize,
    /// Rules that lacked something in a cluster and failed in none.
    pub not_evaluated: usize,
}

/// How a rule ended over all clusters: the gravest verdict counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Skipped,
    Passed,
    NotEvaluated,
    Failed,
}

impl Standing {
    pub(crate) const fn of(kind: &VerdictKind) -> Self {
        match kind {
            VerdictKind::Skipped { .. } => Self::Skipped,
            VerdictKind::Passed => Self::Passed,
            VerdictKind::NotEvaluated { .. } => Self::NotEvaluated,
            VerdictKind::Failed => Self::Failed,
        }
    }
}

impl Summary {
    fn of(report: &Report) -> Self {
        let mut summary = Self::default();
        for finding in &report.outcome.findings {
            let count = match (finding.status, finding.severity) {
                (FindingStatus::Suppressed | FindingStatus::Baseline, _) => &mut summary.suppressed,
                (FindingStatus::Fail, Severity::Error) => &mut summary.error,
                (FindingStatus::Fail, Severity::Warning) => &mut summary.warning,
                (FindingStatus::Fail, Severity::Info) => &mut summary.info,
            };
            *count += 1;
        }
        let mut standings: BTreeMap<Code, Standing> = BTreeMap::new();
        for verdict in &report.outcome.verdicts {
            let standing = Standing::of(&verdict.kind);
            let worst = standings.entry(verdict.code).or_insert(standing);
            *worst = standing.max(*worst);
        }
        for standing in standings.values() {
            match standing {
                Standing::Passed => summary.passed += 1,
                Standing::Skipped => summary.skipped += 1,
                Standing::NotEvaluated => summary.not_evaluated += 1,
                Standing::Failed => {}
            }
        }
        summary
    }
}
