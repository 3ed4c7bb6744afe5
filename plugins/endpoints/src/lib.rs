//! The command `endpoints`: what one client sees of a service.
//!
//! ```text
//! arguments --mesh-cli--> mesh, service, port, clients
//!   Question --mesh-traffic--> Prediction --Answer::of--> rows, what is left out, why
//!   answers of every rule set in question --> blocks for people, items for machines
//! ```
//!
//! Computes nothing about traffic itself. Compares the prediction with what a proxy has, where that is asked for.

mod actual;
mod answer;
mod asked;
mod blocks;
mod endpoints;
mod items;
mod question;
mod remarks;
mod row;
mod table;
mod trouble;

use mesh_cli::{Command, Version};

pub use endpoints::Endpoints;

/// The commands of this plugin.
pub static COMMANDS: &[Command] = &[Command::of::<Endpoints>(), Command::of::<Version>()];
