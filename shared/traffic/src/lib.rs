//! What istiod computes from the configuration. Pure: no clock, no randomness, no input or output.
//!
//! Owns the effective traffic policy of a port and subset. Knows no findings: each result carries the field
//! that caused it, and rules turn that into evidence.

mod policy;

pub use policy::{Block, Effective, Level, Scope, effective, levels, scopes};
