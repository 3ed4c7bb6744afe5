//! The table of all comparisons.

use std::fmt::Write as _;

use crate::compare::{Row, SIGMAS};
use crate::verdict::Outcome;

/// One line per scenario, then one per comparison of those that are asked for.
#[must_use]
pub fn table(outcomes: &[Outcome], rows_of: impl Fn(&Outcome) -> bool) -> String {
    let mut text = String::new();
    let held = outcomes.iter().filter(|outcome| outcome.holds()).count();
    let compared: usize = outcomes.iter().map(|outcome| outcome.rows.len()).sum();
    let requests: u64 = outcomes.iter().map(|outcome| outcome.requests).sum();
    let all = outcomes.len();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "{held} of {all} scenarios agree: {compared} comparisons, {requests} requests, limit {SIGMAS} sigmas"
    );
    for outcome in outcomes {
        let verdict = if outcome.holds() { "ok  " } else { "FAIL" };
        let repeated = if outcome.repeated { ", second measure" } else { "" };
        let _ = writeln!(
            text,
            "{verdict} {} ({} requests{repeated}, at most {:.2} sigmas)",
            outcome.name,
            outcome.requests,
            outcome.sigmas()
        );
        for fault in &outcome.faults {
            let _ = writeln!(text, "       {fault}");
        }
        if rows_of(outcome) {
            for row in &outcome.rows {
                let _ = writeln!(text, "{}", line(row));
            }
        }
    }
    text
}

fn line(row: &Row) -> String {
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    let (low, high) = row.predicted;
    let predicted = if low < high { format!("{}-{}", percent(low), percent(high)) } else { percent(low) };
    let mark = if row.holds() { ' ' } else { '!' };
    let Row { what, measured, sigmas, .. } = row;
    format!(
        "     {mark} {what:<28} predicted {predicted:>11} %  measured {:>6} %  {sigmas:>6.2} sigmas",
        percent(*measured)
    )
}
