//! The answer for machines. Names and types of these structs are the schema of `Trace` (`docs/trace.md` lists
//! them).

use mesh_cli::Agreed;
use mesh_model::Mesh;
use mesh_report::{Body, CauseItem};
use mesh_traffic::Client;
use serde::Serialize;

use crate::hop::{Journey, computed};
use crate::question::Question;

/// One hop.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HopItem<'a> {
    /// Position of its journey in `journeys`, from 0.
    journey: usize,
    /// Its number, from 1.
    hop: usize,
    step: &'static str,
    what: &'a str,
    /// `ok`, `FAIL`, `unknown`, `not reached`.
    result: &'static str,
    /// What it is by itself, also behind a failure.
    computed: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    causes: Vec<CauseItem>,
}

/// One way of one client's calls.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JourneyItem<'a> {
    cluster: String,
    locality: String,
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    /// Versions of Istio by whose rules it was computed.
    rule_sets: Vec<String>,
    /// The version in force is not known, and others give another answer.
    undecided: bool,
    /// Name of the Envoy cluster.
    #[serde(skip_serializing_if = "str::is_empty")]
    destination: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    via: &'a str,
    /// Part of all calls.
    share: f64,
    /// `succeeds`, `fails`, `unknown`.
    outcome: &'static str,
    /// Number of the hop that fails, or of which nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hop: Option<usize>,
}

/// What was asked.
#[derive(Serialize)]
struct CallItem<'a> {
    host: &'a str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    /// Names only: a value may be a credential.
    headers: Vec<&'a str>,
}

/// One client with its answers.
pub(crate) struct Asked<'m> {
    pub(crate) client: Client<'m>,
    pub(crate) answers: Vec<Agreed<Vec<Journey>>>,
}

/// Adds the items of all clients to a report's body.
pub(crate) fn fill(body: &mut Body, mesh: &Mesh, question: &Question<'_>, asked: &[Asked<'_>]) {
    let mut journeys = Vec::new();
    for Asked { client, answers } in asked {
        for agreed in answers {
            for journey in &agreed.answer {
                let at = journeys.len();
                journeys.push(JourneyItem::of(mesh, client, agreed, journey, answers.len() > 1));
                for (position, hop) in journey.hops.iter().enumerate() {
                    body.push(&HopItem {
                        journey: at,
                        hop: position + 1,
                        step: hop.step.as_str(),
                        what: &hop.what,
                        result: journey.result(position),
                        computed: computed(hop),
                        code: hop.code,
                        causes: vec![CauseItem::new("result", &hop.cause)],
                    });
                }
            }
        }
    }
    body.set("journeys", &journeys);
    let call = &question.call;
    body.set(
        "call",
        &CallItem {
            host: question.host,
            port: question.port,
            subset: question.subset,
            to: question.to,
            method: call.method,
            path: call.path,
            headers: call.headers.iter().map(|(name, _)| name.as_str()).collect(),
        },
    );
}

impl<'a> JourneyItem<'a> {
    fn of(
        mesh: &Mesh,
        client: &Client<'_>,
        agreed: &Agreed<Vec<Journey>>,
        journey: &'a Journey,
        undecided: bool,
    ) -> Self {
        let (outcome, at) = match (journey.fails_at(), journey.unknown_at()) {
            (Some(at), _) => ("fails", Some(at)),
            (None, Some(at)) => ("unknown", Some(at)),
            (None, None) => ("succeeds", None),
        };
        Self {
            cluster: mesh.clusters()[client.cluster].name.to_string(),
            locality: client.locality.short(),
            namespace: client.namespace.to_string(),
            pod: client.pod.map(|pod| pod.obj.name.to_string()),
            rule_sets: agreed.rules.iter().map(ToString::to_string).collect(),
            undecided,
            destination: &journey.destination,
            via: &journey.via,
            share: journey.share,
            outcome,
            at_hop: at.map(|at| at + 1),
        }
    }
}
