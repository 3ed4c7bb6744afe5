//! All rules, a module per area. A rule is three places: `<rule>.rs`, `<rule>.md` beside it, and its line in
//! `registry.rs`.

pub mod control_plane;
pub mod discovery;
pub(crate) mod extent;
pub mod locality;
pub mod networks;
pub mod services;
pub mod tool;
pub mod trust;
