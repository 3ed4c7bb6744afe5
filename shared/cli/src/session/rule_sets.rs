//! Answers where the version of istiod may not be known: every rule set in question is asked, and where they differ
//! all answers are told instead of one that is chosen.

use mesh_model::Mesh;
use mesh_report::Remark;
use mesh_rules::Severity;
use mesh_traffic::{Client, RuleSet, Traffic};

/// The answer of rule sets that agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed<A> {
    /// The rule sets, oldest first; at least one.
    pub rules: Vec<RuleSet>,
    /// What they answer.
    pub answer: A,
}

/// Asks every rule set that may be in force for a client. Neighbours that agree stand together, so that one answer
/// means that the version makes no difference.
#[must_use]
pub fn ask<A: PartialEq>(
    traffic: &Traffic<'_>,
    client: &Client<'_>,
    ask_one: impl Fn(RuleSet) -> A,
) -> Vec<Agreed<A>> {
    let mut answers: Vec<Agreed<A>> = Vec::new();
    for rules in RuleSet::in_question(traffic.view(client.cluster).version()) {
        let answer = ask_one(rules);
        match answers.last_mut().filter(|last| last.answer == answer) {
            Some(last) => last.rules.push(rules),
            None => answers.push(Agreed { rules: vec![rules], answer }),
        }
    }
    answers
}

impl<A> Agreed<A> {
    /// `Istio 1.29`, or `Istio 1.24 to 1.29` where several agree.
    #[must_use]
    pub fn text(&self) -> String {
        match self.rules.as_slice() {
            [] => String::new(),
            [one] => one.to_string(),
            [first, .., last] => format!("{first} to {}", last.to_string().trim_start_matches("Istio ")),
        }
    }
}

/// What to tell where rule sets differ.
#[must_use]
pub fn undecided(mesh: &Mesh, client: &Client<'_>) -> Remark {
    let cluster = &mesh.clusters()[client.cluster].name;
    let text = format!(
        "the version of the istiod that serves cluster \"{cluster}\" is not known, and versions differ here; with -f \
         name it by --istio-version"
    );
    Remark::signed(Severity::Warning, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_sets_that_agree_are_named_from_the_first_to_the_last() {
        let of = |minors: &[&str]| {
            let rules = minors.iter().map(|minor| RuleSet::of(minor.parse().unwrap())).collect();
            Agreed { rules, answer: () }.text()
        };
        assert_eq!(of(&["1.29"]), "Istio 1.29");
        assert_eq!(of(&["1.24", "1.25", "1.31"]), "Istio 1.24 to 1.31");
    }
}
