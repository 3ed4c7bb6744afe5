//! What the tests of several crates share. A dev-dependency only; never shipped.
//!
//! Each part is behind a feature, so that a test of rules compiles no server and a test of the loader no
//! Markdown parser: `pages` runs the cases of a rule's page, `server` is a fake API
//! server.

#[cfg(feature = "pages")]
pub mod pages;
#[cfg(feature = "server")]
pub mod server;
