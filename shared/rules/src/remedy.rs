//! What mends a finding: a patch, a manifest, or a command that can be pasted.

use mesh_model::{ClusterName, ObjectRef};
use serde_json::Value;

use crate::Line;

/// A remedy. `safe` means that it can be applied without looking: it changes nothing but what the finding is
/// about and needs no value only the user knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// Change of one object.
    Patch {
        /// The object.
        target: ObjectRef,
        /// The patch.
        patch: Patch,
        /// Can be applied without looking.
        safe: bool,
    },
    /// Objects to create or replace.
    Manifest {
        /// Cluster they belong to.
        cluster: ClusterName,
        /// Whole objects.
        objects: Vec<Value>,
        /// Can be applied without looking.
        safe: bool,
    },
    /// A command line.
    Command {
        /// Cluster that each `kubectl` of the line means; the renderer adds its context.
        cluster: ClusterName,
        /// The command, for example `kubectl label node w1 a=b`. Other programs than kubectl take their contexts
        /// by [`Line::then_context`].
        line: Line,
        /// Can be run without looking.
        safe: bool,
    },
}

/// A patch of one object, in one of the two forms that every API server takes for custom resources too.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// JSON merge patch (RFC 7386).
    Merge(Value),
    /// JSON patch (RFC 6902), where an element of an array is changed.
    Json(Value),
}

impl Remedy {
    /// `patch`, `manifest` or `command`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Patch { .. } => "patch",
            Self::Manifest { .. } => "manifest",
            Self::Command { .. } => "command",
        }
    }

    /// Can be applied without looking.
    #[must_use]
    pub const fn is_safe(&self) -> bool {
        match self {
            Self::Patch { safe, .. } | Self::Manifest { safe, .. } | Self::Command { safe, .. } => *safe,
        }
    }
}
