//! The one list of rules, in order of their codes.

use crate::rules::{control_plane, discovery, locality, networks, services, tool, trust};
use crate::{Code, Rule};

/// Every rule.
pub static ALL: &[&Rule] = &[
    &tool::UNREADABLE_INPUT,
    &tool::OBJECT_GIVEN_TWICE,
    &tool::CLUSTER_UNREACHABLE,
    &tool::KIND_UNREADABLE,
    &tool::MESH_NOT_FOUND,
    &tool::CLUSTER_GIVEN_TWICE,
    &discovery::REMOTE_SECRET_MISSING,
    &discovery::CLUSTER_ID_NOT_UNIQUE,
    &locality::FAILOVER_WITHOUT_OUTLIER_DETECTION,
    &locality::TRAFFIC_DISTRIBUTION_DIFFERS,
    &locality::SUBSET_DROPS_LOCALITY,
    &locality::PORT_POLICY_DROPS_OUTLIER_DETECTION,
    &locality::LOCALITY_SETTING_INVALID,
    &locality::LOCALITY_SETTING_DEAD_ENTRY,
    &locality::DISTRIBUTE_WITHOUT_ENDPOINTS,
    &locality::DISTRIBUTE_CANNOT_FAIL_OVER,
    &locality::NODE_WITHOUT_LOCALITY,
    &locality::LOCALITY_SPELLING_DIFFERS,
    &locality::FAILOVER_PRIORITY_VERSION_GATE,
    &locality::EJECTION_IMPOSSIBLE,
    &locality::EJECTION_PARTIAL,
    &locality::EJECTION_DEFAULT_WITH_FAILOVER,
    &locality::EVERYTHING_EJECTABLE,
    &locality::PANIC_DEFEATS_FAILOVER,
    &locality::OUTLIER_DETECTION_NEVER_EJECTS,
    &locality::OUTLIER_DETECTION_TIMING,
    &locality::OUTLIER_DETECTION_FIELD_IGNORED,
    &locality::GATEWAY_EJECTION_TAKES_CLUSTER,
    &locality::ZONE_OVERLOAD,
    &locality::CLIENT_WITHOUT_LOCALITY,
    &locality::ENTRY_WITHOUT_LOCALITY,
    &locality::HEADLESS_LOCALITY,
    &locality::HASH_ACROSS_LOCALITIES,
    &locality::GATEWAY_WEIGHT_ONE_LOCALITY,
    &locality::ENTRY_EQUAL_LOCALITY,
    &locality::DISTRIBUTE_WITHOUT_OUTLIER_DETECTION,
    &locality::RETRY_LOCALITIES_INERT,
    &services::SERVICE_MISSING_IN_CLIENT_CLUSTER,
    &services::PORT_NAME_DIFFERS,
    &services::PORT_DIFFERS,
    &trust::ROOTS_DIFFER,
    &trust::CA_EXPIRED,
    &trust::CA_EXPIRING,
    &networks::NETWORK_GATEWAY_WITHOUT_ADDRESS,
    &networks::NETWORK_WITHOUT_GATEWAY,
    &networks::GATEWAY_SERVICE_UNLABELLED,
    &networks::GATEWAY_PORT_MISSING,
    &networks::CROSS_NETWORK_GATEWAY_MISSING,
    &control_plane::REVISION_UNKNOWN,
    &control_plane::WEBHOOK_SERVICE_UNAVAILABLE,
];

/// The rule with this code, or with this name.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    let is_named = |rule: &&&'static Rule| {
        rule.name == code_or_name || rule.code.to_string().eq_ignore_ascii_case(code_or_name)
    };
    ALL.iter().find(is_named).copied()
}

/// The rule with this code.
///
/// # Panics
/// If no rule has the code: findings carry registered codes only.
#[must_use]
pub fn rule(code: Code) -> &'static Rule {
    ALL.iter().find(|rule| rule.code == code).copied().expect("findings carry codes of registered rules")
}
