//! Kubernetes label selectors (`metav1.LabelSelector`).

use std::sync::Arc;

use crate::Labels;

/// Operator of one `matchExpressions` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The label has one of the values.
    In(Arc<str>, Vec<Arc<str>>),
    /// The label is absent or has none of the values.
    NotIn(Arc<str>, Vec<Arc<str>>),
    /// The label is there.
    Exists(Arc<str>),
    /// The label is not there.
    DoesNotExist(Arc<str>),
    /// An operator that is not known: matches nothing.
    Other(Arc<str>),
}

/// All requirements must hold; without any the selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(pub Vec<Requirement>);

impl LabelSelector {
    /// True when `labels` fulfil every requirement.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let among = |key: &str, values: &[Arc<str>]| {
            labels.get(key).is_some_and(|value| values.iter().any(|wanted| **wanted == *value))
        };
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => among(key, values),
            Requirement::NotIn(key, values) => !among(key, values),
            Requirement::Exists(key) => labels.get(key).is_some(),
            Requirement::DoesNotExist(key) => labels.get(key).is_none(),
            Requirement::Other(_) => false,
        })
    }
}
