//! The crate as its users see it: inputs in, clusters and places out.

mod bad;
mod differential;
mod files;
mod forms;
mod places;
mod support;
