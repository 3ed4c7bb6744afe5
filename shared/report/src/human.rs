//! The view for people: a block per area with a column per cluster, then the counts.

mod area;
mod block;
mod finding;
mod grid;

use std::io::{self, Write};

use mesh_rules::{Area, FindingStatus};

use self::area::Areas;
use self::grid::Grid;
use crate::screen::{Line, Tone, wrap};
use crate::{Report, Style};

/// Prints the report for people; `wide` adds evidence and columns.
pub(crate) fn render(report: &Report, style: &Style, wide: bool, out: &mut impl Write) -> io::Result<()> {
    if let Some(body) = &report.body {
        return block::render(&body.blocks, style, wide, out);
    }
    flow(&header(report), "   ", style, out)?;
    let areas = Areas::of(report, style, wide);
    let blocks: Vec<_> =
        Area::ALL.iter().map(|&area| (area, areas.rows(area))).filter(|(_, rows)| !rows.is_empty()).collect();
    let grid = Grid::over(report, style, blocks.iter().flat_map(|(_, rows)| rows));
    for (at, (area, rows)) in blocks.iter().enumerate() {
        let title = Line::new().push(Tone::Bold, &area.as_str().to_uppercase());
        if at == 0 {
            Line::new().write(style, out)?;
            grid.head(title).write(style, out)?;
        } else {
            title.write(style, out)?;
        }
        for row in rows {
            grid.write(row, style, out)?;
        }
    }
    Line::new().write(style, out)?;
    counts(report, style, out)?;
    if let Some(worst) = report.outcome.findings.iter().find(|f| f.status == FindingStatus::Fail) {
        Line::new().plain(&format!("Next:  {} explain {}", style.program, worst.code)).write(style, out)?;
    }
    Ok(())
}

fn header(report: &Report) -> Vec<(Tone, String)> {
    let mut parts =
        vec![report.mesh_id.as_ref().map_or_else(|| "Mesh".to_owned(), |id| format!("Mesh {id}"))];
    let lost = report.clusters.iter().filter(|cluster| !cluster.reachable).count();
    let clusters = counted(report.clusters.len(), "cluster");
    parts.push(if lost == 0 { clusters } else { format!("{clusters} ({lost} unreachable)") });
    let mut versions: Vec<&str> = Vec::new();
    for version in report.clusters.iter().filter_map(|cluster| cluster.istio_version.as_deref()) {
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    if !versions.is_empty() {
        parts.push(format!("Istio {}", versions.join(", ")));
    }
    match report.trust_domains.as_slice() {
        [] => {}
        [one] => parts.push(format!("trust domain {one}")),
        several => parts.push(format!("trust domains {}", several.join(", "))),
    }
    if let Some(seconds) = report.seconds {
        parts.push(format!("{seconds:.1}s"));
    }
    parts.into_iter().map(|part| (Tone::Plain, part)).collect()
}

fn counts(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let tone = |count: usize, tone: Tone| if count == 0 { Tone::Plain } else { tone };
    let mut parts = vec![
        (tone(summary.error, Tone::Error), counted(summary.error, "error")),
        (tone(summary.warning, Tone::Warning), counted(summary.warning, "warning")),
        (tone(summary.info, Tone::Info), format!("{} info", summary.info)),
        (tone(summary.passed, Tone::Good), format!("{} passed", summary.passed)),
        (Tone::Plain, format!("{} skipped", summary.skipped)),
        (Tone::Plain, format!("{} not evaluated", summary.not_evaluated)),
    ];
    if summary.suppressed > 0 {
        let hint = if style.show.suppressed { "" } else { " (--show-suppressed)" };
        parts.push((Tone::Plain, format!("{} suppressed{hint}", summary.suppressed)));
    }
    flow(&parts, ", ", style, out)
}

/// Writes parts on as few lines as the terminal allows.
fn flow(parts: &[(Tone, String)], separator: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut line = Line::new();
    for (at, (tone, text)) in parts.iter().enumerate() {
        let separator = if at + 1 == parts.len() { "" } else { separator };
        let next = Line::new().push(*tone, text).plain(separator.trim_end());
        let fits = style.width.is_none_or(|width| line.width() + next.width() <= width);
        if !fits && line.width() > 0 {
            line.write(style, out)?;
            line = Line::new();
        }
        line = line.push(*tone, text).plain(separator);
    }
    line.write(style, out)
}

/// `1 error`, `2 errors`.
fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Lines of prose at the indent of a finding's text.
fn prose(text: &str, tone: Tone, style: &Style) -> Vec<Line> {
    const INDENT: usize = 6;
    let escaped = crate::escape::escape(text);
    wrap(&escaped, style.width.map(|width| width.saturating_sub(INDENT).max(20)))
        .into_iter()
        .map(|text| Line::new().plain(&" ".repeat(INDENT)).push(tone, &text))
        .collect()
}
