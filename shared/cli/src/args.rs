//! The arguments as they are typed: one clap struct per group. Parsing resolves nothing; `session` does.
//!
//! A plugin flattens the groups it needs. Names and shorts are kubectl's where kubectl has the flag.

mod actual;
mod client;
mod cluster;
mod namespace;
mod notes;
mod output;
mod overlay;
mod rules;
mod scope;
mod service;
mod source;
mod table;
mod time;
mod verdict;

pub use actual::ActualArgs;
pub use client::ClientArgs;
pub use cluster::{ClusterArgs, Discover};
pub use namespace::NamespaceArgs;
pub use notes::NoteArgs;
pub(crate) use output::names_of;
pub use output::{ColorWhen, Icons, LookArgs, OutputArgs};
pub use overlay::OverlayArgs;
pub use rules::RuleArgs;
pub use scope::ScopeArgs;
pub use service::{PortWord, ServiceWord};
pub use source::SourceArgs;
pub use table::TableArgs;
pub use time::TimeArgs;
pub use verdict::{FailOn, VerdictArgs};
