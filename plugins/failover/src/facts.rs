//! The lines above the table: what is lost, who calls, by which rules.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::Mesh;
use mesh_report::Block;
use mesh_traffic::scenario::{Caller, Callers, Course, Mode, Scenario};

use crate::answer::Answer;
use crate::losses::LossWord;

/// The lines.
pub(crate) fn facts(
    mesh: &Mesh,
    words: &[LossWord],
    scenario: &Scenario,
    rules: &str,
    answers: &[Answer<'_>],
) -> Block {
    Block::Facts(vec![
        ("Scenario", of_scenario(words, scenario.mode, answers)),
        ("Clients", clients(mesh, scenario, answers)),
        ("Model", model(rules, answers)),
    ])
}

fn of_scenario(words: &[LossWord], mode: Mode, answers: &[Answer<'_>]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    // The ports of a service have the same pods behind them.
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for answer in answers {
        let (gone, known) = counts.entry(&answer.host).or_default();
        *gone = answer.outcome.lost_endpoints.max(*gone);
        *known = answer.outcome.endpoints.max(*known);
    }
    let gone: usize = counts.values().map(|(gone, _)| gone).sum();
    let known: usize = counts.values().map(|(_, known)| known).sum();
    let how = match mode {
        Mode::Unreachable => "unreachable",
        Mode::Drain => "drained",
        Mode::Stale => "cut off from its istiods",
    };
    let who_knows = match mode {
        Mode::Unreachable => "istiod still lists what is lost",
        Mode::Drain => "istiod sees what is not ready",
        Mode::Stale => "they answer, and istiod keeps what it knew",
    };
    format!("{} {how}: {gone} of {known} endpoints; {who_knows}", words.join(" and "))
}

/// Every course that counts.
fn courses<'a, 'm>(answers: &'a [Answer<'m>]) -> impl Iterator<Item = &'a (Caller<'m>, Course<'m>)> {
    answers.iter().flat_map(|answer| &answer.outcome.courses)
}

fn clients(mesh: &Mesh, scenario: &Scenario, answers: &[Answer<'_>]) -> String {
    let clusters: BTreeSet<usize> = courses(answers).map(|(caller, _)| caller.client.cluster).collect();
    let names: Vec<String> = clusters.iter().map(|at| mesh.clusters()[*at].name.to_string()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let who = match &scenario.callers {
        Callers::Surviving => format!("surviving ones ({names})"),
        Callers::All => format!("all ({names})"),
        Callers::Of(name) => format!("those of {name}"),
        Callers::At(cluster, locality) => {
            let place = locality.short();
            let place = if place.is_empty() { "without locality".to_owned() } else { place };
            format!("those of {} {place}", mesh.clusters()[*cluster].name)
        }
    };
    let demand = if scenario.shift {
        "demand of lost clients comes from them too"
    } else {
        "lost clients call no more"
    };
    format!("{who}; {demand} (equal demand per cluster assumed)")
}

fn model(rules: &str, answers: &[Answer<'_>]) -> String {
    let thresholds: BTreeSet<u32> = courses(answers)
        .map(|(_, course)| course.before.prediction.settings.panic_threshold.unwrap_or(50))
        .collect();
    let panic = match (thresholds.first(), thresholds.last()) {
        (Some(first), Some(last)) if first != last => format!("{first}% to {last}%"),
        (Some(only), _) => format!("{only}%"),
        _ => "0%".to_owned(),
    };
    format!(
        "rules of {rules}, overprovisioning 140%, panic {panic}, ejection by outlierDetection; first attempts, idle \
         shares"
    )
}
