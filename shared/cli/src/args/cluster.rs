//! Which clusters are read, and how.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use mesh_model::SYSTEM_NAMESPACE;

use super::time::duration;

/// Clusters by contexts of the kubeconfig.
#[derive(Clone, Debug, clap::Args)]
pub struct ClusterArgs {
    /// Contexts to read, a comma-separated list that can be repeated. Takes globs (gke-*) and renames
    /// (name=context). Without it: the current context and the clusters its remote secrets name.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub contexts: Vec<String>,

    /// The one context to read.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["contexts", "all_contexts"])]
    pub context: Option<String>,

    /// Read every context of the kubeconfig. Contexts that are the same cluster are read once.
    #[arg(long, conflicts_with = "contexts")]
    pub all_contexts: bool,

    /// Whether remote secrets name further clusters when no context is typed. One of: auto, none.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Discover::Auto, hide_possible_values = true)]
    pub discover: Discover,

    /// Path to the kubeconfig file. Without it the files of KUBECONFIG, else ~/.kube/config.
    #[arg(long, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// How many clusters are read at a time.
    #[arg(long, value_name = "N", default_value = "8", value_parser = at_least_one)]
    pub parallel: NonZeroUsize,

    /// How long to wait for one answer of an API server, such as 10s or 1m. A number alone is in seconds.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub request_timeout: Duration,

    /// Namespace of istiod, whose ConfigMaps are read.
    #[arg(long, value_name = "NAME", default_value = SYSTEM_NAMESPACE)]
    pub istio_namespace: String,

    /// User to impersonate.
    #[arg(long = "as", value_name = "USER")]
    pub impersonate: Option<String>,

    /// Group to impersonate; can be repeated.
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate")]
    pub impersonate_groups: Vec<String>,
}

/// Whether remote secrets name further clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Discover {
    /// When no context is typed.
    Auto,
    /// Never.
    None,
}

impl ClusterArgs {
    /// The first flag that picks clusters, if one is typed.
    pub(crate) fn typed(&self) -> Option<&'static str> {
        if !self.contexts.is_empty() {
            Some("--contexts")
        } else if self.context.is_some() {
            Some("--context")
        } else if self.all_contexts {
            Some("--all-contexts")
        } else {
            None
        }
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "must be a number from 1".to_owned())
}
