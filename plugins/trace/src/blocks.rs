//! The answer for people: what is asked, a table of hops per way, and where each ends.

use mesh_cli::{Agreed, client, rule_sets};
use mesh_model::Mesh;
use mesh_report::{Block, Cell, Column, ColumnClass, Remark, View};
use mesh_rules::Severity;
use mesh_traffic::Client;

use crate::hop::Journey;
use crate::question::Question;
use crate::steps::endpoint::percent;

/// The blocks of one client.
pub(crate) fn blocks(
    mesh: &Mesh,
    question: &Question<'_>,
    caller: &Client<'_>,
    answers: &[Agreed<Vec<Journey>>],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (at, agreed) in answers.iter().enumerate() {
        if at > 0 {
            blocks.push(Block::Gap);
        }
        let call = &question.call;
        blocks.push(Block::Facts(vec![
            ("Call", format!("{} {} to {}:{}", call.method, call.path, question.host, question.port)),
            ("Client", client::describe(mesh, caller)),
            ("Rules", agreed.text()),
        ]));
        for journey in &agreed.answer {
            blocks.push(Block::Gap);
            if agreed.answer.len() > 1 {
                blocks.push(Block::Remarks(vec![Remark::plain(title(journey))]));
            }
            blocks.push(Block::Table(table(journey)));
            blocks.push(Block::Remarks(vec![ending(journey)]));
        }
    }
    if answers.len() > 1 {
        blocks.push(Block::Remarks(vec![rule_sets::undecided(mesh, caller)]));
    }
    blocks
}

fn title(journey: &Journey) -> String {
    let via = if journey.via.is_empty() { String::new() } else { format!(", {}", journey.via) };
    format!("{} of the calls: {}{via}", percent(journey.share), journey.destination)
}

fn table(journey: &Journey) -> View {
    let column = |header, key, class| Column { header, key, class };
    let columns = vec![
        column("HOP", "hop", ColumnClass::Normal),
        column("STEP", "step", ColumnClass::Normal),
        column("WHAT", "what", ColumnClass::Prose),
        column("SOURCE", "source", ColumnClass::Wide),
        column("RESULT", "result", ColumnClass::Normal),
    ];
    let rows = journey.hops.iter().enumerate().map(|(at, hop)| {
        let result = journey.result(at);
        let code = hop.code.filter(|_| result == "FAIL");
        vec![
            Cell::Int(i64::try_from(at + 1).unwrap_or(i64::MAX)),
            hop.step.as_str().into(),
            Cell::Text(hop.what.clone()),
            Cell::Text(hop.cause.to_string()),
            code.map_or_else(|| result.into(), |code| Cell::Text(format!("{result} {code}"))),
        ]
    });
    View { columns, rows: rows.collect() }
}

fn ending(journey: &Journey) -> Remark {
    if let Some(at) = journey.fails_at() {
        return Remark::signed(Severity::Error, format!("The call fails at hop {}.", at + 1));
    }
    if let Some(at) = journey.unknown_at() {
        return Remark::signed(
            Severity::Warning,
            format!("Whether the call succeeds is not known: see hop {}.", at + 1),
        );
    }
    Remark::plain("The call succeeds.")
}
