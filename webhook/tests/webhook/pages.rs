//! The cases of the rules' pages through the webhook: the same findings as anywhere else.

use std::collections::BTreeSet;

use mesh_model::Kind;
use mesh_rules::admission::{Mode, Modes, RuleMode};
use mesh_rules::{ALL, Rule, Tags};
use mesh_testkit::pages::{Case, Page};
use serde_json::Value;

use super::common::{create, review, with_modes};

/// Rules that judge a DestinationRule by itself; what they read beside it only adds to what they say.
fn rules() -> impl Iterator<Item = &'static Rule> {
    let alone = |rule: &&Rule| rule.needs.has(Kind::DestinationRule) && rule.closed.is_empty();
    ALL.iter().copied().filter(move |rule| rule.tags.contains(Tags::ADMISSION) && alone(rule))
}

/// The object of a case that holds nothing else.
fn only_object(case: &Case) -> Option<Value> {
    let mut objects = case.texts().flat_map(|(_, text)| {
        text.split("\n---\n")
            .map(|document| serde_yaml::from_str::<Value>(document).unwrap())
            .collect::<Vec<_>>()
    });
    let first = objects.next()?;
    (objects.next().is_none() && first["kind"] == "DestinationRule").then_some(first)
}

#[tokio::test]
async fn each_case_of_one_object_has_the_same_findings_at_admission() {
    let strict = rules().fold(Modes::default().with_admiral(Mode::Deny), |modes, rule| {
        modes.with(RuleMode { code: rule.code, mode: Mode::Deny })
    });
    let shared = with_modes(strict);
    let mut judged = BTreeSet::new();
    for rule in rules() {
        for case in Page::parse(rule.docs).unwrap().cases {
            let Some(object) = only_object(&case) else { continue };
            let expected: BTreeSet<_> =
                case.findings(rule).unwrap().into_iter().map(|finding| finding.path.to_string()).collect();
            let mut review_of = create(&object);
            review_of["request"]["namespace"] = object["metadata"]["namespace"].clone();
            let response = review(&shared, &review_of).await;
            let causes = response["status"]["details"]["causes"].as_array().cloned().unwrap_or_default();
            let found: BTreeSet<_> = causes
                .iter()
                .filter(|cause| cause["reason"] == rule.code.to_string())
                .map(|cause| cause["field"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(found, expected, "{} {}", rule.code, case.title);
            judged.insert((rule.code, !expected.is_empty()));
        }
    }
    for rule in rules() {
        assert!(judged.contains(&(rule.code, true)), "{} has a case that fires", rule.code);
        assert!(judged.contains(&(rule.code, false)), "{} has a case that does not", rule.code);
    }
}
