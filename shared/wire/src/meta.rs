//! `metadata` of every object; `managedFields` and `last-applied-configuration` are passed over.

use serde::Deserialize;

use crate::lenient::{Pairs, null};

/// `metav1.ObjectMeta`, as far as facts need it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// Name.
    #[serde(deserialize_with = "null")]
    pub name: String,
    /// Prefix of a name that the API server has yet to make; an admission review can hold such an object.
    pub(crate) generate_name: Option<String>,
    /// Namespace; empty for cluster-scoped objects and in files that leave it out.
    #[serde(deserialize_with = "null")]
    pub namespace: String,
    /// `uid`.
    #[serde(deserialize_with = "null")]
    pub uid: String,
    #[serde(deserialize_with = "null")]
    pub(crate) labels: Pairs,
    #[serde(deserialize_with = "null")]
    pub(crate) annotations: Pairs,
    pub(crate) deletion_timestamp: Option<String>,
    #[serde(deserialize_with = "null")]
    pub(crate) creation_timestamp: String,
}
