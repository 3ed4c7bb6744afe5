//! Which rules run, and which findings count.

use mesh_rules::Severity;

/// Rules.
#[derive(Clone, Debug, clap::Args)]
pub struct RuleArgs {
    /// Rules to run: codes (MESH201), prefixes (MESH2), names, areas (locality) and tags (failover).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Rules to leave out, named as for --select.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// Least severity that makes the exit code 1. One of: error, warning, info, never.
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = FailOn::Error, hide_possible_values = true)]
    pub fail_on: FailOn,

    /// Do not exit with 3 when something could not be read.
    #[arg(long)]
    pub allow_incomplete: bool,

    /// Show each rule that passed, not only their number.
    #[arg(long)]
    pub show_passed: bool,
}

/// Least severity of a finding that makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Errors and warnings.
    Warning,
    /// Every finding.
    Info,
    /// None.
    Never,
}

impl FailOn {
    /// True when a finding of this severity counts.
    #[must_use]
    pub fn counts(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity <= Severity::Error,
            Self::Warning => severity <= Severity::Warning,
            Self::Info => severity <= Severity::Info,
            Self::Never => false,
        }
    }
}
