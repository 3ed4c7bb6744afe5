//! MESH0xx: reading the mesh at all.

mod cluster_unreachable;

pub use cluster_unreachable::CLUSTER_UNREACHABLE;
