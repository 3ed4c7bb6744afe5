//! Tables with kubectl's look: no borders, three spaces between columns, `<none>` for what is missing.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::escape::escape;
use crate::screen::width;
use crate::{Cell, Column, ColumnClass, Style, View};

const GAP: u16 = 3;

/// Prints the table; nothing at all when it has no row.
pub(crate) fn render(view: &View, style: &Style, wide: bool, out: &mut impl Write) -> io::Result<()> {
    if view.rows.is_empty() {
        return Ok(());
    }
    let texts: Vec<Vec<String>> = view.rows.iter().map(|row| cells(view, row)).collect();
    let columns = shown(view, &texts, style, wide);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if style.headers {
        table.set_header(columns.iter().map(|&at| view.columns[at].header));
    }
    for row in &texts {
        table.add_row(columns.iter().map(|&at| row[at].as_str()));
    }
    if let Some(columns) = style.width.and_then(|width| u16::try_from(width).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns.saturating_add(GAP));
    }
    for (column, &at) in table.column_iter_mut().zip(&columns) {
        column.set_padding((0, GAP)).set_cell_alignment(CellAlignment::Left);
        column.set_constraint(match view.columns[at].class {
            ColumnClass::Prose => ColumnConstraint::LowerBoundary(Width::Fixed(longest_word(&texts, at))),
            ColumnClass::Normal | ColumnClass::Wide => ColumnConstraint::ContentWidth,
        });
    }
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

/// Lists in columns of prose can be wrapped.
fn cells(view: &View, row: &[Cell]) -> Vec<String> {
    let separator = |column: &Column| if column.class == ColumnClass::Prose { ", " } else { "," };
    view.columns.iter().zip(row).map(|(column, cell)| joined(cell, separator(column))).collect()
}

fn joined(cell: &Cell, separator: &str) -> String {
    let text = match cell {
        Cell::List(texts) => texts.join(separator),
        _ => cell.to_string(),
    };
    match cell {
        Cell::Above => text,
        _ if text.is_empty() => "<none>".to_owned(),
        _ => escape(&text).into_owned(),
    }
}

/// Columns to show; on a narrow terminal those of class wide go first, from the right.
fn shown(view: &View, texts: &[Vec<String>], style: &Style, wide: bool) -> Vec<usize> {
    let is_shown = |column: &Column| wide || column.class != ColumnClass::Wide;
    let mut columns: Vec<usize> = (0..view.columns.len()).filter(|&at| is_shown(&view.columns[at])).collect();
    let Some(room) = style.width else { return columns };
    let needed = |at: usize| match view.columns[at].class {
        ColumnClass::Prose => usize::from(longest_word(texts, at)),
        ColumnClass::Normal | ColumnClass::Wide => {
            texts.iter().map(|row| width(&row[at])).chain([view.columns[at].header.len()]).max().unwrap_or(0)
        }
    };
    let total = |columns: &[usize]| columns.iter().map(|&at| needed(at) + usize::from(GAP)).sum::<usize>();
    while total(&columns) > room + usize::from(GAP) {
        let Some(at) = columns.iter().rposition(|&at| view.columns[at].class == ColumnClass::Wide) else {
            break;
        };
        columns.remove(at);
    }
    columns
}

fn longest_word(texts: &[Vec<String>], at: usize) -> u16 {
    let words = texts.iter().flat_map(|row| row[at].split(' ')).map(width);
    u16::try_from(words.max().unwrap_or(0).max(20)).unwrap_or(u16::MAX)
}
