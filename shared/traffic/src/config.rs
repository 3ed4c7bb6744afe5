//! What an istiod is told beside the resources it reads: the mesh config, its flags, its version.

use mesh_model::row::MeshConfig;
use mesh_model::{ObjectRef, path};

use crate::{Cause, Features, Gate, RuleSet, View};

/// The configuration of one istiod, as far as rules and settings hang on it.
#[derive(Clone, Copy, Debug)]
pub struct Config<'t, 'm> {
    /// The rules by which it computes.
    pub rules: RuleSet,
    /// Its flags.
    pub features: &'t Features,
    /// The mesh config in force.
    pub mesh: &'m MeshConfig,
    /// The ConfigMap it stands in; `None` for the defaults.
    pub object: Option<&'m ObjectRef>,
    /// The namespace whose rules and Sidecars count for the whole mesh.
    pub root_namespace: &'m str,
}

impl<'t, 'm> Config<'t, 'm> {
    /// The configuration of the istiod of a view.
    #[must_use]
    pub fn of(view: &'t View<'_, 'm>) -> Self {
        let (mesh, object) = view.mesh_config();
        Self {
            rules: view.rules(),
            features: view.features(),
            mesh,
            object,
            root_namespace: view.root_namespace(),
        }
    }

    /// A field of the mesh config as a cause: the path goes on into the text of the ConfigMap's `mesh` key.
    #[must_use]
    pub fn mesh_field(&self, field: &'static str) -> Cause {
        match self.object {
            Some(object) => Cause::field(object, path!["data", "mesh", field]),
            None => Cause::Default("default of the mesh config"),
        }
    }

    /// Rules of one host merge only where their `exportTo` are equal.
    pub(crate) fn merges_by_export_to(&self) -> bool {
        self.rules.has(Gate::MergeByExportTo) && self.features.merge_by_export_to
    }
}
