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

/// An AuthorizationPolicy (`istio/api: security/v1beta1/authorization_policy.proto`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationPolicy {
    /// `spec.selector.matchLabels`; empty without one.
    pub selector: Labels,
    /// `spec.targetRef` or `spec.targetRefs` is set: it is for gateways and waypoints, not for sidecars.
    pub has_targets: bool,
    /// `spec.action`.
    pub action: PolicyAction,
    /// `spec.rules`: one of them suffices; none matches nothing.
    pub rules: Vec<AccessRule>,
}

/// `action` of an AuthorizationPolicy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum PolicyAction {
    /// `ALLOW`, also if unset.
    #[default]
    Allow,
    /// `DENY`.
    Deny,
    /// `AUDIT`.
    Audit,
    /// `CUSTOM`: a server outside decides.
    Custom,
    /// A value of a later Istio.
    Other(Arc<str>),
}

/// One entry of `rules`: a source, an operation and all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRule {
    /// `from[].source`: one of them suffices; empty takes every caller.
    pub from: Vec<Source>,
    /// `to[].operation`: one of them suffices; empty takes every request.
    pub to: Vec<Operation>,
    /// `when`.
    pub when: Vec<AccessCondition>,
}

/// Values of which one suffices, and values of which none may hold; both empty ask nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// For example `principals`.
    pub any_of: Vec<Arc<str>>,
    /// For example `notPrincipals`.
    pub none_of: Vec<Arc<str>>,
}

/// A caller: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// `principals`: `TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`.
    pub principals: Values,
    /// `requestPrincipals`: issuer and subject of a JWT.
    pub request_principals: Values,
    /// `namespaces`.
    pub namespaces: Values,
    /// `serviceAccounts`: `SERVICE-ACCOUNT` of the policy's namespace, or `NAMESPACE/SERVICE-ACCOUNT`.
    pub service_accounts: Values,
    /// `trustDomains`.
    pub trust_domains: Values,
    /// `ipBlocks`.
    pub ip_blocks: Values,
    /// `remoteIpBlocks`.
    pub remote_ip_blocks: Values,
}

/// A request: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// `hosts`.
    pub hosts: Values,
    /// `ports` of the workload.
    pub ports: Values,
    /// `methods`.
    pub methods: Values,
    /// `paths`.
    pub paths: Values,
}

/// One entry of `when`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessCondition {
    /// `key`, for example `request.headers[x-token]`.
    pub key: Arc<str>,
    /// `values` and `notValues`.
    pub values: Values,
}
