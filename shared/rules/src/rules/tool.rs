//! MESH0xx: reading the mesh at all.

mod cluster_given_twice;
mod cluster_unreachable;
mod kind_unreadable;
mod mesh_not_found;
mod object_given_twice;
mod unreadable_input;

pub use cluster_given_twice::CLUSTER_GIVEN_TWICE;
pub use cluster_unreachable::CLUSTER_UNREACHABLE;
pub use kind_unreadable::KIND_UNREADABLE;
pub use mesh_not_found::MESH_NOT_FOUND;
pub use object_given_twice::OBJECT_GIVEN_TWICE;
pub use unreadable_input::UNREADABLE_INPUT;
