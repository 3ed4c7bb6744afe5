//! `rules`: the list of rules.

use std::io::Write;

use mesh_cli::args::OutputArgs;
use mesh_cli::{Example, Exit, Failure, Group, Plugin, Session};
use mesh_model::Kind;
use mesh_report::{Body, Cell, Column, ColumnClass, Format, Report, ReportKind, Style, View};
use mesh_rules::{ALL, Rule, Selection};

/// `rules`.
#[derive(Debug)]
pub struct Rules;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct RulesArgs {
    /// Rules to list: codes (MESH201), prefixes (MESH2), names, areas (locality) and tags (failover).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    select: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,

    /// Leave out the first line of the table.
    #[arg(long)]
    no_headers: bool,
}

impl Plugin for Rules {
    const NAME: &'static str = "rules";
    const GROUP: Group = Group::Learn;
    const SUMMARY: &'static str = "List the rules";
    const LONG: &'static str = "List the rules with their area, severity, and the kinds they read.";
    const POSITIONAL: &'static str = "";
    const EXAMPLES: &'static [Example] = &[
        Example { what: "List all rules", args: "" },
        Example { what: "List the rules about locality, and one more", args: "--select locality,MESH401" },
        Example { what: "List all rules for a program", args: "-o json" },
    ];
    const FORMATS: &'static [Format] =
        &[Format::Human, Format::Wide, Format::Name, Format::Json, Format::Yaml, Format::Jsonl];
    type Args = RulesArgs;

    fn run(session: &Session, args: RulesArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let selection = Selection::new(&args.select, &[]).map_err(|error| Failure::select(session, error))?;
        let rules = if args.select.is_empty() { ALL } else { selection.rules() };
        let mut report = Report::new(ReportKind::RuleList, session.tool(), session.now(None).to_string());
        report.body = Some(Body::list(view(rules)));
        let style = Style { width: session.width(), headers: !args.no_headers, ..Style::default() };
        session.print(format, &report, &style, out)?;
        Ok(Exit::Clean)
    }
}

fn view(rules: &[&'static Rule]) -> View {
    let column = |header, key, class| Column { header, key, class };
    let columns = vec![
        column("CODE", "code", ColumnClass::Normal),
        column("NAME", "name", ColumnClass::Normal),
        column("AREA", "area", ColumnClass::Normal),
        column("SEVERITY", "severity", ColumnClass::Normal),
        column("STATUS", "status", ColumnClass::Normal),
        column("NEEDS", "needs", ColumnClass::Prose),
        column("SINCE", "since", ColumnClass::Normal),
        column("SUMMARY", "summary", ColumnClass::Wide),
    ];
    View { columns, rows: rules.iter().map(|rule| row(rule)).collect() }
}

fn row(rule: &Rule) -> Vec<Cell> {
    let needs: Vec<_> = rule.needs.kinds().map(Kind::plural).map(str::to_owned).collect();
    vec![
        Cell::Text(rule.code.to_string()),
        rule.name.into(),
        rule.area().as_str().into(),
        rule.severity.as_str().into(),
        rule.status.as_str().into(),
        if needs.is_empty() { Cell::Missing } else { Cell::List(needs) },
        rule.since.into(),
        rule.summary.into(),
    ]
}
