//! The question of one client, asked of every rule set that may be in force.

use mesh_cli::{Agreed, rule_sets};
use mesh_traffic::{Cause, Chosen, Client, RuleSet, Traffic};

use crate::answer::Answer;

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) host: &'q str,
    pub(crate) port: u16,
    pub(crate) subset: Option<&'q str>,
}

/// What the istiod of a client has for the question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Endpoints and settings.
    Answer(Box<Answer>),
    /// It does not know the host, or has it for other namespaces only.
    NoService,
    /// A Sidecar hides the service from the client.
    Hidden(Cause),
    /// It knows the host without this port.
    NoPort,
    /// The rule in force does not have the subset; it has these.
    NoSubset(Vec<String>),
}

impl Outcome {
    /// The answer, if there is one.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::NoService | Self::Hidden(_) | Self::NoPort | Self::NoSubset(_) => None,
        }
    }
}

impl Question<'_> {
    /// Asks every rule set in question; neighbours that agree stand together.
    pub(crate) fn ask(&self, traffic: &Traffic<'_>, client: &Client<'_>) -> Vec<Agreed<Outcome>> {
        rule_sets::ask(traffic, client, |rules| self.ask_one(traffic, client, rules))
    }

    fn ask_one(&self, traffic: &Traffic<'_>, client: &Client<'_>, rules: RuleSet) -> Outcome {
        let view = traffic.view_by(client.cluster, rules);
        let Some(service) = view.service_for(self.host, &client.namespace) else { return Outcome::NoService };
        let scope = view.sidecars().of(client, view.cluster_id(client.cluster));
        let seen = scope.sees(&client.namespace, service.namespace, service.host);
        if !seen.value {
            return Outcome::Hidden(seen.cause);
        }
        if service.port(self.port).is_none() {
            return Outcome::NoPort;
        }
        let prediction = view.predict(client, &service, self.port, self.subset);
        if let Some(subset) = self.subset {
            let subsets: Vec<String> =
                prediction.rule.iter().flat_map(Chosen::subsets).map(str::to_owned).collect();
            if !subsets.iter().any(|known| known == subset) {
                return Outcome::NoSubset(subsets);
            }
        }
        Outcome::Answer(Box::new(Answer::of(traffic.mesh(), &prediction)))
    }
}
