//! Objects laid over what is read.

/// What would be.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OverlayArgs {
    /// File or directory with objects to lay over the mesh before anything is computed: each takes the place of the
    /// object of its kind and name, or is added. CLUSTER=PATH lays them over one cluster, PATH over all, unless it
    /// is a directory that holds one per cluster. Can be repeated; the last one wins.
    #[arg(long = "with", value_name = "[CLUSTER=]PATH")]
    pub with: Vec<String>,
}
