//! Whether running proxies are asked.

/// What is running, beside what is configured.
#[derive(Clone, Debug, clap::Args)]
pub struct ActualArgs {
    /// Ask the running proxies too, or the istiods they are connected to, and show what differs. Goes by
    /// port-forward: needs the verbs get and create on pods/portforward.
    #[arg(long, conflicts_with = "filename")]
    pub actual: bool,
}
