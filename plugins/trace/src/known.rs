//! What was not read and a hop rests on.

use std::collections::BTreeSet;

use mesh_model::{Kind, Mesh};

/// A sentence on the first kind that is missing in one of the clusters; `None` when all were read.
pub(crate) fn lost(mesh: &Mesh, clusters: impl IntoIterator<Item = usize>, kinds: &[Kind]) -> Option<String> {
    let clusters: BTreeSet<usize> = clusters.into_iter().collect();
    clusters.into_iter().find_map(|at| {
        let cluster = &mesh.clusters()[at];
        let (kind, gap) = kinds.iter().find_map(|kind| Some((kind, cluster.gaps.of(*kind)?)))?;
        Some(format!("{} of cluster {} are not known ({gap})", kind.plural(), cluster.name))
    })
}
