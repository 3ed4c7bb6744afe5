//! MESH1xx: clusters, remote secrets, discovery.

mod cluster_id_not_unique;
mod remote_secret_missing;

pub use cluster_id_not_unique::CLUSTER_ID_NOT_UNIQUE;
pub use remote_secret_missing::REMOTE_SECRET_MISSING;
