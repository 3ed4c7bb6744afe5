//! The choice of DestinationRules: which one a client gets for a host
//! (`istio: pilot/pkg/model/push_context.go: setDestinationRules, destinationRule`).
//!
//! The rules of a namespace stand in pools: those that clients of the namespace itself find, those that it exports,
//! and those of the root namespace that only its own clients find. Rules of one host merge within a pool. The first
//! pool with a hit wins, and nothing is merged across pools or hosts.
//!
//! A rule that is being deleted counts until it is gone: istiod does not look at `deletionTimestamp`, and with a
//! finalizer the rule stays in force. Left out: rules that istiod makes itself of backend policies, the
//! label `istio.io/rev`, and `discoverySelectors`.

mod chosen;
mod merge;
mod pool;
mod sidecar;

use std::collections::BTreeMap;

use mesh_model::row::DestinationRule;
use mesh_model::{Cluster, Row};

pub use chosen::{Applied, Chosen};
use merge::Exports;
use pool::Pool;
pub use sidecar::{SidecarScope, Sidecars};

use crate::{Client, Config};

/// The DestinationRules that one istiod reads, indexed by namespace and host.
#[derive(Debug)]
pub struct Rules<'m> {
    root: &'m str,
    /// For clients of the namespace.
    own: BTreeMap<&'m str, Pool<'m>>,
    /// For clients of all namespaces that a rule is exported to.
    exported: BTreeMap<&'m str, Pool<'m>>,
    /// Private rules of the root namespace.
    root_private: Pool<'m>,
}

impl<'m> Rules<'m> {
    /// Indexes the rules of a config cluster; linear in the rules, but for many rules of one host and namespace.
    #[must_use]
    pub fn new(cluster: &'m Cluster, config: &Config<'_, 'm>) -> Self {
        let mut rules = Self {
            root: config.root_namespace,
            own: BTreeMap::new(),
            exported: BTreeMap::new(),
            root_private: Pool::default(),
        };
        let private_by_default =
            config.mesh.destination_rule_export_to.iter().any(|namespace| &**namespace == ".");
        let by_export_to = config.merges_by_export_to();
        for row in in_order(cluster) {
            rules.insert(row, private_by_default, by_export_to);
        }
        rules
    }

    fn insert(&mut self, row: &'m Row<DestinationRule>, private_by_default: bool, by_export_to: bool) {
        let namespace = row.obj.namespace.as_str();
        let exports = Exports::of(row);
        if exports.reach_own(namespace) {
            self.own.entry(namespace).or_default().insert(row, &exports, by_export_to);
        }
        let private =
            if exports.is_empty() { private_by_default } else { exports.reach_nobody_else(namespace) };
        if !private {
            self.exported.entry(namespace).or_default().insert(row, &exports, by_export_to);
        } else if namespace == self.root {
            self.root_private.insert(row, &exports, by_export_to);
        }
    }

    /// The rule that `client` gets for `host` of a service in `namespace`. `cluster_id` is that of the client.
    ///
    /// What a Sidecar hides is the service, not the rule: ask [`SidecarScope::sees`] before.
    #[must_use]
    pub fn find(
        &self,
        client: &Client<'_>,
        cluster_id: &str,
        namespace: &str,
        host: &str,
    ) -> Option<Chosen<'m>> {
        let from = client.namespace.as_str();
        let near = if from == self.root { Some(&self.root_private) } else { self.own.get(from) };
        let merged = near.map(|pool| pool.of_host(host)).unwrap_or_default();
        if !merged.is_empty() {
            return chosen::of_client(merged.iter(), client, cluster_id);
        }
        for owner in [namespace, self.root] {
            let merged = self.exported.get(owner).map(|pool| pool.of_host(host)).unwrap_or_default();
            let mut visible = merged.iter().filter(|merged| merged.exports.reach(from)).peekable();
            if visible.peek().is_some() {
                return chosen::of_client(visible, client, cluster_id);
            }
        }
        None
    }
}

/// Rules with a selector first, then by age (`istio: pilot/pkg/model/push_context.go:
/// sortConfigBySelectorAndCreationTime`).
fn in_order(cluster: &Cluster) -> Vec<&Row<DestinationRule>> {
    let mut rows: Vec<_> = cluster.destination_rules.rows().iter().collect();
    rows.sort_by(|a, b| {
        let key = |row: &&Row<DestinationRule>| row.fact.workload_selector.is_empty();
        key(a)
            .cmp(&key(b))
            .then_with(|| a.fact.created.cmp(&b.fact.created))
            .then_with(|| a.obj.name.cmp(&b.obj.name))
            .then_with(|| a.obj.namespace.cmp(&b.obj.namespace))
    });
    rows
}

#[cfg(test)]
mod tests;
