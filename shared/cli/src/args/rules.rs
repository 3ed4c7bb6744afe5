//! Which rules run.

use super::VerdictArgs;

/// Rules.
#[derive(Clone, Debug, clap::Args)]
pub struct RuleArgs {
    /// Rules to run: codes (MESH201), prefixes (MESH2), names, areas (locality) and tags (failover).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Rules to leave out, named as for --select.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub ignore: Vec<String>,

    /// Which of their findings count.
    #[command(flatten)]
    pub verdict: VerdictArgs,

    /// Show each rule that passed, not only their number.
    #[arg(long)]
    pub show_passed: bool,
}
