//! MESH233.

use std::collections::BTreeSet;

use mesh_model::row::{DestinationRule, LoadBalancer, LocalityLbSetting, ServiceFact};
use mesh_model::{HostPattern, HostServices, Locality, Network, Row};
use mesh_traffic::{Distribution, Level};
use serde_json::json;

use super::companions::{detected_balancers, in_force};
use crate::facts::localities;
use crate::facts::membership::meshes;
use crate::facts::shared_service::Member;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "hash_across_localities.md",
    pub static HASH_ACROSS_LOCALITIES = {
        code: 233, name: "hash-across-localities", summary: "hashing goes over all endpoints of a host",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: [DestinationRule, Service, EndpointSlice, Pod, Node, Secret, ServiceEntry],
        closed: [DestinationRule, Service, EndpointSlice, Pod, Node, ConfigMap], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for group in meshes(mesh) {
        for view in &group {
            for row in view.destination_rules().rows().iter().filter(|row| !row.fact.deleting) {
                let hashes = in_force(&row.fact, |blocks| blocks.load_balancer.as_ref());
                let hashes: Vec<_> =
                    hashes.into_iter().filter(|(_, balancer)| balancer.consistent_hash.is_some()).collect();
                if !hashes.is_empty() {
                    judge(mesh, &group, view, row, &hashes, out);
                }
            }
        }
    }
}

fn judge<'a>(
    mesh: &MeshView<'a>,
    group: &[ClusterView<'a>],
    view: &ClusterView<'a>,
    row: &Row<DestinationRule>,
    hashes: &[(Level, &LoadBalancer)],
    out: &mut Sink<'_>,
) {
    let detected: BTreeSet<Level> = detected_balancers(&row.fact).into_iter().map(|met| met.level).collect();
    for host in hosts(mesh, &row.fact.host) {
        let services = served(mesh, group, view, host);
        // From a headless Service the application chooses.
        let Some((_, service)) = services.first().filter(|(_, service)| !service.fact.headless) else {
            continue;
        };
        let Some(spread) = Spread::of(mesh, &services) else { continue };
        for (level, balancer) in hashes {
            if is_by_locality(view, service, balancer, detected.contains(level)) {
                report(row, *level, host, &spread, out);
            }
        }
        // One host shows what the rule does; a wildcard may cover thousands.
        return;
    }
}

/// The hosts of Services that a rule is for.
fn hosts<'m>(mesh: &'m MeshView<'_>, pattern: &HostPattern) -> impl Iterator<Item = &'m HostServices> {
    let all = mesh.hosts();
    let candidates = match pattern {
        HostPattern::Exact(name) => {
            let start = all.partition_point(|host| host.name < *name);
            &all[start..all.len().min(start + 1)]
        }
        HostPattern::Wildcard(_) => all,
    };
    candidates.iter().filter(move |host| pattern.covers(&host.name))
}

/// The Services of a host in the clusters from which clients of `view` get endpoints, the one that istiod goes by
/// first.
fn served<'a>(
    mesh: &MeshView<'a>,
    group: &[ClusterView<'a>],
    view: &ClusterView<'a>,
    host: &HostServices,
) -> Vec<Member<'a>> {
    let stays = mesh.local_hosts().contain(&host.name);
    let is_own = |other: &ClusterView<'_>| other.name() == view.name();
    let is_seen = |other: &ClusterView<'_>| {
        is_own(other) || (!stays && group.iter().any(|one| one.name() == other.name()))
    };
    let mut all: Vec<Member<'a>> = mesh.services_of(host).filter(|(other, _)| is_seen(other)).collect();
    all.sort_by_key(|(other, _)| !is_own(other));
    all
}

/// Where the ready endpoints of a host stand, if in more than one place.
struct Spread {
    localities: BTreeSet<Locality>,
    networks: BTreeSet<Network>,
}

impl Spread {
    fn of(mesh: &MeshView<'_>, services: &[Member<'_>]) -> Option<Self> {
        let mut spread = Self { localities: BTreeSet::new(), networks: BTreeSet::new() };
        for (view, service) in services {
            let slices = view.slices_of(&service.obj.namespace, &service.obj.name);
            for endpoint in slices.flat_map(|slice| &slice.fact.endpoints).filter(|endpoint| endpoint.ready) {
                let pod = view.pods().find(&service.obj.namespace, &endpoint.pod);
                spread.localities.insert(match pod {
                    Some(pod) => localities::of_pod(view, pod),
                    None => localities::of_node(view, &endpoint.node),
                });
                spread.networks.extend(mesh.networks().get(view.name()).cloned());
            }
        }
        (spread.localities.len() > 1 || spread.networks.len() > 1).then_some(spread)
    }

    fn text(&self) -> String {
        match (self.localities.len(), self.networks.len()) {
            (localities, 0 | 1) => format!("{localities} localities"),
            (0 | 1, networks) => format!("{networks} networks"),
            (localities, networks) => format!("{localities} localities and {networks} networks"),
        }
    }
}

/// Clients prefer endpoints by locality, so that each hashes over its own.
fn is_by_locality(
    view: &ClusterView<'_>,
    service: &Row<ServiceFact>,
    balancer: &LoadBalancer,
    detects: bool,
) -> bool {
    let follows =
        |setting: &LocalityLbSetting| setting.is_enabled() && (detects || !setting.distribute.is_empty());
    if let Some(zone_aware) = &balancer.zone_aware {
        return zone_aware.enabled != Some(false);
    }
    if let Some(setting) = &balancer.locality {
        return follows(setting);
    }
    let namespace = view.namespaces().find("", &service.obj.namespace);
    let distribution = Distribution::of(
        service.fact.traffic_distribution.as_deref(),
        (&service.obj, &service.annotations),
        namespace.map(|row| (&row.obj, &row.annotations)),
        localities::rules(view),
    );
    match &view.control_plane().mesh_config {
        _ if distribution.value != Distribution::Any => true,
        Some((_, config)) => follows(&config.locality),
        None => detects,
    }
}

fn report(
    row: &Row<DestinationRule>,
    level: Level,
    host: &HostServices,
    spread: &Spread,
    out: &mut Sink<'_>,
) {
    let balancer = level.path().then("loadBalancer");
    let message = format!(
        "DestinationRule \"{}\" hashes calls to \"{}\", whose endpoints stand in {}: each client hashes over those \
         that come first for it, so one key ends at different endpoints",
        row.obj.qualified_name(),
        host.name,
        spread.text(),
    );
    let setting = balancer.clone().then("localityLbSetting").to_pointer();
    let mend = json!([{"op": "add", "path": setting, "value": {"enabled": false}}]);
    let places: Vec<String> =
        spread.localities.iter().take(SHOWN).map(|place| format!("\"{place}\"")).collect();
    let _ = out
        .report(row, balancer.then("consistentHash"), message)
        .evidence(row, level.path(), format!("endpoints in {}", places.join(", ")))
        .json_patch(mend, false);
}

/// Localities that a finding names.
const SHOWN: usize = 5;
