//! Which namespaces are judged.

use mesh_model::Namespace;

/// Namespaces.
#[derive(Clone, Debug, clap::Args)]
pub struct ScopeArgs {
    /// Judge only objects of this namespace and what concerns a whole cluster. Everything is still read: a rule
    /// looks across namespaces.
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Judge all namespaces, which is the default; beats -n.
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}

impl ScopeArgs {
    /// The one namespace, if one is typed and not overruled.
    #[must_use]
    pub fn only(&self) -> Option<Namespace> {
        self.namespace.as_deref().filter(|_| !self.all_namespaces).map(Namespace::from)
    }
}
