//! The namespace of names that are typed without one.

use super::scope::namespace;

/// Namespace of services.
#[derive(Clone, Debug, clap::Args)]
pub struct NamespaceArgs {
    /// Namespace of a service that is typed without one. Without it that of the context, else default.
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
    pub namespace: Option<String>,
}
