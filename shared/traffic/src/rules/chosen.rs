//! The rule a client got: its subsets, and which of its blocks reach a port of a subset.

use std::sync::Arc;

use mesh_model::row::{ClientTls, ConnectionPool, DestinationRule, LoadBalancer, OutlierDetection, TlsMode};
use mesh_model::{Labels, Row, path};

use super::merge::{Merged, SubsetOf};
use crate::{Block, Cause, Caused, Client, Config, Effective, Gate, Indexed, Level, RuleSet, Scope};

/// The DestinationRule in force for one client and host: one object, or several of one host that count as one.
#[derive(Clone, Debug)]
pub struct Chosen<'m>(Arc<Merged<'m>>);

/// Of the rules that `client` may have, the first whose selector picks it, else the last for all workloads
/// (`istio: pilot/pkg/model/sidecar.go: DestinationRule`).
pub(super) fn of_client<'r, 'm: 'r>(
    rules: impl Iterator<Item = &'r Arc<Merged<'m>>>,
    client: &Client<'_>,
    cluster_id: &str,
) -> Option<Chosen<'m>> {
    let mut for_all = None;
    for merged in rules {
        let selector = merged.selector();
        if selector.is_empty() {
            for_all = Some(merged);
        } else if merged.rows[0].obj.namespace == client.namespace
            && selector.iter().all(|(key, value)| client.label(key, cluster_id) == Some(value))
        {
            return Some(Chosen(Arc::clone(merged)));
        }
    }
    for_all.map(|merged| Chosen(Arc::clone(merged)))
}

impl<'m> Chosen<'m> {
    /// The objects it consists of, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[&'m Row<DestinationRule>] {
        &self.0.rows
    }

    /// The object whose `spec.trafficPolicy` counts, if one has it.
    #[must_use]
    pub fn policy(&self) -> Option<&'m Row<DestinationRule>> {
        self.0.policy.as_ref().map(|(row, _)| *row)
    }

    /// Names of the subsets, sorted.
    pub fn subsets(&self) -> impl Iterator<Item = &'m str> + '_ {
        self.0.subsets.keys().copied()
    }

    /// Labels of the endpoints of a subset, with where they stand; `None` if the rule does not have it, and then
    /// istiod makes no Envoy cluster for it.
    #[must_use]
    pub fn subset_labels(&self, name: &str) -> Option<Caused<&'m Labels>> {
        let SubsetOf { row, position, .. } = self.0.subsets.get(name)?;
        let cause = Cause::field(&row.obj, path!["spec", "subsets", *position, "labels"]);
        Some(Caused { value: &row.fact.subsets[*position].labels, cause })
    }

    /// A subset sends where the client called, whatever its own policy for the port says: by `simple: PASSTHROUGH` of
    /// its policy beside the port entries, or of what reaches the port without a subset, since its cluster is made of
    /// that one (`istio: pilot/pkg/networking/core/cluster_builder.go: applyDestinationRule, buildSubsetCluster`).
    #[must_use]
    pub fn is_passthrough(&self, port: u16, subset: &str) -> bool {
        let base = self.effective(port, None).load_balancer.value;
        if base.is_some_and(LoadBalancer::is_passthrough) {
            return true;
        }
        let policy = self.0.subsets.get(subset).and_then(|subset| subset.policy.as_ref());
        let balancer = policy.and_then(|policy| policy.blocks.load_balancer.as_ref());
        balancer.is_some_and(LoadBalancer::is_passthrough)
    }

    /// The blocks that reach `port`, the port of the Service, of a subset. A subset that the rule does not have gets
    /// what traffic without a subset gets.
    #[must_use]
    pub fn effective(&self, port: u16, subset: Option<&str>) -> Applied<'m> {
        let subset = subset.and_then(|name| self.0.subsets.get(name));
        let scope = Scope { subset: subset.map(|subset| subset.position), port: Some(port) };
        let top = self.0.policy.as_ref().map(|(_, policy)| policy);
        let effective = Effective::of(scope, top, subset.and_then(|subset| subset.policy.as_ref()));
        let cause = |level: Level, block: Option<&'static str>| self.cause(level, subset, block);
        Applied {
            outlier_detection: caused(&effective.outlier_detection, "outlierDetection", cause),
            load_balancer: caused(&effective.load_balancer, "loadBalancer", cause),
            connection_pool: caused(&effective.connection_pool, "connectionPool", cause),
            tls: caused(&effective.tls, "tls", cause),
            wiped: matches!(effective.outlier_detection.level, Level::SubsetPort(..)),
        }
    }

    /// The TLS mode that decides whether endpoints of other networks are reachable; `None` leaves it to the
    /// endpoints. Unlike [`effective`](Self::effective), a port entry without `tls` leaves that of its level
    /// (`istio: pilot/pkg/xds/endpoints/mtls_checker.go: tlsModeForDestinationRule`).
    #[must_use]
    pub fn tls_mode(&self, port: u16, subset: Option<&str>, rules: RuleSet) -> Option<Caused<&'m TlsMode>> {
        let of_top = || {
            let (_, policy) = self.0.policy.as_ref()?;
            let (tls, level) = tls_of(policy, port, Level::Top, Level::TopPort)?;
            Some(Caused { value: &tls.mode, cause: self.cause(level, None, Some("tls")) })
        };
        let Some(name) = subset.filter(|name| !name.is_empty()) else { return of_top() };
        let subset = self.0.subsets.get(name)?;
        let own = subset.policy.as_ref().and_then(|policy| {
            let at = subset.position;
            let (tls, level) = tls_of(policy, port, Level::Subset(at), |port| Level::SubsetPort(at, port))?;
            Some(Caused { value: &tls.mode, cause: self.cause(level, Some(subset), Some("tls")) })
        });
        own.or_else(|| rules.has(Gate::SubsetTlsFallsBack).then(of_top).flatten())
    }

    /// The field of a level; the nearest level that is there, where the whole policy is missing.
    fn cause(&self, level: Level, subset: Option<&SubsetOf<'m>>, block: Option<&'static str>) -> Cause {
        let row = match subset {
            Some(subset) if level.is_of_subset() => subset.row,
            _ => self.policy().unwrap_or(self.0.rows[0]),
        };
        let path = match block {
            Some(block) => level.path().then(block),
            None if row.fact.policy.is_none() && !level.is_of_subset() => path!["spec"],
            None => level.path(),
        };
        Cause::field(&row.obj, path)
    }
}

fn caused<'m, T>(
    block: &Block<'m, T>,
    name: &'static str,
    cause: impl Fn(Level, Option<&'static str>) -> Cause,
) -> Caused<Option<&'m T>> {
    Caused { value: block.value, cause: cause(block.level, block.value.map(|_| name)) }
}

fn tls_of<'m>(
    policy: &Indexed<'m>,
    port: u16,
    own: Level,
    of_port: impl FnOnce(usize) -> Level,
) -> Option<(&'m ClientTls, Level)> {
    let entry = policy.ports.get(&port).and_then(|(at, blocks)| Some((blocks.tls.as_ref()?, of_port(*at))));
    entry.or_else(|| Some((policy.blocks.tls.as_ref()?, own)))
}

/// The blocks that reach one port of a subset, each with the field that decided.
#[derive(Clone, Debug)]
pub struct Applied<'m> {
    /// `outlierDetection`.
    pub outlier_detection: Caused<Option<&'m OutlierDetection>>,
    /// `loadBalancer`.
    pub load_balancer: Caused<Option<&'m LoadBalancer>>,
    /// `connectionPool`.
    pub connection_pool: Caused<Option<&'m ConnectionPool>>,
    /// `tls`.
    pub tls: Caused<Option<&'m ClientTls>>,
    /// A port entry of a subset set or dropped them all; nothing lies under it.
    wiped: bool,
}

impl Default for Applied<'_> {
    /// What holds without a rule.
    fn default() -> Self {
        const NONE: Cause = Cause::Default("no DestinationRule");
        Self {
            outlier_detection: Caused { value: None, cause: NONE },
            load_balancer: Caused { value: None, cause: NONE },
            connection_pool: Caused { value: None, cause: NONE },
            tls: Caused { value: None, cause: NONE },
            wiped: false,
        }
    }
}

impl<'m> Applied<'m> {
    /// The same with `defaultTrafficPolicy` of the mesh config under it, as CDS has it and EDS has not
    /// (`istio: pilot/pkg/networking/core/cluster_traffic_policy.go: applyDefaultTrafficPolicy`).
    #[must_use]
    pub fn over_default(mut self, config: &Config<'_, 'm>) -> Self {
        if self.wiped || !config.rules.has(Gate::DefaultTrafficPolicy) {
            return self;
        }
        let default = &config.mesh.default_policy;
        let cause = || config.mesh_field("defaultTrafficPolicy");
        if let (None, Some(pool)) = (self.connection_pool.value, &default.connection_pool) {
            self.connection_pool = Caused { value: Some(pool), cause: cause() };
        }
        if let (None, Some(detection)) = (self.outlier_detection.value, &default.outlier_detection) {
            self.outlier_detection = Caused { value: Some(detection), cause: cause() };
        }
        self
    }
}
