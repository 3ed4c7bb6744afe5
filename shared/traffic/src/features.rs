//! Feature flags of an istiod, from its environment (`istio: pilot/pkg/features`).

use mesh_model::Istiod;

use crate::{Gate, RuleSet};

/// The flags that decide about endpoints and settings.
#[expect(clippy::struct_excessive_bools, reason = "each is one environment variable")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// `PILOT_SEND_UNHEALTHY_ENDPOINTS`: endpoints that are not ready are sent always.
    pub send_unhealthy: bool,
    /// `PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS`: they are sent unless `minHealthPercent` asks for panic (Istio 1.31).
    pub auto_send_unhealthy: bool,
    /// `PILOT_PERSISTENT_SESSION_LABEL`: label of Services with persistent sessions.
    pub session_label: String,
    /// `PILOT_PERSISTENT_SESSION_HEADER_LABEL`: the same, by a header.
    pub session_header_label: String,
    /// `PILOT_DRAINING_LABEL`: label of workloads that are about to end.
    pub draining_label: String,
    /// `PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES`.
    pub eds_for_headless: bool,
    /// `PILOT_ENABLE_SERVICEENTRY_SELECT_PODS`.
    pub entries_select_pods: bool,
    /// `PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES`.
    pub services_select_workloads: bool,
    /// `PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY`.
    pub workloads_of_remotes: bool,
    /// `RESOLVE_HOSTNAME_GATEWAYS`.
    pub resolve_gateways: bool,
    /// `PILOT_ENABLE_WORKLOAD_ENTRY_HEALTHCHECKS`.
    pub workload_health: bool,
    /// `ENABLE_LOCALITY_WEIGHTED_LB_CONFIG`.
    pub always_locality_weights: bool,
    /// `ENABLE_ENHANCED_DESTINATIONRULE_MERGE`.
    pub merge_by_export_to: bool,
    /// `ENABLE_MCS_SERVICE_DISCOVERY`: endpoints stay within their cluster unless a ServiceExport, which is not
    /// read, says otherwise.
    pub mcs_discovery: bool,
    /// `PILOT_SKIP_VALIDATE_TRUST_DOMAIN`: servers take clients of every trust domain.
    pub skips_trust_domains: bool,
}

impl Features {
    /// The flags of `istiod`; the defaults of the rule set where none was read.
    #[must_use]
    pub fn of(istiod: Option<&Istiod>, rules: RuleSet) -> Self {
        let text = |name: &str| istiod.and_then(|istiod| istiod.env.get(name));
        let flag = |name: &str, default| text(name).and_then(parse).unwrap_or(default);
        let label = |name: &str, default: &str| text(name).unwrap_or(default).to_owned();
        Self {
            send_unhealthy: flag("PILOT_SEND_UNHEALTHY_ENDPOINTS", false),
            auto_send_unhealthy: rules.has(Gate::SendUnhealthy)
                && flag("PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS", true),
            session_label: label("PILOT_PERSISTENT_SESSION_LABEL", "istio.io/persistent-session"),
            session_header_label: label(
                "PILOT_PERSISTENT_SESSION_HEADER_LABEL",
                "istio.io/persistent-session-header",
            ),
            draining_label: label("PILOT_DRAINING_LABEL", "istio.io/draining"),
            eds_for_headless: flag("PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES", false),
            entries_select_pods: flag("PILOT_ENABLE_SERVICEENTRY_SELECT_PODS", true),
            services_select_workloads: flag("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true),
            workloads_of_remotes: flag("PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY", true),
            resolve_gateways: flag("RESOLVE_HOSTNAME_GATEWAYS", true),
            workload_health: flag("PILOT_ENABLE_WORKLOAD_ENTRY_HEALTHCHECKS", true),
            always_locality_weights: flag("ENABLE_LOCALITY_WEIGHTED_LB_CONFIG", false),
            merge_by_export_to: flag("ENABLE_ENHANCED_DESTINATIONRULE_MERGE", true),
            mcs_discovery: flag("ENABLE_MCS_SERVICE_DISCOVERY", false),
            skips_trust_domains: flag("PILOT_SKIP_VALIDATE_TRUST_DOMAIN", false),
        }
    }
}

/// A truth value as Go's `strconv.ParseBool` reads it.
fn parse(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
