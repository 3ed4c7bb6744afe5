//! What Envoy makes of what istiod sends.
//!
//! Owns the integer arithmetic of priorities, panic, locality weights, host picks and ejection limits of Envoy's load
//! balancers. Knows no Istio: its input is hosts in groups with their state, its output are shares.

mod hosts;

pub use hosts::{Host, HostSet, HostState, LbConfig, Locality, Priority};
