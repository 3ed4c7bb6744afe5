//! Compares what an istiod sent to a client with what mesh-traffic computes for it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mesh_traffic::{
    Assignment as Predicted, Client, Discovery, Health, Prediction, Sent, Service, ServiceResolution,
    Settings, View,
};

use crate::ads;
use crate::generate::NAMESPACES;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Envoy clusters.
    pub clusters: usize,
    /// Groups of endpoints.
    pub groups: usize,
    /// Endpoints.
    pub endpoints: usize,
}

impl Compared {
    /// Counts what another one counted too.
    pub fn add(&mut self, other: Self) {
        self.clusters += other.clusters;
        self.groups += other.groups;
        self.endpoints += other.endpoints;
    }
}

/// A cluster that is not as predicted.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Name of the Envoy cluster.
    pub cluster: String,
    /// Each thing that differs, with both sides.
    pub what: Vec<What>,
}

/// One thing of a cluster that differs.
#[derive(Clone, Debug)]
pub struct What {
    /// What it is, such as `outlier`.
    pub name: &'static str,
    /// By mesh-traffic.
    pub predicted: String,
    /// By istiod.
    pub sent: String,
}

/// Compares all Envoy clusters of generated hosts.
#[must_use]
pub fn compare(view: &View<'_, '_>, client: &Client<'_>, state: &ads::State) -> (Compared, Vec<Difference>) {
    let mut compared = Compared::default();
    let mut differences = Vec::new();
    let mut expected = BTreeSet::new();
    for host in view.hosts().into_iter().filter(|host| is_generated(host)) {
        let Some(service) = view.service_for(host, &client.namespace) else { continue };
        if service.resolution == ServiceResolution::Alias {
            continue;
        }
        for (port, subset) in ports_and_subsets(view, client, &service) {
            let prediction = view.predict(client, &service, port, subset.as_deref());
            let name = prediction.assignment.name.clone();
            let what = match state.clusters.get(&name) {
                None => {
                    vec![What { name: "cluster", predicted: "sent".to_owned(), sent: "missing".to_owned() }]
                }
                Some(sent) => of_cluster(&prediction, sent, state.assignments.get(&name), &mut compared),
            };
            if !what.is_empty() {
                differences.push(Difference { cluster: name.clone(), what });
            }
            expected.insert(name);
        }
    }
    let unexpected = state.clusters.keys().filter(|name| is_generated(name) && !expected.contains(*name));
    differences.extend(unexpected.map(|name| Difference {
        cluster: name.clone(),
        what: vec![What { name: "cluster", predicted: "not sent".to_owned(), sent: "sent".to_owned() }],
    }));
    (compared, differences)
}

fn is_generated(host: &str) -> bool {
    let of = |namespace: &&str| host.ends_with(&format!(".{namespace}.svc.cluster.local"));
    (host.starts_with("outbound|") || !host.contains('|'))
        && (NAMESPACES.iter().any(of) || host.ends_with(".example.com"))
}

/// Every port with no subset and with each of the rule in force.
fn ports_and_subsets<'m>(
    view: &View<'_, 'm>,
    client: &Client<'_>,
    service: &Service<'m>,
) -> Vec<(u16, Option<String>)> {
    let mut all = Vec::new();
    let ports: BTreeSet<u16> =
        service.ports.iter().filter(|port| port.protocol() != "UDP").map(|port| port.number()).collect();
    for port in ports {
        all.push((port, None));
        let prediction = view.predict(client, service, port, None);
        let subsets: BTreeSet<&str> =
            prediction.rule.iter().flat_map(|rule| rule.subsets().collect::<Vec<_>>()).collect();
        all.extend(subsets.into_iter().map(|subset| (port, Some(subset.to_owned()))));
    }
    all
}

fn of_cluster(
    prediction: &Prediction<'_>,
    sent: &ads::Cluster,
    assignment: Option<&ads::Assignment>,
    compared: &mut Compared,
) -> Vec<What> {
    compared.clusters += 1;
    let mut what = of_settings(&prediction.settings, sent);
    let assignment = match prediction.settings.discovery {
        Discovery::OriginalDst => return what,
        Discovery::Eds => assignment,
        Discovery::StrictDns | Discovery::LogicalDns => sent.own.as_ref(),
    };
    let sent = assignment.cloned().unwrap_or_default();
    let predicted = groups(&prediction.assignment);
    compared.groups += predicted.len();
    compared.endpoints += predicted.iter().map(|group| group.endpoints.len()).sum::<usize>();
    let sent: Vec<ads::Group> = sent.0.into_iter().map(comparable).collect();
    if predicted != sent {
        what.push(What { name: "endpoints", predicted: show(&predicted), sent: show(&sent) });
    }
    what
}

fn of_settings(predicted: &Settings, sent: &ads::Cluster) -> Vec<What> {
    let mut all = Vec::new();
    let mut check = |name: &'static str, predicted: String, sent: String| {
        if predicted != sent {
            all.push(What { name, predicted, sent });
        }
    };
    check("discovery", format!("{:?}", Some(predicted.discovery)), format!("{:?}", sent.discovery));
    check("policy", format!("{:?}", Some(predicted.policy.value)), format!("{:?}", sent.policy));
    check(
        "locality weights",
        predicted.locality_weights.value.to_string(),
        sent.locality_weights.to_string(),
    );
    check("zone aware", format!("{:?}", predicted.zone_aware), format!("{:?}", sent.zone_aware));
    check(
        "panic threshold",
        format!("{:?}", predicted.panic_threshold),
        format!("{:?}", sent.panic_threshold),
    );
    check("outlier detection", format!("{:?}", predicted.outlier.value), format!("{:?}", sent.outlier));
    all
}

fn groups(predicted: &Predicted<'_>) -> Vec<ads::Group> {
    let group = |group: &mesh_traffic::Group<'_>| {
        let locality = &group.locality;
        let mut endpoints: Vec<ads::Endpoint> = group.endpoints.iter().map(endpoint).collect();
        endpoints.sort();
        ads::Group {
            locality: [locality.region.to_string(), locality.zone.to_string(), locality.subzone.to_string()],
            priority: group.priority,
            weight: Some(group.weight),
            endpoints,
        }
    };
    predicted.groups.iter().map(group).collect()
}

fn endpoint(sent: &Sent<'_>) -> ads::Endpoint {
    ads::Endpoint {
        address: sent.address.to_string(),
        port: u32::from(sent.port),
        weight: Some(sent.weight),
        // `envoy: config.core.v3.HealthStatus`.
        health: match sent.health {
            Health::Healthy => 1,
            Health::Unhealthy => 2,
            Health::Draining | Health::Terminating => 3,
        },
    }
}

/// Absent weights are 0, and an absent health is healthy.
fn comparable(mut group: ads::Group) -> ads::Group {
    group.weight = Some(group.weight.unwrap_or_default());
    for endpoint in &mut group.endpoints {
        endpoint.weight = Some(endpoint.weight.unwrap_or_default());
        endpoint.health = endpoint.health.max(1);
    }
    group.endpoints.sort();
    group
}

fn show(groups: &[ads::Group]) -> String {
    let mut text = String::new();
    for group in groups {
        let weight = group.weight.unwrap_or_default();
        let _ = write!(text, "\n      P{} {:?} weight {weight}:", group.priority, group.locality.join("/"));
        for one in &group.endpoints {
            let weight = one.weight.unwrap_or_default();
            let _ = write!(text, " {}:{}*{weight}", one.address, one.port);
            if one.health != 1 {
                let _ = write!(text, "[health {}]", one.health);
            }
        }
    }
    if text.is_empty() { "no groups".to_owned() } else { text }
}
