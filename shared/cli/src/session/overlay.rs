//! Objects of `--with`, laid over what was read.

use mesh_model::{ClusterBuilder, Mesh, Note};
use mesh_source::{DEFAULT_CLUSTER, Input, LoadOptions};

use super::Loaded;
use crate::Failure;
use crate::args::{OverlayArgs, SourceArgs};

impl Loaded {
    /// Lays the objects that `overlay` names over the mesh.
    ///
    /// # Errors
    /// If one cannot be read, or names a cluster that is not there. A run that asks "what if" is no place to go on
    /// without the object it asks about.
    pub fn lay_over(&mut self, overlay: &OverlayArgs, source: &SourceArgs) -> Result<(), Failure> {
        let options = LoadOptions { istio_version: source.istio_version, ..LoadOptions::default() };
        for typed in &overlay.with {
            self.read.mesh = laid_over(&self.read.mesh, typed, &options)?;
        }
        Ok(())
    }
}

fn laid_over(mesh: &Mesh, typed: &str, options: &LoadOptions) -> Result<Mesh, Failure> {
    let fail = |why: String| Failure::With { typed: typed.to_owned(), why };
    let input = Input::from(typed);
    let Input::Path { cluster, path } = &input else {
        return Err(fail("standard input is for -f; name a file".to_owned()));
    };
    let mut builders = read(input.clone(), options, &fail)?;
    let is_known = |name: &str| mesh.cluster(name).is_some();
    let is_for_all = cluster.is_none()
        && !is_known(DEFAULT_CLUSTER)
        && builders.iter().all(|builder| builder.name().as_str() == DEFAULT_CLUSTER);
    if is_for_all {
        // Each cluster gets objects of its own.
        builders.clear();
        for known in mesh.clusters() {
            let of_cluster = Input::Path { cluster: Some(known.name.to_string()), path: path.clone() };
            builders.extend(read(of_cluster, options, &fail)?);
        }
    }
    if let Some(unknown) = builders.iter().find(|builder| !is_known(builder.name())) {
        let names: Vec<&str> = mesh.clusters().iter().map(|cluster| cluster.name.as_str()).collect();
        return Err(fail(format!("no cluster \"{}\"; clusters are: {}", unknown.name(), names.join(", "))));
    }
    Ok(builders.into_iter().fold(mesh.clone(), |mesh, builder| mesh.with_objects(builder)))
}

fn read(
    input: Input,
    options: &LoadOptions,
    fail: &dyn Fn(String) -> Failure,
) -> Result<Vec<ClusterBuilder>, Failure> {
    let loaded = mesh_source::load(&[input], options)?;
    if loaded.objects == 0 {
        return Err(fail("it holds no object of a kind that is read".to_owned()));
    }
    let unreadable = |note: &Note| match note {
        Note::Unreadable { file, position, message, .. } => {
            let at = position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            Some(format!("{file}{at}: {message}"))
        }
        Note::GivenTwice { .. } => None,
    };
    match loaded.clusters.iter().flat_map(ClusterBuilder::notes).find_map(unreadable) {
        Some(why) => Err(fail(why)),
        None => Ok(loaded.clusters),
    }
}
