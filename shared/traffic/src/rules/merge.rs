//! Rules of one host and namespace, merged (`istio: pilot/pkg/model/destination_rule.go: mergeDestinationRule`).
//!
//! Subsets are put together, of two with one name the first stays; the policy at the top is that of the oldest rule
//! that has one. Nothing is merged field by field. Rows are only referred to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mesh_model::row::DestinationRule;
use mesh_model::{Labels, Row};

use crate::Indexed;

/// Namespaces that a rule is exported to: names, `.` or `*`; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exports<'m>(BTreeSet<&'m str>);

impl<'m> Exports<'m> {
    /// A rule for selected workloads is private, whatever it says.
    pub(super) fn of(row: &'m Row<DestinationRule>) -> Self {
        if row.fact.workload_selector.is_empty() {
            Self(row.fact.export_to.iter().map(|namespace| &**namespace).collect())
        } else {
            Self(BTreeSet::from(["."]))
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn names(&self, namespace: &str) -> bool {
        self.0.contains(namespace)
    }

    /// Clients of its own namespace find it.
    pub(super) fn reach_own(&self, namespace: &str) -> bool {
        self.is_empty() || self.names("*") || self.names(".") || self.names(namespace)
    }

    /// It names its own namespace and no other.
    pub(super) fn reach_nobody_else(&self, namespace: &str) -> bool {
        self.0.len() == 1 && (self.names(".") || self.names(namespace))
    }

    /// Clients of another namespace find it.
    pub(super) fn reach(&self, namespace: &str) -> bool {
        self.is_empty() || self.names("*") || self.names(namespace)
    }
}

/// One or more rules that count as one.
#[derive(Debug)]
pub(super) struct Merged<'m> {
    pub(super) exports: Exports<'m>,
    /// The rules, the first of which gives selector and name.
    pub(super) rows: Vec<&'m Row<DestinationRule>>,
    /// The policy at the top, and the rule it stands in.
    pub(super) policy: Option<(&'m Row<DestinationRule>, Indexed<'m>)>,
    /// Of each name the subset that counts.
    pub(super) subsets: BTreeMap<&'m str, SubsetOf<'m>>,
}

/// A subset and where it stands.
#[derive(Debug)]
pub(super) struct SubsetOf<'m> {
    pub(super) row: &'m Row<DestinationRule>,
    pub(super) position: usize,
    pub(super) policy: Option<Indexed<'m>>,
}

impl<'m> Merged<'m> {
    pub(super) fn new(row: &'m Row<DestinationRule>, exports: Exports<'m>) -> Self {
        let mut merged = Self { exports, rows: Vec::new(), policy: None, subsets: BTreeMap::new() };
        merged.take(row);
        merged
    }

    /// Puts a younger rule under this one.
    fn take(&mut self, row: &'m Row<DestinationRule>) {
        self.rows.push(row);
        if self.policy.is_none() {
            self.policy = row.fact.policy.as_ref().map(|policy| (row, Indexed::new(policy)));
        }
        for (position, subset) in row.fact.subsets.iter().enumerate() {
            self.subsets.entry(&subset.name).or_insert_with(|| SubsetOf {
                row,
                position,
                policy: subset.policy.as_ref().map(Indexed::new),
            });
        }
    }

    pub(super) fn selector(&self) -> &'m Labels {
        &self.rows[0].fact.workload_selector
    }
}

/// Merges `row` into the rules of its host, or puts it behind them.
///
/// The last rule it is compared with decides whether it is kept by itself, as in istiod; so a rule may be merged into
/// one and stand alone too, and a rule for all workloads with `exportTo: ["."]` is only merged into one for selected
/// workloads.
pub(super) fn insert<'m>(
    rules: &mut Vec<Arc<Merged<'m>>>,
    row: &'m Row<DestinationRule>,
    exports: &Exports<'m>,
    by_export_to: bool,
) {
    let selector = &row.fact.workload_selector;
    let mut stands_alone = true;
    for existing in rules.iter_mut() {
        if by_export_to {
            stands_alone = existing.exports != *exports;
            let widens = !existing.exports.is_empty() && exports.0.is_superset(&existing.exports.0);
            if stands_alone && !widens {
                continue;
            }
        }
        let both_select = !selector.is_empty() && !existing.selector().is_empty();
        let neither_selects = selector.is_empty() && existing.selector().is_empty();
        let alike = both_select && existing.selector() == selector;
        if both_select && !alike {
            stands_alone = true;
            continue;
        }
        if neither_selects || alike {
            stands_alone = false;
        }
        Arc::get_mut(existing).expect("rules are handed out when all are merged").take(row);
    }
    if stands_alone {
        rules.push(Arc::new(Merged::new(row, exports.clone())));
    }
}
