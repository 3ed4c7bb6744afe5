//! The command `locality`: where nodes stand, and which locality setting is in force for each service.
//!
//! ```text
//! nodes, pods ----> one row per cluster, region and zone
//! services --mesh-traffic--> settings and groups --> one row per service: setting, mode, order of failover
//! rules of the area --mesh-rules--> the STATUS of both
//! ```
//!
//! Computes nothing about traffic itself, and judges nothing.

mod blocks;
mod items;
mod locality;
mod nodes;
mod order;
mod services;
mod status;

use mesh_cli::{Command, Version};

pub use locality::Locality;

/// The commands of this plugin.
pub static COMMANDS: &[Command] = &[Command::of::<Locality>(), Command::of::<Version>()];
