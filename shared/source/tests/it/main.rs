//! The crate as its users see it: inputs in, clusters and places out.

mod forms;
mod support;
