//! A client of istiod's aggregated discovery service: it subscribes as a sidecar does, and keeps what it is sent.
//!
//! It speaks state of the world over the plaintext port: each answer of a type holds all clusters, and of endpoints
//! those that changed. Owns the stream and the newest state; what the messages mean stands in [`State`].

mod facts;
mod node;
mod stream;

pub use facts::{Assignment, Cluster, Endpoint, Group, State};
pub use node::NodeFact;
pub use stream::Stream;
