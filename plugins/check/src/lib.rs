//! The commands over rules: `check` runs them, `rules` lists them, `explain` shows their pages.
//!
//! They resolve nothing and render nothing themselves: sources come from `mesh-cli`, output from `mesh-report`.

mod check;
mod explain;
mod rules;

use mesh_cli::{Command, Version};

pub use check::Check;
pub use explain::Explain;
pub use rules::Rules;

/// The commands of this plugin.
pub static COMMANDS: &[Command] =
    &[Command::of::<Check>(), Command::of::<Rules>(), Command::of::<Explain>(), Command::of::<Version>()];
