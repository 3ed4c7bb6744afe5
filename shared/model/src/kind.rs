//! The kinds of objects this project reads: one table of names, groups and scope.
//!
//! The versions that are served and read are `mesh-wire`'s business; here a kind is only an identity.

use std::fmt;

/// API group of a kind; empty for the core group.
pub type Group = &'static str;

macro_rules! kinds {
    ($($variant:ident = $bit:literal, $group:literal, $plural:literal, $namespaced:literal;)+) => {
        /// A kind of Kubernetes object that can be read into the model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $(#[doc = concat!("`", $plural, ".", $group, "`")] $variant = $bit,)+ }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Kind as written in a manifest, for example `DestinationRule`.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => stringify!($variant),)+ } }
            /// API group; empty for the core group.
            #[must_use]
            pub const fn group(self) -> Group { match self { $(Self::$variant => $group,)+ } }
            /// Resource name in URLs and RBAC, for example `destinationrules`.
            #[must_use]
            pub const fn plural(self) -> &'static str { match self { $(Self::$variant => $plural,)+ } }
            /// True when objects of the kind live in a namespace.
            #[must_use]
            pub const fn namespaced(self) -> bool { match self { $(Self::$variant => $namespaced,)+ } }
            /// Kind of a manifest's `apiVersion` group and `kind`, if it is one that is read.
            #[must_use]
            pub fn parse(group: &str, kind: &str) -> Option<Self> {
                match (group, kind) { $(($group, stringify!($variant)) => Some(Self::$variant),)+ _ => None }
            }
        }

        bitflags::bitflags! {
            /// A set of kinds: what a rule needs, what a source was asked for.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
            pub struct KindSet: u64 {
                $(#[doc = concat!("Only ", stringify!($variant))] #[allow(non_upper_case_globals, reason = "one constant per kind, named as the kind")] const $variant = 1 << $bit;)+
            }
        }
    };
}

kinds! {
    Namespace = 0, "", "namespaces", false;
    Node = 1, "", "nodes", false;
    Service = 2, "", "services", true;
    Pod = 3, "", "pods", true;
    ConfigMap = 4, "", "configmaps", true;
    Secret = 5, "", "secrets", true;
    Deployment = 6, "apps", "deployments", true;
    EndpointSlice = 7, "discovery.k8s.io", "endpointslices", true;
    MutatingWebhookConfiguration = 8, "admissionregistration.k8s.io", "mutatingwebhookconfigurations", false;
    ValidatingWebhookConfiguration = 9, "admissionregistration.k8s.io", "validatingwebhookconfigurations", false;
    DestinationRule = 10, "networking.istio.io", "destinationrules", true;
    VirtualService = 11, "networking.istio.io", "virtualservices", true;
    ServiceEntry = 12, "networking.istio.io", "serviceentries", true;
    Gateway = 13, "networking.istio.io", "gateways", true;
    Sidecar = 14, "networking.istio.io", "sidecars", true;
    ControlPlaneRevision = 15, "mesh.cloud.google.com", "controlplanerevisions", true;
    WorkloadEntry = 16, "networking.istio.io", "workloadentries", true;
    PeerAuthentication = 17, "security.istio.io", "peerauthentications", true;
    AuthorizationPolicy = 18, "security.istio.io", "authorizationpolicies", true;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Kind {
    /// The resource with its group as RBAC and `kubectl` write it, for example `services` or
    /// `destinationrules.networking.istio.io`.
    #[must_use]
    pub fn resource(self) -> String {
        if self.group().is_empty() {
            self.plural().to_owned()
        } else {
            format!("{}.{}", self.plural(), self.group())
        }
    }
}

impl From<Kind> for KindSet {
    fn from(kind: Kind) -> Self {
        Self::from_bits_truncate(1 << (kind as u8))
    }
}

impl KindSet {
    /// True when `kind` is in the set.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.contains(kind.into())
    }

    /// The kinds of the set, in table order.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.has(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_group_and_name_and_by_nothing_else() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.group(), kind.as_str()), Some(kind));
            assert!(KindSet::from(kind).has(kind));
        }
        assert_eq!(Kind::parse("gateway.networking.k8s.io", "Gateway"), None);
        assert_eq!(KindSet::all().kinds().count(), Kind::ALL.len());
    }
}
