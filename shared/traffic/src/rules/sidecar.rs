//! Sidecars: which services a client sees (`istio: pilot/pkg/model/sidecar.go`).
//!
//! A Sidecar limits services, not rules: a DestinationRule is found by the service it is for, whatever namespace it
//! lives in. Left out: services that only the routes of a visible VirtualService lead to, and the ports of egress
//! listeners, which trim a service to one of them.

use std::collections::BTreeMap;

use mesh_model::row::SidecarFact;
use mesh_model::{Cluster, Row, path};

use crate::{Cause, Caused, Client, Config, Role};

/// The Sidecars that one istiod reads, by namespace.
#[derive(Debug)]
pub struct Sidecars<'m> {
    /// Those with a selector first, then by age.
    by_namespace: BTreeMap<&'m str, Vec<&'m Row<SidecarFact>>>,
    /// That of the root namespace, for namespaces that have none.
    root: Option<&'m Row<SidecarFact>>,
}

impl<'m> Sidecars<'m> {
    /// Indexes the Sidecars of a config cluster.
    #[must_use]
    pub fn new(cluster: &'m Cluster, config: &Config<'_, 'm>) -> Self {
        let mut by_namespace: BTreeMap<&str, Vec<&Row<SidecarFact>>> = BTreeMap::new();
        for row in cluster.sidecars.rows() {
            by_namespace.entry(&row.obj.namespace).or_default().push(row);
        }
        for rows in by_namespace.values_mut() {
            // Rows of a table are sorted by name already.
            rows.sort_by(|a, b| {
                let key = |row: &Row<SidecarFact>| row.fact.selector.is_empty();
                key(a).cmp(&key(b)).then_with(|| a.fact.created.cmp(&b.fact.created))
            });
        }
        let of_root = by_namespace.get(config.root_namespace);
        let root = of_root.and_then(|rows| rows.iter().find(|row| row.fact.selector.is_empty()));
        Self { root: root.copied(), by_namespace }
    }

    /// What `client` sees; gateways see everything.
    #[must_use]
    pub fn of(&self, client: &Client<'_>, cluster_id: &str) -> SidecarScope<'m> {
        if client.role == Role::Router {
            return SidecarScope { sidecar: None };
        }
        let own = self.by_namespace.get(client.namespace.as_str()).into_iter().flatten();
        let mut own = own.filter(|row| {
            row.fact.selector.iter().all(|(key, value)| client.label(key, cluster_id) == Some(value))
        });
        SidecarScope { sidecar: own.next().copied().or(self.root) }
    }
}

/// The services that a client sees.
#[derive(Clone, Copy, Debug)]
pub struct SidecarScope<'m> {
    /// The Sidecar that limits them; `None` if none does.
    pub sidecar: Option<&'m Row<SidecarFact>>,
}

impl SidecarScope<'_> {
    /// A client in namespace `from` sees the service `host` of `namespace`, if that is exported to it. The cause is
    /// the list of hosts, or the default without a Sidecar.
    #[must_use]
    pub fn sees(&self, from: &str, namespace: &str, host: &str) -> Caused<bool> {
        let Some(row) = self.sidecar.filter(|row| !row.fact.egress_hosts.is_empty()) else {
            return Caused { value: true, cause: Cause::Default("no Sidecar limits it") };
        };
        let mut seen = false;
        for entry in &row.fact.egress_hosts {
            // istiod passes over an entry without exactly one slash.
            let Some((space, pattern)) = entry.split_once('/').filter(|(_, name)| !name.contains('/')) else {
                continue;
            };
            let (excludes, space) = match space.strip_prefix('~') {
                Some("") => (true, "*"),
                Some(space) => (true, space),
                None => (false, space),
            };
            let space = if space == "." { from } else { space };
            if (space == "*" || space == namespace) && is_part_of(host, pattern) {
                if excludes {
                    return Caused { value: false, cause: cause(row) };
                }
                seen = true;
            }
        }
        Caused { value: seen, cause: cause(row) }
    }
}

fn cause(row: &Row<SidecarFact>) -> Cause {
    Cause::field(&row.obj, path!["spec", "egress"])
}

/// `host` is within `pattern`, both of which may begin with a star (`istio: pkg/config/host/name.go: SubsetOf`).
fn is_part_of(host: &str, pattern: &str) -> bool {
    match (host.strip_prefix('*'), pattern.strip_prefix('*')) {
        (Some(host), Some(pattern)) => host.ends_with(pattern),
        (None, Some(pattern)) => host.ends_with(pattern),
        (_, None) => host == pattern,
    }
}
