//! Both tables for machines. Names and types of these structs are the schema of `LocalityReport`
//! (`docs/traffic.md` lists them).

use mesh_cli::Agreed;
use mesh_model::{Mesh, Name};
use mesh_report::{Body, CauseItem};
use mesh_traffic::Client;
use serde::Serialize;

use crate::blocks::{name, objects};
use crate::nodes::Place;
use crate::services::Row;
use crate::status::Status;

/// The setting of some ports of a service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceItem<'a> {
    /// Position of the client and rule set in `clients`, from 0.
    client: usize,
    service: String,
    namespace: &'a str,
    host: &'a str,
    ports: &'a [u16],
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<&'a str>,
    setting_from: String,
    outlier: &'static str,
    mode: &'static str,
    order: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ejection: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    least_ejection: Option<u32>,
    codes: Vec<String>,
    causes: Vec<CauseItem>,
}

/// Nodes of one cluster and locality.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaceItem<'a> {
    cluster: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    region: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    zone: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subzone: &'a str,
    nodes: Vec<&'a str>,
    mesh_pods: usize,
    labels_from: &'static str,
    codes: Vec<String>,
}

/// One client by the rules of one or several versions that agree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientItem {
    cluster: String,
    locality: String,
    network: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    /// Versions of Istio by whose rules it was computed.
    rule_sets: Vec<String>,
    /// The version in force is not known, and others give another answer.
    undecided: bool,
}

/// One client with the rows it gets.
pub(crate) struct Asked<'m> {
    pub(crate) client: Client<'m>,
    pub(crate) answers: Vec<Agreed<Vec<Row>>>,
}

/// Adds the items to a report's body.
pub(crate) fn fill(body: &mut Body, mesh: &Mesh, places: &[Place], asked: &[Asked<'_>], status: &Status) {
    let mut clients = Vec::new();
    for Asked { client, answers } in asked {
        for agreed in answers {
            let at = clients.len();
            clients.push(ClientItem {
                cluster: mesh.clusters()[client.cluster].name.to_string(),
                locality: client.locality.short(),
                network: client.network.to_string(),
                pod: client.pod.map(|pod| pod.obj.name.to_string()),
                rule_sets: agreed.rules.iter().map(ToString::to_string).collect(),
                undecided: answers.len() > 1,
            });
            agreed.answer.iter().for_each(|row| body.push(&ServiceItem::of(at, row, status)));
            body.names.extend(agreed.answer.iter().filter_map(names));
        }
    }
    body.names.sort();
    body.names.dedup();
    let places: Vec<_> = places.iter().map(|place| PlaceItem::of(place, status)).collect();
    body.set("nodes", &places);
    body.set("clients", &clients);
}

/// The Services and ServiceEntries of a row as `-o name` prints them.
fn names(row: &Row) -> Option<String> {
    let is_service = row.host.ends_with(&format!(".{}.svc.cluster.local", row.namespace));
    is_service.then(|| format!("service/{}", name(row, false)))
}

impl<'a> ServiceItem<'a> {
    fn of(client: usize, row: &'a Row, status: &Status) -> Self {
        let settings = &row.effect.settings;
        Self {
            client,
            service: name(row, false),
            namespace: &row.namespace,
            host: &row.host,
            ports: &row.ports,
            subset: row.subset.as_deref(),
            setting_from: row.setting_from(),
            outlier: row.effect.detection.as_str(),
            mode: row.mode(),
            order: &row.effect.order,
            max_ejection: row.max_ejection(),
            least_ejection: row.effect.least_ejection,
            codes: status.codes(row.effect.objects.iter()),
            causes: vec![
                CauseItem::new("mode", &settings.locality.cause),
                CauseItem::new("outlier", &settings.outlier.cause),
            ],
        }
    }
}

impl<'a> PlaceItem<'a> {
    fn of(place: &'a Place, status: &Status) -> Self {
        Self {
            cluster: &place.cluster,
            region: &place.locality.region,
            zone: &place.locality.zone,
            subzone: &place.locality.subzone,
            nodes: place.nodes.iter().map(Name::as_str).collect(),
            mesh_pods: place.pods,
            labels_from: place.labels.as_str(),
            codes: status.codes(objects(place).iter()),
        }
    }
}
