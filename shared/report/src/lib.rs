//! What is printed: one [`Report`] and every output format over it.
//!
//! Renderers take the report, a [`Style`] and a writer. They know no rule, no process: no handle of stdout, no
//! exit code beyond the one the report carries, no clock, no environment. All text that came from a cluster or a
//! file is escaped here, at the last moment.
//!
//! ```text
//! Outcome + gaps + clusters --> Report --render(Format)--> bytes
//! ```

mod format;
mod report;
mod style;
mod view;

pub use format::{Format, FormatError, render};
pub use report::{API_VERSION, ClusterGap, ClusterInfo, Place, Report, ReportKind, Summary, Tool};
pub use style::{Icons, Style};
pub use view::{Cell, Column, ColumnClass, View};
