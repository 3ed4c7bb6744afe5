//! The page of a rule as text for a terminal.
//!
//! Pages are ours and use headings, paragraphs, lists and fences only; marks inside a line read well as they
//! are. A Markdown crate would be bigger than this file and would take those marks away.

use std::io::{self, Write};

use mesh_model::Kind;
use mesh_rules::Rule;

use crate::Style;
use crate::screen::{Line, Tone, wrap};

/// Longer lines are hard to read.
const MOST_COLUMNS: usize = 100;

/// Prints a rule: its name, severity and area, what it reads, then its page.
///
/// # Errors
/// Those of the writer.
pub fn explain(rule: &Rule, style: &Style, out: &mut impl Write) -> io::Result<()> {
    Line::new()
        .push(Tone::Bold, &format!("{} {}", rule.code, rule.name))
        .plain("   ")
        .push(rule.severity.into(), rule.severity.as_str())
        .plain(&format!("   {}   {}   since {}", rule.area(), rule.status.as_str(), rule.since))
        .write(style, out)?;
    let reads: Vec<String> = rule.needs.kinds().map(Kind::resource).collect();
    if !reads.is_empty() {
        Block::Text("", vec![&format!("Reads {}.", reads.join(", "))]).write(style, out)?;
    }
    let body = match rule.docs.split_once('\n') {
        Some((title, body)) if title.starts_with("# ") => body,
        _ => rule.docs,
    };
    blocks(body).into_iter().try_for_each(|block| block.write(style, out))
}

#[derive(Debug, PartialEq, Eq)]
enum Block<'a> {
    Heading(&'a str),
    /// Mark of a list item, or nothing for a paragraph; lines.
    Text(&'a str, Vec<&'a str>),
    /// Cluster, lines.
    Fence(Option<&'a str>, Vec<&'a str>),
}

impl Block<'_> {
    fn write(&self, style: &Style, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Heading(text) => {
                Line::new().write(style, out)?;
                Line::new().push(Tone::Bold, text).write(style, out)
            }
            Self::Text(mark, lines) => {
                let indent = 2 + mark.len();
                let lines = match style.width {
                    Some(width) => {
                        wrap(&lines.join(" "), Some(width.min(MOST_COLUMNS).saturating_sub(indent)))
                    }
                    None => lines.iter().map(|&line| line.to_owned()).collect(),
                };
                if mark.is_empty() {
                    Line::new().write(style, out)?;
                }
                for (at, line) in lines.iter().enumerate() {
                    let start = Line::new().plain("  ").plain(if at == 0 { mark } else { "" }).to(indent);
                    start.plain(line).write(style, out)?;
                }
                Ok(())
            }
            Self::Fence(cluster, lines) => {
                Line::new().write(style, out)?;
                if let Some(cluster) = cluster {
                    Line::new()
                        .plain("    ")
                        .push(Tone::Dim, &format!("# in {cluster}"))
                        .write(style, out)?;
                }
                lines.iter().try_for_each(|line| Line::new().plain("    ").plain(line).write(style, out))
            }
        }
    }
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    let mut open = false;
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let cluster = info.split(' ').find_map(|word| word.strip_prefix("cluster="));
            blocks.push(Block::Fence(cluster, lines.by_ref().take_while(|line| *line != "```").collect()));
            open = false;
        } else if line.starts_with('#') {
            blocks.push(Block::Heading(line.trim_start_matches('#').trim_start()));
            open = false;
        } else if let Some(item) = line.strip_prefix("- ") {
            blocks.push(Block::Text("- ", vec![item]));
            open = true;
        } else if line.trim().is_empty() {
            open = false;
        } else if let (true, Some(Block::Text(_, text))) = (open, blocks.last_mut()) {
            text.push(line.trim_start());
        } else {
            blocks.push(Block::Text("", vec![line]));
            open = true;
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\n## What it finds\n\nA rule that asks\nfor something:\n\n- one thing that is\n  long;\n- another.\n\n### A case\n\n```yaml cluster=west file=a.yaml now=2026-01-01T00:00:00Z\nkind: X # error: [MESH201]\n\n# not a heading\n```\n";

    fn printed(width: Option<usize>) -> String {
        let style = Style { width, ..Style::default() };
        let mut out = Vec::new();
        for block in blocks(PAGE) {
            block.write(&style, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_reads_as_text_without_what_machines_need() {
        insta::assert_snapshot!(printed(None));
    }

    #[test]
    fn paragraphs_and_items_follow_the_terminal_and_fences_do_not() {
        insta::assert_snapshot!(printed(Some(16)));
    }

    #[test]
    fn every_page_is_explained_without_a_fence_mark() {
        for rule in mesh_rules::ALL {
            let mut out = Vec::new();
            explain(rule, &Style { width: Some(80), ..Style::default() }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.starts_with(&format!("{} {}", rule.code, rule.name)));
            assert!(!text.contains("```") && !text.contains("cluster="), "{text}");
            assert!(text.contains("\nHow to mend\n"), "{text}");
        }
    }
}
