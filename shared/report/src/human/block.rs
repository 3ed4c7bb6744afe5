//! Blocks of a command that shows no findings: lines of facts, tables, remarks.

use std::io::{self, Write};

use mesh_rules::Severity;

use crate::escape::escape;
use crate::screen::{Line, Sign, Tone, wrap};
use crate::{Block, Remark, Style, table};

/// Prints the blocks, one below the other.
pub(crate) fn render(blocks: &[Block], style: &Style, wide: bool, out: &mut impl Write) -> io::Result<()> {
    for block in blocks {
        match block {
            Block::Facts(facts) => render_facts(facts, style, out)?,
            Block::Table(view) => table::render(view, style, wide, out)?,
            Block::Remarks(remarks) => {
                remarks.iter().try_for_each(|remark| render_remark(remark, style, out))?;
            }
            Block::Gap => writeln!(out)?,
        }
    }
    Ok(())
}

fn render_facts(facts: &[(&str, String)], style: &Style, out: &mut impl Write) -> io::Result<()> {
    let column = facts.iter().map(|(word, _)| word.len()).max().unwrap_or_default() + 2;
    for (word, text) in facts {
        for (at, line) in lines(text, column, style).iter().enumerate() {
            let word = if at == 0 { word } else { "" };
            Line::new().push(Tone::Bold, word).to(column).plain(line).write(style, out)?;
        }
    }
    Ok(())
}

fn render_remark(remark: &Remark, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let sign = remark.severity.map(Sign::Found);
    let column = sign.map_or(0, |sign| sign.as_str(style.icons).chars().count() + 1);
    for (at, line) in lines(&remark.text, column, style).iter().enumerate() {
        let head = sign.filter(|_| at == 0).map_or_else(Line::new, |sign| {
            Line::new().push(sign.tone(), sign.as_str(style.icons)).plain(" ")
        });
        head.to(column).push(tone(remark.severity), line).write(style, out)?;
    }
    Ok(())
}

fn tone(severity: Option<Severity>) -> Tone {
    severity.map_or(Tone::Plain, Into::into)
}

fn lines(text: &str, column: usize, style: &Style) -> Vec<String> {
    wrap(&escape(text), style.width.map(|width| width.saturating_sub(column).max(20)))
}
