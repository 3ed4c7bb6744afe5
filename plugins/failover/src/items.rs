//! The answer for machines. Names and types of these structs are the schema of `FailoverReport`
//! (`docs/traffic.md` lists them).

use mesh_report::{Body, CauseItem};
use mesh_traffic::scenario::{Callers, Destination, Mode, Scenario, Shares};
use serde::Serialize;

use crate::answer::Answer;
use crate::blocks::block;
use crate::losses::LossWord;

/// What one destination of a service gets, of all calls that count, 0 to 1.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DestinationItem<'a> {
    service: String,
    namespace: &'a str,
    host: &'a str,
    ports: &'a [u16],
    cluster: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
    through_gateway: bool,
    sent: Moments<f64>,
    served: Moments<f64>,
    /// Sent in the limit of many requests under way.
    busy: Moments<f64>,
    pods: Moments<usize>,
    /// Answered calls per pod, of all calls before the loss.
    load_before: f64,
    load_settled: f64,
}

/// A value before the loss, at the loss, and settled.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moments<T> {
    before: T,
    at_loss: T,
    settled: T,
}

/// One service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceItem<'a> {
    service: String,
    namespace: &'a str,
    host: &'a str,
    ports: &'a [u16],
    state: &'static str,
    verdict: &'a str,
    endpoints: usize,
    lost_endpoints: usize,
    served: Moments<f64>,
    no_host: Moments<f64>,
    clients: Vec<ClientItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<MendItem>,
}

/// What clients of one place see of a service, settled.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientItem {
    cluster: String,
    locality: String,
    /// Part of all calls before the loss.
    demand: f64,
    lost: bool,
    served: Moments<f64>,
    hosts: usize,
    dead: usize,
    ejected: usize,
    most_ejected: usize,
    needed: usize,
    least_ejection_percent: u32,
    causes: Vec<CauseItem>,
}

/// A change of outlier detection, and what comes of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MendItem {
    block: String,
    rules: Vec<ChangeItem>,
    served: Moments<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeItem {
    cluster: String,
    namespace: String,
    object_name: String,
    path: String,
    new: bool,
}

/// What was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScenarioItem<'a> {
    losses: Vec<String>,
    mode: &'static str,
    clients: &'a str,
    shift_clients: bool,
    rules: &'a str,
}

/// Adds the items to a report's body.
pub(crate) fn fill(
    body: &mut Body,
    mesh: &mesh_model::Mesh,
    words: &[LossWord],
    scenario: &Scenario,
    rules: &str,
    answers: &[Answer<'_>],
) {
    for answer in answers {
        for (to, shares) in &answer.outcome.destinations {
            body.push(&DestinationItem::of(answer, to, shares));
        }
        let suffix = format!(".{}.svc.cluster.local", answer.namespace);
        body.names.extend(answer.host.strip_suffix(&suffix).map(|name| format!("service/{name}")));
    }
    body.names.sort();
    body.names.dedup();
    let services: Vec<_> = answers.iter().map(|answer| ServiceItem::of(mesh, answer)).collect();
    body.set("services", &services);
    let clients = match &scenario.callers {
        Callers::Surviving => "surviving",
        Callers::All => "all",
        Callers::Of(name) => name,
        Callers::At(cluster, _) => &mesh.clusters()[*cluster].name,
    };
    let item = ScenarioItem {
        losses: words.iter().map(ToString::to_string).collect(),
        mode: mode(scenario.mode),
        clients,
        shift_clients: scenario.shift,
        rules,
    };
    body.set("scenario", &item);
}

/// As typed.
pub(crate) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Unreachable => "unreachable",
        Mode::Drain => "drain",
        Mode::Stale => "stale",
    }
}

impl Moments<f64> {
    /// Rounded to a millionth: sums of doubles differ behind that.
    fn of([before, at_loss, settled]: [f64; 3]) -> Self {
        Self { before: rounded(before), at_loss: rounded(at_loss), settled: rounded(settled) }
    }
}

fn rounded(share: f64) -> f64 {
    // Adding zero makes a negative zero positive.
    (share * 1e6).round() / 1e6 + 0.0
}

impl<'a> DestinationItem<'a> {
    fn of(answer: &'a Answer<'_>, to: &Destination, shares: &Shares) -> Self {
        let [before, at_loss, settled] = shares.pods;
        Self {
            service: answer.name(false),
            namespace: &answer.namespace,
            host: &answer.host,
            ports: &answer.ports,
            cluster: to.cluster.to_string(),
            region: to.region.to_string(),
            through_gateway: shares.through_gateway && !shares.direct,
            sent: Moments::of(shares.sent),
            served: Moments::of(shares.served),
            busy: Moments::of(shares.busy),
            pods: Moments { before, at_loss, settled },
            load_before: rounded(shares.load[0]),
            load_settled: rounded(shares.load[1]),
        }
    }
}

impl<'a> ServiceItem<'a> {
    fn of(mesh: &mesh_model::Mesh, answer: &'a Answer<'_>) -> Self {
        let outcome = &answer.outcome;
        Self {
            service: answer.name(false),
            namespace: &answer.namespace,
            host: &answer.host,
            ports: &answer.ports,
            state: answer.verdict.state.as_str(),
            verdict: &answer.verdict.text,
            endpoints: outcome.endpoints,
            lost_endpoints: outcome.lost_endpoints,
            served: Moments::of(outcome.served),
            no_host: Moments::of(outcome.no_host),
            clients: outcome.courses.iter().map(|course| ClientItem::of(mesh, course)).collect(),
            mend: answer.mend.as_ref().map(MendItem::of),
        }
    }
}

impl ClientItem {
    fn of(
        mesh: &mesh_model::Mesh,
        (caller, course): &(mesh_traffic::scenario::Caller<'_>, mesh_traffic::scenario::Course<'_>),
    ) -> Self {
        let settled = &course.settled;
        let settings = &settled.prediction.settings;
        Self {
            cluster: mesh.clusters()[caller.client.cluster].name.to_string(),
            locality: caller.client.locality.short(),
            demand: rounded(caller.demand),
            lost: caller.is_lost,
            served: Moments::of(course.moments().map(mesh_traffic::scenario::Moment::served)),
            hosts: settled.hosts.len(),
            dead: settled.dead.len(),
            ejected: settled.ejection.ejected.len(),
            most_ejected: settled.ejection.most,
            needed: settled.ejection.needed,
            least_ejection_percent: settled.ejection.least_percent,
            causes: vec![
                CauseItem::new("mostEjected", &settings.outlier.cause),
                CauseItem::new("locality", &settings.locality.cause),
                CauseItem::new("localityWeights", &settings.locality_weights.cause),
                CauseItem::new("hostPolicy", &settings.policy.cause),
            ],
        }
    }
}

impl MendItem {
    fn of(mend: &mesh_traffic::scenario::Mend) -> Self {
        let change = |change: &mesh_traffic::scenario::Change| ChangeItem {
            cluster: change.object.cluster.to_string(),
            namespace: change.object.namespace.to_string(),
            object_name: change.object.name.to_string(),
            path: change.path.to_string(),
            new: change.is_new,
        };
        Self {
            block: block(mend),
            rules: mend.rules.iter().map(change).collect(),
            served: Moments::of(mend.served),
        }
    }
}
