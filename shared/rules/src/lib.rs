//! The rules: what can be wrong with a mesh, how it is seen, and what mends it.
//!
//! A rule is one static ([`Rule`]), one function and one Markdown page beside it. The engine walks subjects and
//! calls; the result is an [`Outcome`] of findings and of one [`Verdict`] per rule and cluster, so that "could
//! not look" is never "passed". No input, output, clock or API shape here.
//!
//! ```text
//! Mesh --engine::run--> rule.check(view, subject) --Sink--> Outcome { findings, verdicts }
//! ```

pub mod admiral;
pub mod admission;
pub mod engine;
mod facts;
mod finding;
mod focus;
mod line;
mod outcome;
mod registry;
mod remedy;
mod rule;
pub mod rules;
mod select;
mod shell;
mod sink;
mod view;

pub use finding::{Evidence, Finding, FindingStatus, Fingerprint, Subject};
pub use focus::Focus;
pub use line::Line;
pub use outcome::{Outcome, Verdict, VerdictKind};
pub use registry::{ALL, find, rule};
pub use remedy::{Patch, Remedy};
pub use rule::{Area, Asks, Check, Code, Rule, RuleStatus, Severity, Tags};
pub use select::{SelectError, Selection};
pub use sink::Sink;
pub use view::{ClusterView, FRAME, MeshView};
