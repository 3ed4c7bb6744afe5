//! The answer for machines. Names and types of these structs are the schema of `EndpointList`
//! (`docs/traffic.md` lists them).

use std::collections::BTreeSet;

use mesh_model::ObjectRef;
use mesh_model::actual::{Actual, ActualSource};
use mesh_report::{Body, CauseItem};
use mesh_traffic::Outlier;
use serde::Serialize;

use crate::actual::{Comparison, Difference};
use crate::answer::{Answer, Left};
use crate::asked::{Asked, Frame, Told};
use crate::question::{Outcome, Question};
use crate::row::{Row, State};
use crate::table::sni;

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
    /// `same`, `differs`, `missing` or `ejected`, where the proxy was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'static str>,
    /// Share of what the proxy has sent so far, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<f64>,
    codes: Vec<String>,
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
    /// `answered`, `noService`, `hidden`, `noPort`, `noSubset`.
    outcome: &'static str,
    /// `proxy`, `istiod` or `unread`, where the proxy was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'static str>,
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

/// Something that the proxy has otherwise than predicted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferenceItem<'a> {
    client: usize,
    code: &'static str,
    address: &'a str,
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'a str>,
    message: String,
}

/// Adds the items of all clients to a report's body.
pub(crate) fn fill(body: &mut Body, frame: &Frame<'_>, asked: &[Asked<'_>]) {
    let (mut clients, mut excluded, mut differences) = (Vec::new(), Vec::new(), Vec::new());
    for of_client in asked {
        for told in &of_client.answers {
            let at = clients.len();
            clients.push(ClientItem::of(frame, of_client, told));
            let Outcome::Answer(answer) = &told.agreed.answer else { continue };
            for row in &answer.rows {
                let mut item = EndpointItem::of(at, &frame.question, answer, row);
                item.beside(told.comparison.as_ref(), row);
                item.codes = codes(frame, of_client, row);
                body.push(&item);
            }
            excluded.extend(answer.excluded.iter().map(|left| ExcludedItem::of(at, left)));
            let found = told.comparison.iter().flat_map(|comparison| &comparison.differences);
            differences.extend(found.map(|difference| DifferenceItem::of(at, difference)));
            body.names.extend(answer.rows.iter().filter_map(|row| row.object.clone()));
        }
    }
    body.names.sort();
    body.names.dedup();
    body.set("clients", &clients);
    body.set("excluded", &excluded);
    body.set("differences", &differences);
}

fn codes(frame: &Frame<'_>, asked: &Asked<'_>, row: &Row) -> Vec<String> {
    let cluster = &frame.mesh.clusters()[asked.client.cluster].name;
    let codes: BTreeSet<_> = frame.trouble.on_the_way(cluster, row).map(|finding| finding.code).collect();
    codes.iter().map(ToString::to_string).collect()
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
            actual: None,
            measured: None,
            codes: Vec::new(),
            causes,
        }
    }

    /// What the proxy has of the address.
    fn beside(&mut self, comparison: Option<&Comparison>, row: &Row) {
        let Some(comparison) = comparison.filter(|_| row.state != State::Duplicate) else { return };
        let seen = comparison.seen.get(&row.address);
        self.measured = seen.and_then(|seen| seen.measured);
        self.actual = Some(match comparison.of_address(&row.address).first() {
            Some(one) if one.actual.is_none() => "missing",
            Some(_) => "differs",
            None if seen.is_some_and(|seen| seen.ejected) => "ejected",
            None => "same",
        });
    }
}

impl ClientItem {
    fn of(frame: &Frame<'_>, asked: &Asked<'_>, told: &Told) -> Self {
        let (outcome, answer) = match &told.agreed.answer {
            Outcome::Answer(answer) => ("answered", Some(AnswerItem::of(answer))),
            Outcome::NoService => ("noService", None),
            Outcome::Hidden(_) => ("hidden", None),
            Outcome::NoPort => ("noPort", None),
            Outcome::NoSubset(_) => ("noSubset", None),
        };
        let Asked { client, .. } = asked;
        let Question { host, port, subset } = frame.question;
        Self {
            cluster: frame.mesh.clusters()[client.cluster].name.to_string(),
            locality: client.locality.short(),
            network: client.network.to_string(),
            namespace: client.namespace.to_string(),
            pod: client.pod.map(|pod| pod.obj.name.to_string()),
            host: host.to_owned(),
            port,
            subset: subset.map(str::to_owned),
            rule_sets: told.agreed.rules.iter().map(ToString::to_string).collect(),
            undecided: asked.answers.len() > 1,
            outcome,
            actual: asked.actual.as_ref().map(|actual| match actual {
                Ok(Actual { source: ActualSource::Proxy, .. }) => "proxy",
                Ok(Actual { source: ActualSource::Istiod { .. }, .. }) => "istiod",
                Err(_) => "unread",
            }),
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

impl<'a> DifferenceItem<'a> {
    fn of(client: usize, difference: &'a Difference) -> Self {
        Self {
            client,
            code: "MESH236",
            address: &difference.address,
            field: difference.field,
            predicted: difference.predicted.as_deref(),
            actual: difference.actual.as_deref(),
            message: difference.text(),
        }
    }
}
