//! Sorted, shared tables of rows: deterministic order, binary search, copies that cost one counter.

use std::sync::Arc;

use crate::{Labels, ObjectRef, Origin};

/// One object's facts.
#[derive(Clone, Debug)]
pub struct Row<R> {
    /// The object.
    pub obj: ObjectRef,
    /// Where it was read.
    pub origin: Origin,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `metadata.annotations`, without `last-applied-configuration`.
    pub annotations: Labels,
    /// What the object says.
    pub fact: R,
}

/// Rows of one kind and cluster, sorted by (namespace, name). Of rows with equal names the first stays.
#[derive(Debug)]
pub struct Table<R>(Arc<Vec<Row<R>>>);

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self(Arc::new(Vec::new()))
    }
}

impl<R> Table<R> {
    /// Sorts `rows`; the sort is stable, so of two objects with one name the one read first is kept.
    #[must_use]
    pub fn new(mut rows: Vec<Row<R>>) -> Self {
        sort(&mut rows);
        Self::of_sorted(rows)
    }

    /// As [`new`](Self::new), of rows that [`sort`] has sorted.
    pub(crate) fn of_sorted(mut rows: Vec<Row<R>>) -> Self {
        rows.dedup_by(|later, first| key(later) == key(first));
        rows.shrink_to_fit();
        Self(Arc::new(rows))
    }

    /// The rows in order.
    #[must_use]
    pub fn rows(&self) -> &[Row<R>] {
        &self.0
    }

    /// The row of one object.
    #[must_use]
    pub fn find(&self, namespace: &str, name: &str) -> Option<&Row<R>> {
        self.position(namespace, name).ok().map(|at| &self.0[at])
    }

    /// The rows of one namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> &[Row<R>] {
        let start = self.0.partition_point(|row| row.obj.namespace.as_str() < namespace);
        let end = self.0.partition_point(|row| row.obj.namespace.as_str() <= namespace);
        &self.0[start..end]
    }

    fn position(&self, namespace: &str, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|row| key(row).cmp(&(namespace, name)))
    }
}

impl<R: Clone> Table<R> {
    /// A table with `row` put in place of the row of that name, or added.
    #[must_use]
    pub fn with(&self, row: Row<R>) -> Self {
        let mut rows = Vec::clone(&self.0);
        match self.position(&row.obj.namespace, &row.obj.name) {
            Ok(at) => rows[at] = row,
            Err(at) => rows.insert(at, row),
        }
        Self(Arc::new(rows))
    }

    /// A table with `rows` put in place of the rows of their names, or added. Where they were read is forgotten: it is
    /// no place of the source that this table came from.
    pub(crate) fn under(&self, mut rows: Vec<Row<R>>) -> Self {
        for row in &mut rows {
            row.origin = Origin::Live;
        }
        rows.extend_from_slice(&self.0);
        Self::new(rows)
    }

    /// A table without the row of that name.
    #[must_use]
    pub fn without(&self, namespace: &str, name: &str) -> Self {
        let mut rows = Vec::clone(&self.0);
        if let Ok(at) = self.position(namespace, name) {
            rows.remove(at);
        }
        Self(Arc::new(rows))
    }
}

/// Sorts by (namespace, name), stably.
///
/// By way of a permutation, since the standard sort is compiled anew, and large, for each type of row.
pub(crate) fn sort<R>(rows: &mut [Row<R>]) {
    if rows.is_sorted_by(|a, b| key(a) <= key(b)) {
        return;
    }
    let mut order = order(&rows.iter().map(key).collect::<Vec<_>>());
    for start in 0..rows.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == start {
                break;
            }
            rows.swap(at, from);
            at = from;
        }
    }
}

/// For each place of the sorted sequence the position its element has now.
fn order(keys: &[(&str, &str)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|at| keys[*at]);
    order
}

fn key<R>(row: &Row<R>) -> (&str, &str) {
    (&row.obj.namespace, &row.obj.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn row(namespace: &str, name: &str, fact: usize) -> Row<usize> {
        Row {
            obj: ObjectRef::new("west", Kind::Service, namespace, name),
            origin: Origin::Live,
            labels: Labels::default(),
            annotations: Labels::default(),
            fact,
        }
    }

    #[test]
    fn rows_are_sorted_and_of_equal_names_the_first_stays() {
        // Every order of seven rows with two pairs of equal names.
        let names = [("a", "x"), ("a", "y"), ("b", "a"), ("a", "x"), ("c", ""), ("b", "a"), ("", "z")];
        let mut indexes: Vec<usize> = (0..names.len()).collect();
        for step in 0..5040_usize {
            let rows: Vec<_> = indexes.iter().map(|at| row(names[*at].0, names[*at].1, *at)).collect();
            let mut expected = rows.clone();
            expected.sort_by(|a, b| key(a).cmp(&key(b)));
            expected.dedup_by(|later, first| key(later) == key(first));
            let expected: Vec<_> = expected.iter().map(|row| row.fact).collect();
            let table = Table::new(rows);
            assert_eq!(table.rows().iter().map(|row| row.fact).collect::<Vec<_>>(), expected);
            indexes.swap(step % 7, (step / 7) % 7);
        }
    }
}
