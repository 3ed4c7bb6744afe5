//! Which findings and gaps count.

use mesh_rules::Severity;

/// What the exit code tells.
#[derive(Clone, Debug, clap::Args)]
pub struct VerdictArgs {
    /// Least severity that makes the exit code 1. One of: error, warning, info, never.
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = FailOn::Error, hide_possible_values = true)]
    pub fail_on: FailOn,

    /// Do not exit with 3 when something could not be read.
    #[arg(long)]
    pub allow_incomplete: bool,
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
