//! The admission webhook: judges objects of the mesh before an API server stores them.
//!
//! Owns the admission contract ([`review`], [`reply`]), the verdict over one object ([`verdict`]), HTTP limits
//! ([`router`]), and the server around them ([`server`]: TLS, timers, shutdown). The rules and what their
//! findings lead to are `mesh-rules`'; this crate must not know what makes a DestinationRule bad.
//!
//! ```text
//! bytes --review--> Request --verdict--> Verdict --reply--> bytes       router: limits, panics, metrics
//!                     object --wire--> row, laid over the mesh --rules--> findings --admission--> decision
//! ```

pub mod admin;
pub mod args;
mod body;
mod connection;
mod marks;
pub mod metrics;
mod record;
pub mod reply;
pub mod review;
pub mod router;
pub mod server;
mod text;
pub mod tls;
pub mod verdict;
