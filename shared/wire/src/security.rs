//! `security.istio.io`: v1 and v1beta1 have one schema.

mod authorization_policy;
mod peer_authentication;

pub(crate) use authorization_policy::AuthorizationPolicy;
pub(crate) use peer_authentication::PeerAuthentication;

use serde::Deserialize;

use crate::lenient::{Pairs, null};

/// Versions of every security kind.
const VERSIONS: &[&str] = &["v1", "v1beta1"];

/// `selector`: the workloads of a policy.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Selector {
    #[serde(deserialize_with = "null")]
    match_labels: Pairs,
}
