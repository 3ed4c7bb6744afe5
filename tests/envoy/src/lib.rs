//! Proof of `mesh_traffic::envoy` against a running Envoy: the same assignment and settings go to our arithmetic and
//! to Envoy, real backends say who was asked, and the shares must agree.
//!
//! ```text
//! Scenario --mesh_traffic::envoy--> predicted shares --\
//!     \----config--> Envoy + backends --measure--> counts --> verdict --> report
//! ```
//!
//! Owns the scenarios, the measuring and the table of results. Needs Envoy from the lab's cache and the loopback
//! device, but no cluster.
#![expect(clippy::disallowed_methods, reason = "a tool for tests: files are its work")]

pub mod backend;
pub mod client;
pub mod compare;
pub mod config;
pub mod examples;
pub mod generate;
pub mod measure;
pub mod proxy;
pub mod report;
pub mod scenario;
pub mod verdict;
