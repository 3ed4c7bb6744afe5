//! Istio's security resources, as far as they decide whom a client can reach.

use std::sync::Arc;

use crate::Labels;

/// `mtls.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MtlsMode {
    /// `UNSET`, no mode, or a value of a later Istio: inherited.
    #[default]
    Unset,
    /// `DISABLE`.
    Disable,
    /// `PERMISSIVE`.
    Permissive,
    /// `STRICT`.
    Strict,
}

/// A PeerAuthentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerAuthentication {
    /// `spec.selector.matchLabels`; empty without one.
    pub selector: Labels,
    /// `spec.mtls.mode`.
    pub mode: MtlsMode,
    /// `spec.portLevelMtls`: port of the workload and its mode.
    pub ports: Vec<(u16, MtlsMode)>,
    /// `metadata.creationTimestamp`, empty where unknown; as text, since its order is that of time.
    pub created: Arc<str>,
}
