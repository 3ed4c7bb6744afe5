//! MESH228.

use std::collections::BTreeMap;

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Locality, Row};
use mesh_traffic::LocalityMode::{Failover, Priority, PriorityThenFailover};
use mesh_traffic::envoy::{self, LbConfig};
use mesh_traffic::{Discovery, Endpoint, Health, Prediction, Via};
use serde_json::{Value, json};

use crate::facts::clients::{self, Scene};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags, admiral};

declare_rule! {
    "zone_overload.md",
    pub static ZONE_OVERLOAD = {
        code: 228, name: "zone-overload", summary: "endpoints near many clients are as many as the clients need",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

/// How much more than the mean the endpoints of a locality may get.
const TOLERATED: f64 = 3.0;

/// Clients for each endpoint of a locality that are too few to overload it.
const FEW: f64 = 3.0;

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let mut hosts: BTreeMap<String, Load<'_>> = BTreeMap::new();
    for judged in clients::judged(mesh, out) {
        judged.each_ruled(|scene| {
            let first = scene.service.ports.first().map(|port| port.number());
            if scene.subset.is_none() && first == Some(scene.port) {
                hosts.entry(scene.title()).or_default().add(scene);
            }
        });
    }
    for (title, load) in &hosts {
        if let (Some(subject), Some(zone)) = (&load.subject, load.overloaded()) {
            report(title, subject, &zone, out);
        }
    }
}

/// What all clients of the mesh send to one host.
#[derive(Default)]
struct Load<'a> {
    /// Clients for each endpoint, by the position of its cluster and its address.
    endpoints: BTreeMap<(usize, &'a str), (Locality, f64)>,
    /// The rule whose outlier detection switches priorities on, and where.
    subject: Option<Subject<'a>>,
}

/// The outlier detection that switches priorities on.
struct Subject<'a> {
    row: &'a Row<DestinationRule>,
    path: FieldPath,
    /// Operations that switch locality off beside it.
    mend: Value,
}

impl<'a> Subject<'a> {
    fn of(scene: &Scene<'_, '_, 'a>, prediction: &Prediction<'a>) -> Option<Self> {
        let (row, path) = scene.judged.rule_of(&prediction.settings.outlier.cause)?;
        let balancer = prediction.rule.as_ref()?.effective(scene.port, None).load_balancer;
        let off = json!({"enabled": false});
        let known = scene.judged.rule_of(&balancer.cause).filter(|_| balancer.value.is_some());
        let (at, value) = if let Some((_, path)) = known {
            (path.clone().then("localityLbSetting").to_pointer(), off)
        } else {
            let detection = path.to_pointer();
            let level = detection.strip_suffix("/outlierDetection").unwrap_or(&detection);
            (format!("{level}/loadBalancer"), json!({"localityLbSetting": off}))
        };
        let mend = json!([{"op": "add", "path": at, "value": value}]);
        Some(Self { row, path: path.clone(), mend })
    }
}

impl<'a> Load<'a> {
    fn add(&mut self, scene: &Scene<'_, '_, 'a>) {
        for ((_, prediction), (_, clients)) in scene.predictions.iter().zip(&scene.judged.localities) {
            let settings = &prediction.settings;
            if settings.discovery != Discovery::Eds {
                continue;
            }
            self.send(count(*clients), prediction);
            if self.subject.is_none()
                && matches!(settings.locality.value, Failover | Priority | PriorityThenFailover)
            {
                self.subject = Subject::of(scene, prediction);
            }
        }
    }

    /// A gateway hands on to each endpoint behind its address, in whatever group.
    fn send(&mut self, clients: f64, prediction: &Prediction<'a>) {
        let groups = &prediction.assignment.groups;
        let mut behind: BTreeMap<(&str, u16), Vec<&Endpoint<'a>>> = BTreeMap::new();
        for sent in groups.iter().flat_map(|group| &group.endpoints) {
            let known = behind.entry((&*sent.address, sent.port)).or_default();
            match &sent.via {
                Via::Direct(endpoint) => known.push(endpoint),
                Via::Gateway { behind, .. } => known.extend(behind.iter().map(|endpoint| &**endpoint)),
            }
        }
        let hosts = envoy::hosts(&prediction.assignment);
        let split = envoy::split(&hosts, &LbConfig::from(&prediction.settings));
        for (at, host) in split.iter() {
            let Some((group, endpoint)) = hosts.endpoint(at) else { continue };
            let sent = &groups[group].endpoints[endpoint];
            let ready: Vec<_> = behind[&(&*sent.address, sent.port)]
                .iter()
                .filter(|endpoint| endpoint.health == Health::Healthy)
                .collect();
            for endpoint in &ready {
                let place = (endpoint.cluster, endpoint.address);
                let known = self.endpoints.entry(place).or_insert_with(|| (endpoint.locality.clone(), 0.0));
                known.1 += clients * host.share / count(ready.len());
            }
        }
    }

    /// The locality whose endpoints get most, if that is too much.
    fn overloaded(&self) -> Option<Zone<'_>> {
        let mut zones: BTreeMap<&Locality, (f64, usize)> = BTreeMap::new();
        for (locality, clients) in self.endpoints.values() {
            let zone = zones.entry(locality).or_default();
            *zone = (zone.0 + clients, zone.1 + 1);
        }
        let (all, endpoints) = zones.values().fold((0.0, 0), |sum, zone| (sum.0 + zone.0, sum.1 + zone.1));
        let mean = all / count(endpoints.max(1));
        let zones = zones.into_iter().map(|(locality, (clients, endpoints))| Zone {
            locality,
            endpoints,
            each: clients / count(endpoints),
            mean,
        });
        let most = zones.max_by(|a, b| a.each.total_cmp(&b.each))?;
        (most.each >= FEW && most.each > TOLERATED * mean).then_some(most)
    }
}

/// A locality with too few endpoints.
struct Zone<'l> {
    locality: &'l Locality,
    endpoints: usize,
    /// Clients for each of its endpoints.
    each: f64,
    /// Clients for each endpoint of the mesh.
    mean: f64,
}

fn report(title: &str, subject: &Subject<'_>, zone: &Zone<'_>, out: &mut Sink<'_>) {
    let Subject { row, path, mend } = subject;
    let endpoints =
        if zone.endpoints == 1 { "1 endpoint".to_owned() } else { format!("{} endpoints", zone.endpoints) };
    let message = format!(
        "DestinationRule \"{}\" keeps calls to {title} near, which leaves {endpoints} in \"{}\" with {:.1} clients \
         each, where the mean is {:.1}: while they are healthy, the others do not help",
        row.obj.qualified_name(),
        clients::title(zone.locality),
        zone.each,
        zone.mean,
    );
    let draft = out
        .report(row, path.clone(), message)
        .evidence(row, path.clone(), "switches priorities on")
        .json_patch(mend.clone(), false);
    let _ = admiral::point_to(draft, row, "spread the pods over the zones of their clients");
}

#[expect(clippy::cast_precision_loss, reason = "numbers of pods")]
fn count(number: usize) -> f64 {
    number as f64
}
