//! Why a number is what it is.

use std::fmt;

use mesh_model::{FieldPath, ObjectRef};

/// The field that decided, or the default that holds where no field does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A field of an object.
    Field {
        /// The object.
        object: ObjectRef,
        /// Where in it; the path of the parent's missing field where its absence decides.
        path: FieldPath,
    },
    /// Nobody set it; who decided instead, for example `default of the mesh config`.
    Default(&'static str),
}

impl Cause {
    /// A field of an object.
    #[must_use]
    pub fn field(object: &ObjectRef, path: FieldPath) -> Self {
        Self::Field { object: object.clone(), path }
    }

    /// The object that decided, if one did.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Field { object, .. } => Some(object),
            Self::Default(_) => None,
        }
    }

    /// A field within the one that decided; a default has none.
    #[must_use]
    pub fn then(self, step: &'static str) -> Self {
        match self {
            Self::Field { object, path } => Self::Field { object, path: path.then(step) },
            Self::Default(_) => self,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default(who) => f.write_str(who),
            Self::Field { object, path } if path.is_root() => {
                write!(f, "{} {}", object.kind, object.qualified_name())
            }
            Self::Field { object, path } => write!(f, "{} {} {path}", object.kind, object.qualified_name()),
        }
    }
}

/// A value with what decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused<T> {
    /// The value.
    pub value: T,
    /// What decided.
    pub cause: Cause,
}
