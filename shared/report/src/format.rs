//! The formats by name.

use std::io::{self, Write};

use crate::{Report, Style, github, human, json, junit, markdown, sarif, short, yaml};

/// An output format. Those that are made of findings say nothing of a report that lists things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For people, with evidence and more columns.
    Wide,
    /// One line per finding.
    Short,
    /// One name per line.
    Name,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// One JSON object per line: the report without its items, then the items.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// Markdown.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self::Human,
        Self::Wide,
        Self::Short,
        Self::Name,
        Self::Json,
        Self::Yaml,
        Self::Jsonl,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Markdown,
    ];

    /// As given to `-o`; empty for the human view.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "",
            Self::Wide => "wide",
            Self::Short => "short",
            Self::Name => "name",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
        }
    }
}

/// Prints `report` as `format`.
///
/// # Errors
/// Those of the writer.
pub fn render(format: Format, report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Human => human::render(report, style, false, out),
        Format::Wide => human::render(report, style, true, out),
        Format::Short => short::render(report, style, out),
        Format::Name => short::render_names(report, style, out),
        Format::Json => json::render(report, out),
        Format::Yaml => yaml::render(report, out),
        Format::Jsonl => json::render_lines(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Junit => junit::render(report, out),
        Format::Github => github::render(report, out),
        Format::Markdown => markdown::render(report, out),
    }
}
