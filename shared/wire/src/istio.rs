//! `networking.istio.io`: v1, v1beta1 and v1alpha3 have one schema
//! (`istio: manifests/charts/base/files/crd-all.gen.yaml`), so one shape reads all three.

mod destination_rule;
mod gateway;
mod service_entry;
mod sidecar;
mod traffic_policy;
mod virtual_service;

pub(crate) use destination_rule::DestinationRule;
pub(crate) use gateway::Gateway;
pub(crate) use service_entry::ServiceEntry;
pub(crate) use sidecar::Sidecar;
pub(crate) use traffic_policy::LocalityLbSetting;
pub(crate) use virtual_service::VirtualService;

/// Versions of every networking kind.
const VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];
