//! MESH2xx: locality, failover, outlier detection.

mod distribute_without_outlier_detection;
mod failover_without_outlier_detection;
mod locality_pattern;
mod locality_setting_invalid;
mod node_without_locality;
mod outlier_detection;
mod port_policy_drops_outlier_detection;
mod subset_drops_locality;

pub use distribute_without_outlier_detection::DISTRIBUTE_WITHOUT_OUTLIER_DETECTION;
pub use failover_without_outlier_detection::FAILOVER_WITHOUT_OUTLIER_DETECTION;
pub use locality_setting_invalid::LOCALITY_SETTING_INVALID;
pub use node_without_locality::NODE_WITHOUT_LOCALITY;
pub use port_policy_drops_outlier_detection::PORT_POLICY_DROPS_OUTLIER_DETECTION;
pub use subset_drops_locality::SUBSET_DROPS_LOCALITY;

pub(crate) use outlier_detection::{asked, lacks_outlier_detection};
pub(crate) use port_policy_drops_outlier_detection::{drops_load_balancer, drops_outlier_detection};
pub(crate) use subset_drops_locality::hides;
