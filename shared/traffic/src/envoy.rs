//! What Envoy makes of what istiod sends.
//!
//! Owns the integer arithmetic of priorities, panic, locality weights, host picks and ejection limits of Envoy's load
//! balancers. Knows no Istio: its input is hosts in groups with their state, its output are shares.
//!
//! ```text
//! Assignment --hosts--> HostSet --split--> Split: shares of priorities, localities and hosts
//!                          \----settle---> Ejection: the HostSet once outlier detection has done what it may
//! ```

mod ejection;
mod hosts;
mod locality;
mod panic;
mod pick;
mod priority;
#[cfg(test)]
mod sets;
mod split;

pub use ejection::{Ejection, least_percent, most_ejected, settle};
pub use hosts::{Duplicate, Host, HostAt, HostSet, HostState, LbConfig, Locality, Priority, hosts};
pub use pick::under_load;
pub use priority::{Counts, OVERPROVISIONING};
pub use split::{HostShare, LocalityShare, PriorityShare, Split, split};
