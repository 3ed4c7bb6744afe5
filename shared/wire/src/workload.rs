//! Pods, deployments, endpoint slices.

mod container;
mod deployment;
mod endpoint_slice;
mod pod;

pub(crate) use deployment::Deployment;
pub(crate) use endpoint_slice::EndpointSlice;
pub(crate) use pod::Pod;
