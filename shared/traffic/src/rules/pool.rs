//! Merged rules by host; the most specific host that covers a name is found by walking its suffixes
//! (`istio: pilot/pkg/model/push_context.go: MostSpecificHostMatch`).

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::row::DestinationRule;
use mesh_model::{HostPattern, Row};

use super::merge::{Exports, Merged, insert};

/// Rules of one namespace that are looked up together.
#[derive(Debug, Default)]
pub(super) struct Pool<'m> {
    exact: BTreeMap<&'m str, Vec<Arc<Merged<'m>>>>,
    /// By what stands behind the star: `.shop.example` for `*.shop.example`, nothing for `*`.
    wildcard: BTreeMap<&'m str, Vec<Arc<Merged<'m>>>>,
}

impl<'m> Pool<'m> {
    /// Merges a rule with those of its host. Rules must come in the order of [`super::in_order`].
    pub(super) fn insert(
        &mut self,
        row: &'m Row<DestinationRule>,
        exports: &Exports<'m>,
        by_export_to: bool,
    ) {
        let rules = match &row.fact.host {
            HostPattern::Exact(host) => self.exact.entry(host),
            // As written: `*-blue.shop` and `*.-blue.shop` are not alike.
            HostPattern::Wildcard(rest) => {
                self.wildcard.entry(row.fact.host_text.strip_prefix('*').unwrap_or(rest))
            }
        };
        insert(rules.or_default(), row, exports, by_export_to);
    }

    /// The rules of the most specific host that covers `host`, itself perhaps a wildcard.
    pub(super) fn of_host(&self, host: &str) -> &[Arc<Merged<'m>>] {
        let behind_star = host.strip_prefix('*');
        if let (None, Some(found)) = (behind_star, self.exact.get(host)) {
            return found;
        }
        if self.wildcard.is_empty() {
            return &[];
        }
        let name = behind_star.unwrap_or(host);
        let suffixes = name.char_indices().map(|(at, _)| &name[at..]).chain(std::iter::once(""));
        let mut found = suffixes.filter_map(|suffix| self.wildcard.get(suffix));
        found.next().map_or(&[], Vec::as_slice)
    }
}
