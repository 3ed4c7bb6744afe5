//! MESH2xx: locality, failover, outlier detection.

mod failover_without_outlier_detection;
mod outlier_detection;

pub use failover_without_outlier_detection::FAILOVER_WITHOUT_OUTLIER_DETECTION;
