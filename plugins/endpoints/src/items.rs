//! The answer for machines. Names and types of these structs are the schema of `EndpointList`
//! (`docs/traffic.md` lists them).

use mesh_cli::Agreed;
use mesh_model::{Mesh, ObjectRef};
use mesh_report::{Body, CauseItem};
use mesh_traffic::{Client, Outlier};
use serde::Serialize;

use crate::answer::{Answer, Left};
use crate::blocks::sni;
use crate::question::{Outcome, Question};
use crate::row::Row;

/// One row of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointItem<'a> {
    /// Position of the client and rule set in `clients`, from 0.
    client: usize,
    priority: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    locality: String,
    cluster: &'a str,
    address: &'a str,
    via: &'static str,
    pods: usize,
    same_pods: bool,
    weight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_busy: Option<f64>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
    causes: Vec<CauseItem>,
}

/// One client by the rules of one or several versions that agree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientItem {
    cluster: String,
    locality: String,
    network: String,
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    host: String,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<String>,
    /// Versions of Istio by whose rules it was computed.
    rule_sets: Vec<String>,
    /// The version in force is not known, and others give another answer.
    undecided: bool,
    /// `answered`, `noService`, `noPort`, `noSubset`.
    outcome: &'static str,
    #[serde(flatten)]
    answer: Option<AnswerItem>,
}

/// What a client gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerItem {
    envoy_cluster: String,
    destination_rules: Vec<String>,
    usable: usize,
    endpoints: usize,
    weight_scale: u32,
    host_policy: &'static str,
    locality_mode: &'static str,
    locality_weights: bool,
    outlier_detection: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ejection_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic_threshold: Option<u32>,
    /// Share of calls that find no host.
    no_host: f64,
    causes: Vec<CauseItem>,
    unknown: Vec<String>,
}

/// An endpoint that is not sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExcludedItem<'a> {
    client: usize,
    endpoint: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    cluster: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: &'a str,
    reason: &'static str,
    message: &'static str,
    causes: Vec<CauseItem>,
}

/// One client with what it was told.
pub(crate) struct Asked<'m> {
    pub(crate) client: Client<'m>,
    pub(crate) answers: Vec<Agreed<Outcome>>,
}

/// Adds the items of all clients to a report's body.
pub(crate) fn fill(body: &mut Body, mesh: &Mesh, question: &Question<'_>, asked: &[Asked<'_>]) {
    let (mut clients, mut excluded) = (Vec::new(), Vec::new());
    for Asked { client, answers } in asked {
        for agreed in answers {
            let at = clients.len();
            clients.push(ClientItem::of(mesh, question, client, agreed, answers.len() > 1));
            let Outcome::Answer(answer) = &agreed.answer else { continue };
            for row in &answer.rows {
                body.push(&EndpointItem::of(at, question, answer, row));
            }
            excluded.extend(answer.excluded.iter().map(|left| ExcludedItem::of(at, left)));
            let pods = answer.rows.iter().filter_map(|row| row.object.clone());
            body.names.extend(pods);
        }
    }
    body.names.sort();
    body.names.dedup();
    body.set("clients", &clients);
    body.set("excluded", &excluded);
}

impl<'a> EndpointItem<'a> {
    fn of(client: usize, question: &Question<'a>, answer: &'a Answer, row: &'a Row) -> Self {
        let settings = &answer.settings;
        let mut causes = vec![
            CauseItem::new("priority", &settings.locality.cause),
            CauseItem::new("weight", &row.weight_cause),
        ];
        if row.share.is_some() {
            causes.push(CauseItem::new("share", &settings.policy.cause));
        }
        causes.extend(row.gateway.iter().map(|cause| CauseItem::new("via", cause)));
        Self {
            client,
            priority: row.priority,
            locality: row.locality.short(),
            cluster: &row.cluster,
            address: &row.address,
            via: if row.gateway.is_some() { "ew-gw" } else { "direct" },
            pods: row.pods,
            same_pods: row.same_pods,
            weight: row.weight,
            share: row.share.map(|share| share.quiet),
            share_busy: row.share.map(|share| share.busy),
            state: row.state.as_str(),
            node: row.node.as_deref(),
            network: row.network.as_deref(),
            subset: question.subset,
            sni: row.gateway.as_ref().map(|_| sni(&answer.name)),
            pod: row.object.as_deref(),
            causes,
        }
    }
}

impl ClientItem {
    fn of(
        mesh: &Mesh,
        question: &Question<'_>,
        client: &Client<'_>,
        agreed: &Agreed<Outcome>,
        undecided: bool,
    ) -> Self {
        let (outcome, answer) = match &agreed.answer {
            Outcome::Answer(answer) => ("answered", Some(AnswerItem::of(answer))),
            Outcome::NoService => ("noService", None),
            Outcome::NoPort => ("noPort", None),
            Outcome::NoSubset(_) => ("noSubset", None),
        };
        Self {
            cluster: mesh.clusters()[client.cluster].name.to_string(),
            locality: client.locality.short(),
            network: client.network.to_string(),
            namespace: client.namespace.to_string(),
            pod: client.pod.map(|pod| pod.obj.name.to_string()),
            host: question.host.to_owned(),
            port: question.port,
            subset: question.subset.map(str::to_owned),
            rule_sets: agreed.rules.iter().map(ToString::to_string).collect(),
            undecided,
            outcome,
            answer,
        }
    }
}

impl AnswerItem {
    fn of(answer: &Answer) -> Self {
        let settings = &answer.settings;
        Self {
            envoy_cluster: answer.name.clone(),
            destination_rules: answer.rules.iter().map(ObjectRef::qualified_name).collect(),
            usable: answer.usable,
            endpoints: answer.all,
            weight_scale: answer.scale,
            host_policy: settings.policy.value.as_str(),
            locality_mode: settings.locality.value.as_str(),
            locality_weights: settings.locality_weights.value,
            outlier_detection: settings.outlier.value.is_some(),
            max_ejection_percent: settings.outlier.value.as_ref().map(Outlier::ejection_percent),
            panic_threshold: settings.panic_threshold,
            no_host: answer.split.no_host,
            causes: vec![
                CauseItem::new("hostPolicy", &settings.policy.cause),
                CauseItem::new("localityMode", &settings.locality.cause),
                CauseItem::new("localityWeights", &settings.locality_weights.cause),
                CauseItem::new("outlierDetection", &settings.outlier.cause),
            ],
            unknown: answer.unknown.iter().map(|unknown| unknown.what.clone()).collect(),
        }
    }
}

impl<'a> ExcludedItem<'a> {
    fn of(client: usize, left: &'a Left) -> Self {
        Self {
            client,
            endpoint: &left.object,
            namespace: &left.namespace,
            cluster: &left.cluster,
            address: &left.address,
            reason: left.reason.as_str(),
            message: left.reason.text(),
            causes: vec![CauseItem::new("reason", &left.cause)],
        }
    }
}
