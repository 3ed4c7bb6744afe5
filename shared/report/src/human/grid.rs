//! Lays rows of an area out: label, then a column per cluster, or one column where clusters are many.

use std::io::{self, Write};

use mesh_model::ClusterName;
use mesh_rules::Code;

use crate::escape::escape;
use crate::screen::{Line, Sign, Tone, width, wrap};
use crate::{Report, Style};

/// More clusters than this share one column.
const MOST_COLUMNS: usize = 6;
/// A label is not squeezed below this.
const LEAST_LABEL: usize = 40;
const GAP: usize = 3;

/// A cell of a row for one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// Counts as good in `ok/all`.
    pub(super) ok: bool,
}

/// What stands behind the label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// One per cluster of the report.
    Each(Vec<Mark>),
    /// One for all.
    All(String),
}

/// A row and the lines below it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) sign: Sign,
    pub(super) code: Option<Code>,
    pub(super) label: String,
    pub(super) marks: Marks,
    pub(super) below: Vec<Line>,
}

/// Widths of all rows of a report.
pub(super) struct Grid {
    label: usize,
    columns: Vec<(String, usize)>,
    folded: bool,
    clusters: usize,
}

impl Grid {
    pub(super) fn over<'a>(
        report: &Report,
        style: &Style,
        rows: impl Iterator<Item = &'a Row> + Clone,
    ) -> Self {
        let names: Vec<&ClusterName> = report.clusters.iter().map(|cluster| &cluster.name).collect();
        let mark_widths = |at: usize| {
            rows.clone().filter_map(move |row| match &row.marks {
                Marks::Each(marks) => marks.get(at).map(|mark| width(&escape(&mark.text))),
                Marks::All(_) => None,
            })
        };
        let columns: Vec<(String, usize)> = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let title = escape(name).into_owned();
                let widest = mark_widths(at).chain([width(&title)]).max().unwrap_or_default();
                (title, widest)
            })
            .collect();
        let label = rows.map(|row| label_line(row, style, &row.label).width()).max().unwrap_or_default();
        let space = |columns: &[(String, usize)]| columns.iter().map(|(_, width)| GAP + width).sum::<usize>();
        let fits = style.width.is_none_or(|width| space(&columns) + label.min(LEAST_LABEL) <= width);
        let folded = columns.len() > MOST_COLUMNS || !fits;
        let columns = if folded { vec![("ok/all".to_owned(), "ok/all".len())] } else { columns };
        let label = style
            .width
            .map_or(label, |width| label.min(width.saturating_sub(space(&columns)).max(LEAST_LABEL)));
        Self { label, columns, folded, clusters: names.len() }
    }

    /// The title with the names of the columns.
    pub(super) fn head(&self, title: Line) -> Line {
        let mut line = title.to(self.label);
        for (name, width) in &self.columns {
            let start = line.width() + GAP;
            line = line.to(start).push(Tone::Dim, name).to(start + width);
        }
        line
    }

    pub(super) fn write(&self, row: &Row, style: &Style, out: &mut impl Write) -> io::Result<()> {
        let indent = label_line(row, style, "").width();
        let room = style.width.map(|_| self.label.saturating_sub(indent));
        let mut labels = wrap(&escape(&row.label), room).into_iter();
        let first = labels.next().unwrap_or_default();
        let mut line = label_line(row, style, &first).to(self.label);
        let mut overflow = None;
        match &row.marks {
            Marks::All(text) => {
                let fits =
                    style.width.is_none_or(|width| self.label + GAP + crate::screen::width(text) <= width);
                if fits {
                    line = line.plain(&" ".repeat(GAP)).push(Tone::Dim, text);
                } else {
                    overflow = Some(text);
                }
            }
            Marks::Each(marks) if self.folded => {
                let ok = marks.iter().filter(|mark| mark.ok).count();
                let worst = marks.iter().find(|mark| !mark.ok).map_or(Tone::Good, |mark| mark.tone);
                line = line.plain(&" ".repeat(GAP)).push(worst, &format!("{ok}/{}", self.clusters));
            }
            Marks::Each(marks) => {
                for (mark, (_, width)) in marks.iter().zip(&self.columns) {
                    let start = line.width() + GAP;
                    line = line.to(start).push(mark.tone, &mark.text).to(start + width);
                }
            }
        }
        line.write(style, out)?;
        for label in labels {
            Line::new().to(indent).plain(&label).write(style, out)?;
        }
        for line in overflow.map(|text| super::prose(text, Tone::Dim, style)).unwrap_or_default() {
            line.write(style, out)?;
        }
        row.below.iter().cloned().try_for_each(|line| line.write(style, out))
    }
}

fn label_line(row: &Row, style: &Style, label: &str) -> Line {
    let line = Line::new().plain("  ").push(row.sign.tone(), row.sign.as_str(style.icons)).plain(" ");
    match row.code {
        Some(code) => line.plain(&format!("{code} {label}")),
        None => line.plain(label),
    }
}
