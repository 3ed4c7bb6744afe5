//! `networking.istio.io`: v1, v1beta1 and v1alpha3 have one schema
//! (`istio: manifests/charts/base/files/crd-all.gen.yaml`), so one shape reads all three.

mod destination_rule;
mod gateway;
mod service_entry;
mod sidecar;
mod traffic_policy;
mod virtual_service;
mod workload_entry;

pub(crate) use destination_rule::DestinationRule;
pub(crate) use gateway::Gateway;
pub(crate) use service_entry::ServiceEntry;
pub(crate) use sidecar::Sidecar;
pub(crate) use traffic_policy::{LocalityLbSetting, TrafficPolicy, ZoneAware};
pub(crate) use virtual_service::VirtualService;
pub(crate) use workload_entry::WorkloadEntry;

/// Versions of every networking kind.
const VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];
