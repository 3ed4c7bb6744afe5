//! The lab: real API servers, istiods and helpers for one to nine clusters on one machine, without containers
//! and without root.
//!
//! Owns building the programs ([`build`]), bringing a lab up and taking it down ([`up`]), and what tests do with
//! a running one ([`Lab`]). `README.md` beside this crate says what is real in it and what is played.
//!
//! ```no_run
//! let lab = mesh_lab::Lab::connect();
//! let _mesh = lab.apply_mesh("two-networks")?;
//! let rules = lab.kubectl_output("west", ["get", "destinationrules", "-A", "-o", "name"])?;
//! assert_eq!(rules.trim(), "destinationrule.networking.istio.io/echo");
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! It must not know the rules or the plugins: it gives them a mesh to look at.
#![expect(clippy::disallowed_methods, reason = "a tool for tests: files and environment are its work")]

use std::path::Path;

pub mod build;
pub mod cache;
mod certs;
mod eventually;
pub mod forward;
mod go;
mod istio;
mod kubectl;
mod kwok;
mod lab;
pub mod mesh;
mod namespace;
mod pods;
pub mod programs;
pub mod proxy;
pub mod run;
mod second;
mod servers;
pub mod state;
mod tree;
pub mod up;
mod wheel;

pub use eventually::eventually;
pub use lab::Lab;
pub use second::SecondIstiod;

/// `tests/lab` of this checkout: the Go modules' pins and the fixture meshes.
#[must_use]
pub fn source_directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
