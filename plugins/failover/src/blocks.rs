//! The answer for people: the split, the load, what would mend it.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::Region;
use mesh_report::{Block, Cell, Column, ColumnClass, Remark, View};
use mesh_rules::Severity;
use mesh_traffic::scenario::{Destination, Mend, Shares};

use crate::answer::Answer;
use crate::verdict::{State, percent};

const fn column(header: &'static str, key: &'static str, class: ColumnClass) -> Column {
    Column { header, key, class }
}

/// How destinations are called over all answers.
pub(crate) struct Names {
    /// Clusters of each region.
    regions: BTreeMap<Region, BTreeSet<String>>,
}

impl Names {
    pub(crate) fn of(answers: &[Answer<'_>]) -> Self {
        let mut regions: BTreeMap<Region, BTreeSet<String>> = BTreeMap::new();
        for to in answers.iter().flat_map(|answer| answer.outcome.destinations.keys()) {
            regions.entry(to.region.clone()).or_default().insert(to.cluster.to_string());
        }
        Self { regions }
    }

    /// The region alone where one cluster has it, else the cluster too.
    pub(crate) fn name(&self, to: &Destination) -> String {
        let is_alone = self.regions.get(&to.region).is_some_and(|clusters| clusters.len() == 1);
        match (to.region.is_empty(), is_alone) {
            (true, _) => to.cluster.to_string(),
            (false, true) => to.region.to_string(),
            (false, false) => format!("{} {}", to.cluster, to.region),
        }
    }

    /// The name with the number of pods, or with the way there.
    fn label(&self, to: &Destination, shares: &Shares) -> String {
        let name = self.name(to);
        match shares.pods[0] {
            _ if shares.through_gateway && !shares.direct => format!("{name} via gw"),
            1 => format!("{name} (1 pod)"),
            pods => format!("{name} ({pods} pods)"),
        }
    }
}

/// The table of shares.
pub(crate) fn split(answers: &[Answer<'_>], names: &Names, mixed: bool) -> Block {
    let columns = vec![
        column("SERVICE", "service", ColumnClass::Normal),
        column("DESTINATION", "destination", ColumnClass::Normal),
        column("BEFORE", "before", ColumnClass::Normal),
        column("AT-LOSS", "atLoss", ColumnClass::Normal),
        column("SETTLED", "settled", ColumnClass::Normal),
        column("SERVED", "served", ColumnClass::Wide),
        column("BUSY", "busy", ColumnClass::Wide),
        column("EJECTED", "ejected", ColumnClass::Wide),
        column("OUTLIER-FROM", "outlierFrom", ColumnClass::Wide),
        column("LOCALITY-FROM", "localityFrom", ColumnClass::Wide),
        column("VERDICT", "verdict", ColumnClass::Prose),
    ];
    let rows = answers.iter().flat_map(|answer| rows(answer, names, mixed)).collect();
    Block::Table(View { columns, rows })
}

/// The rows of a service; its name stands in the first, its verdict where calls are lost.
fn rows(answer: &Answer<'_>, names: &Names, mixed: bool) -> Vec<Vec<Cell>> {
    let name = answer.name(mixed);
    let destinations: Vec<_> = answer.outcome.destinations.iter().collect();
    if destinations.is_empty() {
        let dash = || Cell::from("-");
        let mut row = vec![Cell::Text(name), dash(), dash(), dash(), dash(), dash(), dash()];
        row.extend([dash(), dash(), dash(), Cell::Text(verdict(answer))]);
        return vec![row];
    }
    let at = place_of_verdict(&destinations);
    let row = |(position, (to, shares)): (usize, &(&Destination, &Shares))| {
        let is_first = position == 0;
        let [before, at_loss, settled] = shares.sent.map(|share| Cell::Text(percent(share)));
        let first = |text: String| if is_first { Cell::Text(text) } else { Cell::Above };
        vec![
            first(name.clone()),
            Cell::Text(names.label(to, shares)),
            before,
            at_loss,
            settled,
            Cell::Text(shares.served.map(percent).join(" ")),
            Cell::Text(shares.busy.map(percent).join(" ")),
            first(ejected(answer)),
            first(causes(answer, |settings| settings.outlier.cause.to_string())),
            first(causes(answer, |settings| settings.locality.cause.to_string())),
            if position == at { Cell::Text(verdict(answer)) } else { Cell::Above },
        ]
    };
    destinations.iter().enumerate().map(row).collect()
}

/// The row where most calls are lost in the end; the first where none are.
fn place_of_verdict(destinations: &[(&Destination, &Shares)]) -> usize {
    let lost = |shares: &Shares| shares.sent[2] - shares.served[2];
    let mut most = 0;
    for (at, (_, shares)) in destinations.iter().enumerate() {
        if lost(shares) > lost(destinations[most].1) + 1e-9 {
            most = at;
        }
    }
    most
}

fn verdict(answer: &Answer<'_>) -> String {
    let sign = match answer.verdict.state {
        State::Fine => "ok: ",
        State::Untold => "",
        State::Degraded | State::Down => "FAIL: ",
    };
    format!("{sign}{}", answer.verdict.text)
}

/// `1 of 12, 6 needed` for the client that needs most.
fn ejected(answer: &Answer<'_>) -> String {
    let settled = answer.outcome.courses.iter().map(|(_, course)| &course.settled);
    let worst = settled.max_by_key(|moment| moment.ejection.needed);
    worst.map_or_else(String::new, |moment| {
        let ejection = &moment.ejection;
        format!("{} of {}, {} needed", ejection.ejected.len(), moment.hosts.len(), ejection.needed)
    })
}

fn causes(answer: &Answer<'_>, of: impl Fn(&mesh_traffic::Settings) -> String) -> String {
    let settings = answer.outcome.courses.iter().map(|(_, course)| &course.settled.prediction.settings);
    let all: BTreeSet<String> = settings.map(of).collect();
    all.into_iter().collect::<Vec<_>>().join("; ")
}

/// The table of loads: one row per destination that lives on and is called.
pub(crate) fn load(answers: &[Answer<'_>], names: &Names, mixed: bool) -> Block {
    let columns = vec![
        column("LOAD PER POD", "destination", ColumnClass::Normal),
        column("BEFORE", "before", ColumnClass::Normal),
        column("SETTLED", "settled", ColumnClass::Normal),
        column("FACTOR", "factor", ColumnClass::Normal),
    ];
    let mut rows = Vec::new();
    for answer in answers {
        for (to, shares) in &answer.outcome.destinations {
            let [before, settled] = shares.load;
            if shares.pods[2] == 0 || (before <= 0.0 && settled <= 0.0) {
                continue;
            }
            let factor = if before > 0.0 { format!("x{:.1}", settled / before) } else { "new".to_owned() };
            rows.push(vec![
                Cell::Text(format!("{} {}", answer.name(mixed), names.name(to))),
                Cell::Text(format!("{:.1}%", before * 100.0)),
                Cell::Text(format!("{:.1}%", settled * 100.0)),
                Cell::Text(factor),
            ]);
        }
    }
    Block::Table(View { columns, rows })
}

/// What would mend the services that lose calls.
pub(crate) fn what_if(answers: &[Answer<'_>], names: &Names, mixed: bool) -> Option<Block> {
    let mut remarks = Vec::new();
    for answer in answers {
        let Some(mend) = &answer.mend else { continue };
        let name = answer.name(mixed);
        remarks.push(Remark::plain(format!("What if {name} gets {}", block(mend))));
        remarks.extend(mend.rules.iter().map(|change| {
            let verb = if change.is_new { "a new" } else { "in" };
            Remark::plain(format!(
                "  {verb} {} of cluster {}, at {}",
                change.object, change.object.cluster, change.path
            ))
        }));
        remarks.push(Remark::plain(format!("  {}", effect(answer, mend, names))));
    }
    (!remarks.is_empty()).then_some(Block::Remarks(remarks))
}

/// The block as a flow mapping, to be pasted.
pub(crate) fn block(mend: &Mend) -> String {
    let of = &mend.outlier;
    let number = |name: &str, value: Option<u32>| value.map(|value| format!("{name}: {value}"));
    let duration = |name: &str, value: Option<u64>| value.map(|value| format!("{name}: {}", text_of(value)));
    let fields = [
        number("consecutive5xxErrors", of.consecutive_5xx),
        number("consecutiveGatewayErrors", of.consecutive_gateway),
        of.split_local_origin.then(|| "splitExternalLocalOriginErrors: true".to_owned()),
        number("consecutiveLocalOriginFailures", of.consecutive_local_origin),
        duration("interval", of.interval),
        duration("baseEjectionTime", of.base_ejection_time),
        number("maxEjectionPercent", of.max_ejection_percent),
    ];
    format!("outlierDetection {{{}}}", fields.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Milliseconds as Istio writes durations.
fn text_of(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) {
        format!("{}s", milliseconds / 1000)
    } else {
        format!("{milliseconds}ms")
    }
}

fn effect(answer: &Answer<'_>, mend: &Mend, names: &Names) -> String {
    let served = format!(
        "then {} of calls are answered once settled, instead of {}",
        percent(mend.served[2]),
        percent(answer.outcome.served[2])
    );
    let now = |to: &Destination| answer.outcome.destinations.get(to).map_or(0.0, |shares| shares.sent[0]);
    let moved = mend.sent.iter().filter(|(to, sent)| (sent[0] - now(to)).abs() > 1e-9);
    let changes: Vec<String> = moved
        .map(|(to, sent)| format!("{} {} -> {}", names.name(to), percent(now(to)), percent(sent[0])))
        .collect();
    if changes.is_empty() {
        served
    } else {
        format!("{served}; the NORMAL split changes too: {}", changes.join(", "))
    }
}

/// `3 services: 1 ok, 1 degraded, 1 down`. A service is as bad as its worst port.
pub(crate) fn summary(answers: &[Answer<'_>]) -> Block {
    let mut services: BTreeMap<&str, State> = BTreeMap::new();
    for answer in answers {
        let worst = services.entry(&answer.host).or_insert(answer.verdict.state);
        *worst = answer.verdict.state.max(*worst);
    }
    let count = |state: State| services.values().filter(|known| **known == state).count();
    let parts: Vec<String> = State::ALL
        .into_iter()
        .map(|state| (state, count(state)))
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    let plural = if services.len() == 1 { "" } else { "s" };
    let text = format!("{} service{plural}: {}", services.len(), parts.join(", "));
    let fails = answers.iter().any(|answer| answer.verdict.state.fails());
    let remark = if fails { Remark::signed(Severity::Error, text) } else { Remark::plain(text) };
    Block::Remarks(vec![remark])
}
