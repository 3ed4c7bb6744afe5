//! MESH2xx: locality, failover, outlier detection.

mod companions;
mod distribute_cannot_fail_over;
mod distribute_without_outlier_detection;
mod ejection_default_with_failover;
mod failover_without_outlier_detection;
mod locality_pattern;
mod locality_setting_dead_entry;
mod locality_setting_invalid;
mod node_without_locality;
mod outlier_detection;
mod outlier_detection_field_ignored;
mod outlier_detection_never_ejects;
mod outlier_detection_timing;
mod panic_defeats_failover;
mod port_policy_drops_outlier_detection;
mod subset_drops_locality;

pub use distribute_cannot_fail_over::DISTRIBUTE_CANNOT_FAIL_OVER;
pub use distribute_without_outlier_detection::DISTRIBUTE_WITHOUT_OUTLIER_DETECTION;
pub use ejection_default_with_failover::EJECTION_DEFAULT_WITH_FAILOVER;
pub use failover_without_outlier_detection::FAILOVER_WITHOUT_OUTLIER_DETECTION;
pub use locality_setting_dead_entry::LOCALITY_SETTING_DEAD_ENTRY;
pub use locality_setting_invalid::LOCALITY_SETTING_INVALID;
pub use node_without_locality::NODE_WITHOUT_LOCALITY;
pub use outlier_detection_field_ignored::OUTLIER_DETECTION_FIELD_IGNORED;
pub use outlier_detection_never_ejects::OUTLIER_DETECTION_NEVER_EJECTS;
pub use outlier_detection_timing::OUTLIER_DETECTION_TIMING;
pub use panic_defeats_failover::PANIC_DEFEATS_FAILOVER;
pub use port_policy_drops_outlier_detection::PORT_POLICY_DROPS_OUTLIER_DETECTION;
pub use subset_drops_locality::SUBSET_DROPS_LOCALITY;

pub(crate) use outlier_detection::{asked, lacks_outlier_detection};
pub(crate) use port_policy_drops_outlier_detection::{drops_load_balancer, drops_outlier_detection};
pub(crate) use subset_drops_locality::hides;
