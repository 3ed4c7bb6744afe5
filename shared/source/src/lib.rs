//! Files and standard input become the clusters of a mesh; field paths become lines and columns.
//!
//! ```text
//! Input --files--> File --split, unit--> documents and items --decode--> wire shapes --lower--> ClusterBuilder
//! Origin, FieldPath --places--> the same cut again --locate--> Place
//! ```
//!
//! Owns the reading of files. What cannot be read is a note of its cluster, with place and cause, and the rest
//! goes on; only a path that does not exist stops everything. Never panics, never hangs, whatever the bytes.
//! Must not judge what it reads, must not print, must not touch a network.

mod decode;
mod event;
mod fast;
mod files;
mod head;
mod input;
mod list;
mod load;
mod locate;
mod places;
mod plain;
mod read;
mod split;
mod unit;

use mesh_model::{ClusterBuilder, IstioVersion};

pub use input::{DEFAULT_CLUSTER, Input, SourceError};
pub use places::{Place, Places};

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The input holds everything: a kind without a document is absent, not unknown.
    pub complete: bool,
    /// Taken instead of the version in istiod's image tag, for every cluster.
    pub istio_version: Option<IstioVersion>,
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// Clusters, sorted by name.
    pub clusters: Vec<ClusterBuilder>,
    /// Resolves the origins of their rows.
    pub places: Places,
    /// Documents and items of kinds that are not read.
    pub unknown_documents: usize,
    /// Objects of kinds that are read, broken ones included.
    pub objects: usize,
}

/// Reads all inputs.
///
/// # Errors
/// If a path does not exist or holds nothing to read. What is wrong inside of files is noted per cluster.
pub fn load(inputs: &[Input], options: &LoadOptions) -> Result<Loaded, SourceError> {
    load_with_stdin(inputs, options, &mut std::io::stdin().lock())
}

/// As [`load`], with another reader in the place of standard input.
///
/// # Errors
/// As [`load`].
pub fn load_with_stdin(
    inputs: &[Input],
    options: &LoadOptions,
    stdin: &mut dyn std::io::Read,
) -> Result<Loaded, SourceError> {
    load::load(inputs, options, stdin)
}
