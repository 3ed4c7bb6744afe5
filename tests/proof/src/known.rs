//! Faults of istiod that the proof has found and that mesh-traffic does not copy, each with its reason.

use crate::compare::Difference;

/// A fault.
#[derive(Debug)]
pub struct Known {
    /// What it is called in the counts.
    pub name: &'static str,
    /// Where in istiod it lies, and how to see it again.
    pub reason: &'static str,
    /// Whether it explains a difference.
    pub explains: fn(&Difference) -> bool,
}

/// All of them.
pub const KNOWN: &[Known] = &[];

/// The fault that explains a difference.
#[must_use]
pub fn explanation(difference: &Difference) -> Option<&'static Known> {
    KNOWN.iter().find(|known| (known.explains)(difference))
}
