//! The command `trace`: one call, hop by hop.
//!
//! ```text
//! arguments --mesh-cli--> mesh, service, port, clients, call
//!   Question --mesh-traffic--> destinations --Way--> one way per cluster or gateway that gets calls
//!   steps: name, route, policy, endpoint, gateway, server name, handshake, policies, pods --> Hop
//!   answers of every rule set in question --> blocks for people, items for machines
//! ```
//!
//! Computes nothing about traffic itself. A hop behind a failure is computed as if the call had come so far.

mod blocks;
mod hop;
mod items;
mod known;
mod question;
mod steps;
mod target;
mod trace;
mod way;

use mesh_cli::{Command, Version};

pub use trace::Trace;

/// The commands of this plugin.
pub static COMMANDS: &[Command] = &[Command::of::<Trace>(), Command::of::<Version>()];
