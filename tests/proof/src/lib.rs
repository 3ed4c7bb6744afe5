//! Proof of mesh-traffic against real istiods: random meshes are applied to the lab, istiods of two versions are asked
//! what they send to a client, and that must be what mesh-traffic computes from the same objects.
//!
//! ```text
//! seed --generate--> objects and clients --apply--> API servers --> istiods --ads--> State
//!                            \--files--> Mesh --mesh-traffic--> Prediction  --compare--> differences
//! ```
//!
//! `cargo xtask lab prove --meshes 1000 --seed 1` runs it; a difference is looked at again by its seed.
#![expect(clippy::disallowed_methods, reason = "a tool for tests: files are its work")]

pub mod ads;
pub mod api;
pub mod apply;
pub mod compare;
pub mod generate;
mod installed;
pub mod run;
pub mod sentinel;
