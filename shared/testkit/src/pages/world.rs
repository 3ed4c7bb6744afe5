//! The mesh of a case, read as `check -f` reads a complete tree, with the settings of the case laid over it.

use mesh_model::{ClusterBuilder, Mesh, MeshBuilder, Origin, path};
use mesh_source::{Input, LoadOptions, Loaded, Places};

use super::Fence;
use super::settings::Settings;

/// A mesh, and where its rows were read.
pub(super) struct World {
    pub(super) mesh: Mesh,
    pub(super) places: Places,
}

impl World {
    /// Reads the fences.
    pub(super) fn of_fences(fences: &[Fence], settings: &Settings) -> Result<Self, String> {
        let inputs = fences.iter().map(|fence| Input::Text {
            cluster: fence.cluster.to_string(),
            name: fence.file.clone(),
            text: fence.text.clone(),
        });
        Self::read(&inputs.collect::<Vec<_>>(), settings)
    }

    /// Reads any input.
    pub(super) fn read(inputs: &[Input], settings: &Settings) -> Result<Self, String> {
        let options = LoadOptions { complete: true, istio_version: settings.istio };
        let Loaded { mut clusters, places, .. } =
            mesh_source::load(inputs, &options).map_err(|error| error.to_string())?;
        for (name, kind, gap) in &settings.gaps {
            if !clusters.iter().any(|cluster| cluster.name() == name) {
                clusters.push(ClusterBuilder::new(name.clone()));
            }
            for cluster in clusters.iter_mut().filter(|cluster| cluster.name() == name) {
                match kind {
                    Some(kind) => cluster.gaps_mut().lose(*kind, gap.clone()),
                    None => cluster.gaps_mut().lose_cluster(gap.clone()),
                }
            }
        }
        let mesh = clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with);
        let place =
            |origin: Origin| places.locate(&origin, &path![]).map_or_else(String::new, |at| at.to_string());
        let mesh = mesh.finish_with_places(&place);
        Ok(Self { mesh, places })
    }
}
