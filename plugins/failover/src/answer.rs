//! What becomes of one service: its outcome, what would mend it, and the verdict.

use std::cmp::Ordering;

use mesh_traffic::Traffic;
use mesh_traffic::scenario::{self, Mend, Outcome, Scenario};

use crate::verdict::Verdict;

/// A service through a loss, for the ports that it makes no difference to.
pub(crate) struct Answer<'m> {
    pub(crate) host: String,
    pub(crate) namespace: String,
    /// Ports that the same holds for.
    pub(crate) ports: Vec<u16>,
    /// Another port of the service has another answer.
    pub(crate) is_one_of_several: bool,
    pub(crate) outcome: Outcome<'m>,
    pub(crate) mend: Option<Mend>,
    pub(crate) verdict: Verdict,
}

/// A service, and the ports that are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) host: String,
    pub(crate) ports: Vec<u16>,
}

/// The answers for one service; none where nobody knows it.
pub(crate) fn answers<'m>(
    traffic: &Traffic<'m>,
    asked: &Asked,
    scenario: &Scenario,
    least: Option<f64>,
) -> Vec<Answer<'m>> {
    let mut answers: Vec<Answer<'m>> = Vec::new();
    let namespace = mesh_cli::service::namespace_of(traffic.mesh(), &asked.host).to_string();
    for port in &asked.ports {
        let Some(outcome) = scenario::outcome(traffic, &asked.host, *port, scenario) else { continue };
        if let Some(known) = answers.iter_mut().find(|known| is_same(&known.outcome, &outcome)) {
            known.ports.push(*port);
            continue;
        }
        let verdict = Verdict::of(&outcome, least);
        let wants_mend = verdict.loses(&outcome);
        let mend =
            wants_mend.then(|| scenario::mend(traffic, &asked.host, *port, scenario, &outcome)).flatten();
        answers.push(Answer {
            host: asked.host.clone(),
            namespace: namespace.clone(),
            ports: vec![*port],
            is_one_of_several: false,
            outcome,
            mend,
            verdict,
        });
    }
    let several = answers.len() > 1;
    for answer in &mut answers {
        answer.is_one_of_several = several;
    }
    answers
}

/// Nothing that is shown differs.
fn is_same(one: &Outcome<'_>, other: &Outcome<'_>) -> bool {
    let causes = |outcome: &Outcome<'_>| {
        let settings = outcome.courses.iter().map(|(_, course)| &course.settled.prediction.settings);
        settings.map(|of| (of.outlier.clone(), of.locality.cause.clone())).collect::<Vec<_>>()
    };
    one.destinations == other.destinations
        && (one.served, one.no_host).partial_cmp(&(other.served, other.no_host)) == Some(Ordering::Equal)
        && one.picks_itself == other.picks_itself
        && causes(one) == causes(other)
}

impl Answer<'_> {
    /// The name of a Service, with its port where ports differ; the whole host of a ServiceEntry.
    pub(crate) fn name(&self, with_namespace: bool) -> String {
        let of_namespace = format!(".{}.svc.cluster.local", self.namespace);
        let name = match self.host.strip_suffix(&of_namespace) {
            Some(name) if with_namespace => format!("{name}.{}", self.namespace),
            Some(name) => name.to_owned(),
            None => self.host.clone(),
        };
        if !self.is_one_of_several {
            return name;
        }
        let ports: Vec<String> = self.ports.iter().map(ToString::to_string).collect();
        format!("{name}:{}", ports.join(","))
    }
}
