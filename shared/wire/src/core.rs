//! Namespaces, nodes, services.

mod namespace;
mod node;
mod service;

pub(crate) use namespace::Namespace;
pub(crate) use node::Node;
pub(crate) use service::Service;
