//! Each client with what it is told and, where it was asked for, what its proxy has.

use mesh_cli::{Agreed, Caller, Failure, Loaded};
use mesh_model::Mesh;
use mesh_model::actual::{Actual, ProxyRef};
use mesh_model::row::PodFact;
use mesh_model::{Gap, Row as ModelRow};
use mesh_traffic::{Client, Discovery, Traffic};

use crate::actual::Comparison;
use crate::question::{Outcome, Question};
use crate::row::Row;
use crate::trouble::Trouble;

/// What all clients share.
pub(crate) struct Frame<'a> {
    pub(crate) mesh: &'a Mesh,
    pub(crate) question: Question<'a>,
    /// Name of the port, empty if it has none.
    pub(crate) port_name: &'a str,
    pub(crate) trouble: Trouble,
}

/// One client.
pub(crate) struct Asked<'m> {
    pub(crate) client: Client<'m>,
    /// What it is told, by the rule sets in question.
    pub(crate) answers: Vec<Told>,
    /// What its proxy has; `None` if nobody asked.
    pub(crate) actual: Option<Result<Actual, Gap>>,
}

/// What some rule sets agree on, beside what the proxy has.
pub(crate) struct Told {
    pub(crate) agreed: Agreed<Outcome>,
    /// `None` where there is nothing to compare.
    pub(crate) comparison: Option<Comparison>,
}

impl<'m> Asked<'m> {
    /// Asks the prediction for every client.
    pub(crate) fn all(traffic: &Traffic<'m>, question: Question<'_>, callers: Vec<Caller<'m>>) -> Vec<Self> {
        let ask = |Caller { client, .. }: Caller<'m>| {
            let answers = question.ask(traffic, &client);
            let answers = answers.into_iter().map(|agreed| Told { agreed, comparison: None }).collect();
            Self { client, answers, actual: None }
        };
        callers.into_iter().map(ask).collect()
    }

    /// Rows of every answer.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.answers.iter().filter_map(|told| told.agreed.answer.answer()).flat_map(|answer| &answer.rows)
    }

    /// The proxy has something else, by whatever rules.
    pub(crate) fn differs(&self) -> bool {
        let differs =
            |told: &Told| told.comparison.as_ref().is_some_and(|found| !found.differences.is_empty());
        !self.answers.is_empty() && self.answers.iter().all(differs)
    }

    fn compare(&mut self) {
        let Some(Ok(actual)) = &self.actual else { return };
        for told in &mut self.answers {
            let answer = told.agreed.answer.answer();
            // What Envoy resolves itself is not predicted.
            let answer = answer.filter(|answer| answer.settings.discovery == Discovery::Eds);
            told.comparison = answer.map(|answer| Comparison::of(answer, actual));
        }
    }
}

/// Asks the proxies of all clients, and compares.
///
/// # Errors
/// If a client is no pod: there is nobody to ask then.
pub(crate) fn ask_proxies(loaded: &Loaded, host: &str, asked: &mut [Asked<'_>]) -> Result<(), Failure> {
    let proxies: Option<Vec<ProxyRef>> = asked.iter().map(|asked| asked.client.pod.map(proxy)).collect();
    let proxies = proxies.ok_or(Failure::NoClient)?;
    for (asked, actual) in asked.iter_mut().zip(loaded.actual(&proxies, &[host])) {
        asked.actual = Some(actual);
        asked.compare();
    }
    Ok(())
}

fn proxy(pod: &ModelRow<PodFact>) -> ProxyRef {
    ProxyRef {
        cluster: pod.obj.cluster.clone(),
        namespace: pod.obj.namespace.clone(),
        pod: pod.obj.name.clone(),
    }
}

/// The client as a pod that can be asked: itself, or a pod with a proxy in its place, ready ones and those of its
/// namespace before others. `None` if none runs there.
pub(crate) fn as_pod<'m>(traffic: &Traffic<'m>, client: &Client<'m>) -> Option<Client<'m>> {
    if client.pod.is_some() {
        return Some(client.clone());
    }
    let view = traffic.view(client.cluster);
    let pods = traffic.mesh().clusters()[client.cluster].pods.rows().iter();
    let in_place = pods
        .filter(|row| row.fact.has_proxy && !row.fact.finished)
        .map(|row| (row, view.client_of(row)))
        .filter(|(_, candidate)| candidate.locality == client.locality);
    let best = in_place.min_by_key(|(row, _)| (!row.fact.ready, row.obj.namespace != client.namespace));
    best.map(|(_, candidate)| candidate)
}
