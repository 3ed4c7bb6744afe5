//! MESH239.

use std::collections::BTreeMap;

use mesh_model::row::{DestinationRule, LocalityLbSetting, RouteTarget, VirtualService};
use mesh_model::{HostPattern, ObjectRef, Row, path};
use mesh_traffic::{Level, Policies, Scope};
use serde_json::json;

use super::outlier_detection::takes_part;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Subject, Tags};

declare_rule! {
    "retry_localities_inert.md",
    pub static RETRY_LOCALITIES_INERT = {
        code: 239, name: "retry-localities-inert", summary: "retries in other localities have localities to go to",
        since: "0.2.0", severity: Info, tags: Tags::FAILOVER,
        needs: [VirtualService, DestinationRule], closed: [VirtualService, DestinationRule, ConfigMap], after: [],
        check: Check::Cluster(check),
    };
}

fn check(_: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    let rules = RulesByHost::of(view);
    for row in view.virtual_services().rows() {
        for (position, route) in row.fact.http.iter().enumerate() {
            let Some(retries) = route.retries.as_ref().filter(|retries| retries.remote_localities) else {
                continue;
            };
            // Without an attempt there is no retry, wherever.
            if retries.attempts == 0 {
                continue;
            }
            let spread =
                route.targets.iter().find_map(|target| Some((target, rules.weights_of(row, target)?)));
            if let Some((target, weights)) = spread {
                report(row, position, target, weights, out);
            }
        }
    }
}

/// The DestinationRules of a cluster by the host they are for.
struct RulesByHost<'a> {
    root: &'a str,
    of_mesh: Option<(&'a ObjectRef, &'a LocalityLbSetting)>,
    exact: BTreeMap<&'a str, Vec<&'a Row<DestinationRule>>>,
    wildcards: Vec<&'a Row<DestinationRule>>,
}

/// Where the weights of a host stand.
#[derive(Clone, Copy)]
enum Weights<'a> {
    Rule(&'a Row<DestinationRule>, Level),
    Mesh(&'a ObjectRef),
}

impl<'a> RulesByHost<'a> {
    fn of(view: &ClusterView<'a>) -> Self {
        let plane = view.control_plane();
        let config = plane.mesh_config.as_ref();
        let root = config.and_then(|(_, config)| config.root_namespace.as_deref());
        let of_mesh = config.map(|(object, config)| (object, &config.locality));
        let mut rules = Self {
            root: root.unwrap_or_else(|| plane.system_namespace()),
            of_mesh: of_mesh.filter(|(_, setting)| distributes(setting)),
            exact: BTreeMap::new(),
            wildcards: Vec::new(),
        };
        for row in view.destination_rules().rows().iter().filter(|row| !row.fact.deleting) {
            match &row.fact.host {
                HostPattern::Exact(host) => rules.exact.entry(host.as_str()).or_default().push(row),
                HostPattern::Wildcard(_) => rules.wildcards.push(row),
            }
        }
        rules
    }

    /// The weights that istiod spreads calls to `target` by.
    fn weights_of(&self, route: &Row<VirtualService>, target: &RouteTarget) -> Option<Weights<'a>> {
        let of_mesh = self.of_mesh.map(|(object, _)| Weights::Mesh(object));
        let Some(row) = self.find(&route.obj.namespace, &target.host) else { return of_mesh };
        let named = |name: &str| row.fact.subsets.iter().position(|subset| *subset.name == *name);
        let subset = Some(&*target.subset).filter(|name| !name.is_empty()).and_then(named);
        let port = Some(target.port).filter(|port| *port > 0);
        let balancer = Policies::new(&row.fact).effective(Scope { subset, port }).load_balancer;
        let Some(own) = balancer.value else { return of_mesh };
        match &own.locality {
            Some(setting) => {
                (takes_part(own) && distributes(setting)).then_some(Weights::Rule(row, balancer.level))
            }
            None => of_mesh.filter(|_| takes_part(own)),
        }
    }

    /// The rule for `host`: of the namespace of the route, whose clients it most likely serves, before that of the
    /// host and the root; in each an exact host before the longest wildcard.
    fn find(&self, namespace: &str, host: &str) -> Option<&'a Row<DestinationRule>> {
        let of_host = host.split('.').nth(1).unwrap_or_default();
        let exact = self.exact.get(host).into_iter().flatten().copied();
        let mut covering: Vec<_> = exact
            .chain(self.wildcards.iter().copied().filter(|row| row.fact.host.covers(host)))
            .filter(|row| [namespace, of_host, self.root].contains(&row.obj.namespace.as_str()))
            .collect();
        covering.sort_by_key(|row| {
            let own = row.obj.namespace.as_str();
            let wildcard = match &row.fact.host {
                HostPattern::Exact(_) => 0,
                HostPattern::Wildcard(rest) => usize::MAX - rest.len(),
            };
            (own != namespace, own != of_host, wildcard)
        });
        covering.first().copied()
    }
}

fn distributes(setting: &LocalityLbSetting) -> bool {
    setting.is_enabled() && !setting.distribute.is_empty()
}

fn report(
    row: &Row<VirtualService>,
    position: usize,
    target: &RouteTarget,
    weights: Weights<'_>,
    out: &mut Sink<'_>,
) {
    let path = path!["spec", "http", position, "retries", "retryRemoteLocalities"];
    let message = format!(
        "VirtualService \"{}\" retries in other localities, but calls to \"{}\" are spread by weight: all localities \
         have one priority then, so a retry may go to any of them, the failed one too",
        row.obj.qualified_name(),
        target.host,
    );
    let mend = json!([{"op": "remove", "path": path.to_pointer()}]);
    let draft = out.report(row, path, message).json_patch(mend, true);
    let value = "spreads by weight";
    let _ = match weights {
        Weights::Rule(rule, level) => {
            let at = level.path().then("loadBalancer").then("localityLbSetting").then("distribute");
            draft.evidence(rule, at, value)
        }
        Weights::Mesh(object) => {
            draft.evidence_of(Subject::Object(object.clone()), path!["data", "mesh"], value)
        }
    };
}
