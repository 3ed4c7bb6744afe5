//! Sidecars: which services a client sees (`istio: pilot/pkg/model/sidecar.go`).
//!
//! A Sidecar limits services, not rules: a DestinationRule is found by the service it is for, whatever namespace it
//! lives in. A service is seen by a host of `egress`, or since a VirtualService that is seen leads to it. Left out:
//! ports of egress listeners, which trim a service to one of them, listeners by themselves (their hosts are seen
//! together), `sourceNamespace` of routes, and delegates.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::row::{SidecarFact, VirtualService};
use mesh_model::{Cluster, HostPattern, Row, path};

use crate::{Cause, Caused, Client, Config, Gate, Role};

/// The Sidecars that one istiod reads, by namespace.
#[derive(Debug)]
pub struct Sidecars<'m> {
    /// Those with a selector first, then by age.
    by_namespace: BTreeMap<&'m str, Vec<&'m Row<SidecarFact>>>,
    /// That of the root namespace, for namespaces that have none.
    root: Option<&'m Row<SidecarFact>>,
    /// VirtualServices of the mesh by the hosts they lead to.
    routes: BTreeMap<&'m str, Vec<&'m Row<VirtualService>>>,
    /// `defaultVirtualServiceExportTo`.
    route_exports: &'m [Arc<str>],
    /// Hosts that begin with `~` exclude.
    has_exclusions: bool,
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
        Self {
            root: root.copied(),
            by_namespace,
            routes: routes(cluster),
            route_exports: &config.mesh.virtual_service_export_to,
            has_exclusions: config.rules.has(Gate::SidecarExclusion),
        }
    }

    /// What `client` sees; gateways see everything.
    #[must_use]
    pub fn of(&self, client: &Client<'_>, cluster_id: &str) -> SidecarScope<'_, 'm> {
        if client.role == Role::Router {
            return SidecarScope { sidecars: self, sidecar: None };
        }
        let own = self.by_namespace.get(client.namespace.as_str()).into_iter().flatten();
        let mut own = own.filter(|row| {
            row.fact.selector.iter().all(|(key, value)| client.label(key, cluster_id) == Some(value))
        });
        SidecarScope { sidecars: self, sidecar: own.next().copied().or(self.root) }
    }

    /// One of the hosts of a VirtualService is let through; of it and a pattern either may be the wider one.
    fn let_routes_through(
        &self,
        sidecar: &Row<SidecarFact>,
        from: &str,
        routes: &Row<VirtualService>,
    ) -> bool {
        routes.fact.hosts.iter().any(|host| {
            let (takes, drops) =
                (|pattern: &str| overlaps(host, pattern), |pattern: &str| is_within(host, pattern));
            self.let_through(sidecar, from, &routes.obj.namespace, takes, drops)
        })
    }

    /// The entries of `egress` for a namespace let something through: one takes it, and none that begins with `~`
    /// excludes it. istiod passes over an entry without exactly one slash, and before 1.31 over exclusions.
    fn let_through(
        &self,
        sidecar: &Row<SidecarFact>,
        from: &str,
        namespace: &str,
        takes: impl Fn(&str) -> bool,
        drops: impl Fn(&str) -> bool,
    ) -> bool {
        let mut seen = false;
        for entry in &sidecar.fact.egress_hosts {
            let Some((space, pattern)) = entry.split_once('/').filter(|(_, name)| !name.contains('/')) else {
                continue;
            };
            let (is_exclusion, space) = match space.strip_prefix('~') {
                Some("") => (true, "*"),
                Some(space) => (true, space),
                None => (false, space),
            };
            if is_exclusion && !self.has_exclusions {
                continue;
            }
            let space = if space == "." { from } else { space };
            if space != "*" && space != namespace {
                continue;
            }
            if is_exclusion && drops(pattern) {
                return false;
            }
            seen |= !is_exclusion && takes(pattern);
        }
        seen
    }
}

fn routes(cluster: &Cluster) -> BTreeMap<&str, Vec<&Row<VirtualService>>> {
    let mut routes: BTreeMap<&str, Vec<&Row<VirtualService>>> = BTreeMap::new();
    let of_mesh = |row: &&Row<VirtualService>| {
        let gateways = &row.fact.gateways;
        gateways.is_empty() || gateways.iter().any(|gateway| &**gateway == "mesh")
    };
    for row in cluster.virtual_services.rows().iter().filter(of_mesh) {
        for (host, _) in &row.fact.destinations {
            if let HostPattern::Exact(host) = host {
                routes.entry(host).or_default().push(row);
            }
        }
    }
    routes
}

/// The services that a client sees.
#[derive(Clone, Copy, Debug)]
pub struct SidecarScope<'s, 'm> {
    sidecars: &'s Sidecars<'m>,
    /// The Sidecar that limits them; `None` if none does.
    pub sidecar: Option<&'m Row<SidecarFact>>,
}

impl SidecarScope<'_, '_> {
    /// A client in namespace `from` sees the service `host` of `namespace`, if that is exported to it. The cause is
    /// the list of hosts, or the default without a Sidecar.
    #[must_use]
    pub fn sees(&self, from: &str, namespace: &str, host: &str) -> Caused<bool> {
        let Some(row) = self.sidecar.filter(|row| !row.fact.egress_hosts.is_empty()) else {
            return Caused { value: true, cause: Cause::Default("no Sidecar limits it") };
        };
        let is_within = |pattern: &str| is_part_of(host, pattern);
        let seen = self.sidecars.let_through(row, from, namespace, is_within, is_within);
        let value = seen || self.is_routed_to(row, from, host);
        Caused { value, cause: Cause::field(&row.obj, path!["spec", "egress"]) }
    }

    /// A VirtualService that the client sees leads to the host.
    fn is_routed_to(&self, sidecar: &Row<SidecarFact>, from: &str, host: &str) -> bool {
        let routes = self.sidecars.routes.get(host).into_iter().flatten();
        let mut seen = routes.filter(|row| self.is_exported(row, from));
        seen.any(|row| self.sidecars.let_routes_through(sidecar, from, row))
    }

    /// A client in namespace `from` sees a VirtualService, if that is exported to it
    /// (`istio: pilot/pkg/model/virtualservice.go: SelectVirtualServices`).
    #[must_use]
    pub fn sees_routes(&self, from: &str, routes: &Row<VirtualService>) -> bool {
        let limit = self.sidecar.filter(|row| !row.fact.egress_hosts.is_empty());
        limit.is_none_or(|sidecar| self.sidecars.let_routes_through(sidecar, from, routes))
    }

    fn is_exported(&self, row: &Row<VirtualService>, from: &str) -> bool {
        let own = &row.fact.export_to;
        let exports = if own.is_empty() { self.sidecars.route_exports } else { own };
        exports.is_empty()
            || exports.iter().any(|to| match &**to {
                "*" => true,
                "." => row.obj.namespace == from,
                named => named == from,
            })
    }
}

/// `host` is within `pattern`, both of which may begin with a star (`istio: pkg/config/host/name.go: SubsetOf`).
fn is_part_of(host: &str, pattern: &str) -> bool {
    match (host.strip_prefix('*'), pattern.strip_prefix('*')) {
        (Some(host), Some(pattern)) => host.ends_with(pattern),
        (None, Some(pattern)) => host.ends_with(pattern),
        (_, None) => host == pattern,
    }
}

/// The same for the host of a VirtualService.
fn is_within(host: &HostPattern, pattern: &str) -> bool {
    match host {
        HostPattern::Exact(host) => is_part_of(host, pattern),
        HostPattern::Wildcard(rest) => {
            pattern.strip_prefix('*').is_some_and(|pattern| rest.ends_with(pattern.trim_start_matches('.')))
        }
    }
}

/// A host of a VirtualService and a pattern have hosts in common (`istio: pkg/config/host/name.go: Matches`).
fn overlaps(host: &HostPattern, pattern: &str) -> bool {
    match (host, pattern.strip_prefix('*')) {
        (HostPattern::Wildcard(_), None) => host.covers(pattern),
        (HostPattern::Wildcard(rest), Some(pattern))
            if pattern.trim_start_matches('.').ends_with(rest.as_str()) =>
        {
            true
        }
        _ => is_within(host, pattern),
    }
}
