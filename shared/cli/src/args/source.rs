//! Files instead of clusters.

use mesh_model::IstioVersion;

/// Manifests in files.
#[derive(Clone, Debug, clap::Args)]
pub struct SourceArgs {
    /// File or directory with manifests instead of live clusters; can be repeated. CLUSTER=PATH names the
    /// cluster; a directory that holds only directories is one cluster each; '-' is standard input.
    #[arg(short = 'f', long = "filename", value_name = "[CLUSTER=]PATH")]
    pub filename: Vec<String>,

    /// The files hold everything: a kind without an object is known to be empty, not merely not given.
    #[arg(long, requires = "filename")]
    pub complete: bool,

    /// Version of Istio that the files are meant for, such as 1.29.
    #[arg(long, value_name = "VERSION", requires = "filename")]
    pub istio_version: Option<IstioVersion>,
}
