//! Newtypes for the names of the field, so that a network cannot be passed where a cluster is meant.
//!
//! All are cheap to clone (`Arc<str>`) and compare by text. [`Interner`] lets one loader share the bytes of
//! equal names; there is no global table and no lock.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl Default for $name { fn default() -> Self { Self(Arc::from("")) } }
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
            /// True for the empty name.
            #[must_use]
            pub fn is_empty(&self) -> bool { self.0.is_empty() }
        }
        impl From<&str> for $name { fn from(text: &str) -> Self { Self(Arc::from(text)) } }
        impl From<String> for $name { fn from(text: String) -> Self { Self(Arc::from(text)) } }
        impl From<Arc<str>> for $name { fn from(text: Arc<str>) -> Self { Self(text) } }
        impl std::ops::Deref for $name { type Target = str; fn deref(&self) -> &str { &self.0 } }
        impl std::borrow::Borrow<str> for $name { fn borrow(&self) -> &str { &self.0 } }
        impl PartialEq<str> for $name { fn eq(&self, other: &str) -> bool { &*self.0 == other } }
        impl PartialEq<&str> for $name { fn eq(&self, other: &&str) -> bool { &*self.0 == *other } }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", &*self.0) }
        }
    )+};
}

names! {
    /// Cluster ID as Istio uses it (`CLUSTER_ID`), or the context or directory name where none is known.
    ClusterName
    /// Kubernetes namespace.
    Namespace
    /// `metadata.name` of an object.
    Name
    /// Fully qualified host name of a service.
    Hostname
    /// Istio network (`topology.istio.io/network`). Empty means the network was not named.
    Network
    /// Region part of a locality.
    Region
    /// Zone part of a locality.
    Zone
}

/// Shares the bytes of equal strings within one loader.
#[derive(Debug, Default)]
pub struct Interner(HashSet<Arc<str>>);

impl Interner {
    /// The shared copy of `text`.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&fresh));
        fresh
    }
}
