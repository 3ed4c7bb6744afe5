//! What to read, and how patiently.

use std::time::Duration;

use mesh_model::{KindSet, SYSTEM_NAMESPACE};

use crate::KubeconfigSource;

/// Whether clusters are found through remote secrets when no contexts were typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discover {
    /// The current context and the clusters that its remote secrets name.
    #[default]
    Auto,
    /// The current context alone.
    None,
}

/// Who to act as (`--as`, `--as-group`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonate {
    /// User; the credentials' own if `None`.
    pub user: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
}

/// What to read, and how patiently.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where contexts are defined.
    pub kubeconfig: KubeconfigSource,
    /// Contexts as typed: names, globs (`*`, `?`) and `NAME=CONTEXT` renames. Empty: the current context.
    pub contexts: Vec<String>,
    /// Taken for the current context (`--context`).
    pub context: Option<String>,
    /// Every context of the kubeconfig; those that are one cluster are read once.
    pub all_contexts: bool,
    /// Used when neither `contexts` nor `all_contexts` is given.
    pub discover: Discover,
    /// Kinds to list. All others count as not given.
    pub kinds: KindSet,
    /// Namespace of istiod, whose ConfigMaps and Secrets are listed.
    pub istio_namespace: String,
    /// Deadline of one request with all its tries, of its answer's body too.
    pub request_timeout: Duration,
    /// Deadline of everything; what is not read by then is a gap.
    pub timeout: Option<Duration>,
    /// Clusters that are read at a time.
    pub parallel: usize,
    /// Who to act as.
    pub impersonate: Impersonate,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            kubeconfig: KubeconfigSource::default(),
            contexts: Vec::new(),
            context: None,
            all_contexts: false,
            discover: Discover::Auto,
            kinds: KindSet::all(),
            istio_namespace: SYSTEM_NAMESPACE.to_owned(),
            request_timeout: Duration::from_secs(10),
            timeout: None,
            parallel: 8,
            impersonate: Impersonate::default(),
        }
    }
}
