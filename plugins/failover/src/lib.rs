//! The command `failover`: where calls go when something is lost, before, at the loss, and settled.
//!
//! ```text
//! --lose, --degrade --losses--> Lost --\
//! services --------------------> ports -+--mesh-traffic: scenario--> Outcome, Mend --> verdict, blocks, items
//! ```
//!
//! Computes nothing about traffic itself: it resolves what is typed, and says what came out.

mod answer;
mod blocks;
mod facts;
mod failover;
mod items;
mod known;
mod losses;
mod verdict;

use mesh_cli::{Command, Version};

pub use failover::Failover;

/// The commands of this plugin.
pub static COMMANDS: &[Command] = &[Command::of::<Failover>(), Command::of::<Version>()];
