//! What is printed: one [`Report`] and every output format over it.
//!
//! Renderers take the report, a [`Style`] and a writer. They know no rule, no process: no handle of stdout, no
//! exit code beyond the one the report carries, no clock, no environment. All text that came from a cluster or a
//! file is escaped here, at the last moment.
//!
//! ```text
//! Outcome + gaps + clusters --> Report --render(Format)--> bytes
//! ```

mod body;
mod cause;
mod document;
mod escape;
mod format;
mod github;
mod human;
mod json;
mod junit;
mod markdown;
mod remedy;
mod report;
mod sarif;
mod screen;
mod shell;
mod short;
mod style;
mod table;
mod view;
mod yaml;

pub use body::{Block, Body, Remark};
pub use cause::CauseItem;
pub use document::docs_url;
pub use format::{Format, render};
pub use json::to_value;
pub use report::{API_VERSION, ClusterGap, ClusterInfo, Place, Report, ReportKind, Summary, Tool};
pub use style::{Icons, Show, Style};
pub use view::{Cell, Column, ColumnClass, View};
