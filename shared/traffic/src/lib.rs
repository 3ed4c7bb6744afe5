//! What istiod computes from the configuration. Pure: no clock, no randomness, no input or output.
//!
//! Owns the effective traffic policy of a port and subset. Knows no findings: each result carries the field
//! that caused it, and rules turn that into evidence.

mod coverage;
mod policy;

pub use coverage::{Coverage, Few, SHOWN, coverage};
pub use policy::{Block, Effective, Indexed, Level, Policies, Scope, levels};
