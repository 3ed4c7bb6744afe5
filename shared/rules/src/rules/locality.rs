//! MESH2xx: locality, failover, outlier detection.

mod distribute_without_outlier_detection;
mod failover_without_outlier_detection;
mod outlier_detection;

pub use distribute_without_outlier_detection::DISTRIBUTE_WITHOUT_OUTLIER_DETECTION;
pub use failover_without_outlier_detection::FAILOVER_WITHOUT_OUTLIER_DETECTION;
