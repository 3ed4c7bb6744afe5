//! The hops, one module per part of the way. Each asks `mesh-traffic` and puts the answer into words.

pub(crate) mod endpoint;
pub(crate) mod gateway;
pub(crate) mod name;
pub(crate) mod policy;
pub(crate) mod route;
pub(crate) mod server;
