//! What every command of `kubectl mesh` shares: arguments, the session that resolves them, errors, help and exit
//! codes.
//!
//! A plugin implements [`Plugin`] and gives its [`Command`] to [`main_of`] or [`main_for`]; the rest is here. No
//! rule and no table: those belong to `mesh-rules` and `mesh-report`. Only this crate reads the environment and
//! the clock, and only it starts a runtime, when clusters are read.
//!
//! ```text
//! argv --clap--> args --Session--> sources --> Mesh --engine--> Report --render--> stdout, Exit
//! ```

mod app;
pub mod args;
mod argv0;
mod command;
mod environment;
pub mod exit;
mod failure;
mod help;
mod progress;
mod session;
mod text;
mod usage;
mod version;

pub use app::{main_for, main_of};
pub use command::{Command, Example, Group, Plugin};
pub use exit::Exit;
pub use failure::Failure;
pub use session::client::{self, Caller};
pub use session::rule_sets::{self, Agreed};
pub use session::{Loaded, Session, Wanted, service};
pub use version::{Version, VersionArgs};
