//! Paths of fields inside an object, printed as Kubernetes prints them:
//! `spec.trafficPolicy.portLevelSettings[0]`, `metadata.labels[topology.kubernetes.io/zone]`.

use std::borrow::Cow;
use std::fmt;

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Member of an object.
    Key(Cow<'static, str>),
    /// Element of an array, from 0.
    Index(usize),
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Self::Key(Cow::Borrowed(key))
    }
}
impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(Cow::Owned(key))
    }
}
impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Path of a field. It resolves in the object it belongs to, or its parent does: a field that is missing is
/// named where it belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// The object itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// This path, one step deeper.
    #[must_use]
    pub fn then(mut self, step: impl Into<Step>) -> Self {
        self.0.push(step.into());
        self
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path as a JSON pointer (RFC 6901), for JSON patches.
    #[must_use]
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            pointer.push('/');
            match step {
                Step::Index(index) => pointer.push_str(&index.to_string()),
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            }
        }
        pointer
    }

    /// True for the object itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Step> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.contains(['.', '/', '[', ']', ' ']) => write!(f, "[{key}]")?,
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// Builds a [`FieldPath`] from its steps: `path!["spec", "ports", 0, "name"]`.
#[macro_export]
macro_rules! path {
    ($($step:expr),* $(,)?) => {
        [$($crate::Step::from($step)),*].into_iter().collect::<$crate::FieldPath>()
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_prints_as_kubernetes_prints_it() {
        assert_eq!(path!["spec", "ports", 0, "name"].to_string(), "spec.ports[0].name");
        assert_eq!(path!["metadata", "labels", "a.b/c"].to_string(), "metadata.labels[a.b/c]");
        assert_eq!(path![].to_string(), "");
        assert_eq!(path!["metadata", "labels", "a.b/c", 0].to_pointer(), "/metadata/labels/a.b~1c/0");
    }
}
