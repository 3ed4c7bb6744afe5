//! The client of a call as it is typed.

/// Who calls.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Client: a cluster, with a locality (CLUSTER/REGION/ZONE) or a workload (CLUSTER/NS/DEPLOY), or a pod
    /// (POD.NS). Without it the locality of each cluster where most pods of the mesh run.
    #[arg(long, value_name = "CLIENT")]
    pub from: Option<String>,
}
