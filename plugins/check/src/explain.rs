//! `explain`: the page of a rule.
//!
//! The page is Markdown, made for reading as it is; its cases carry marks for the tests, which are left out here.

use std::io::Write;

use mesh_cli::{Example, Exit, Failure, Group, Plugin, Session};
use mesh_model::Kind;
use mesh_report::Format;
use mesh_rules::{ALL, Rule, find};

/// `explain`.
#[derive(Debug)]
pub struct Explain;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// Code or name of a rule.
    #[arg(value_name = "CODE|NAME", required = true)]
    rule: String,
}

impl Plugin for Explain {
    const NAME: &'static str = "explain";
    const GROUP: Group = Group::Learn;
    const SUMMARY: &'static str = "Explain a rule: what it finds, why it bites, how to mend it";
    const LONG: &'static str = "Explain a rule: what it finds, why it bites, how it is seen and how to mend it, with \
         examples of what it finds and of what it leaves alone.";
    const POSITIONAL: &'static str = "(CODE|NAME)";
    const EXAMPLES: &'static [Example] = &[
        Example { what: "Explain a rule by its code", args: "MESH201" },
        Example { what: "Explain a rule by its name", args: "failover-without-outlier-detection" },
        Example { what: "Case does not matter in codes", args: "mesh003" },
    ];
    const FORMATS: &'static [Format] = &[];
    type Args = ExplainArgs;

    fn run(session: &Session, args: ExplainArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let rule = find(&args.rule).ok_or_else(|| unknown(session, &args.rule))?;
        write_page(rule, out)?;
        Ok(Exit::Clean)
    }
}

fn unknown(session: &Session, typed: &str) -> Failure {
    let mut near: Vec<_> = ALL.iter().map(|rule| (likeness(rule, typed), rule)).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let near: Vec<_> =
        near.iter().take(3).map(|(_, rule)| format!("\n\t{} {}", rule.code, rule.name)).collect();
    Failure::Usage(format!(
        "error: unknown rule \"{typed}\"; see '{} rules'\n\nDid you mean this?{}",
        session.program(),
        near.concat()
    ))
}

fn likeness(rule: &Rule, typed: &str) -> f64 {
    let of_code = strsim::jaro_winkler(&rule.code.to_string(), &typed.to_ascii_uppercase());
    of_code.max(strsim::jaro_winkler(rule.name, &typed.to_ascii_lowercase()))
}

fn write_page(rule: &Rule, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{} {}   {}   {}   since {}",
        rule.code,
        rule.name,
        rule.severity,
        rule.area(),
        rule.since
    )?;
    let reads: Vec<_> = rule.needs.kinds().map(Kind::resource).collect();
    if !reads.is_empty() {
        writeln!(out, "Reads {}", reads.join(", "))?;
    }
    let mut in_case = false;
    for line in rule.docs.lines().skip_while(|line| line.starts_with("# ")) {
        if line.starts_with("```") {
            in_case = !in_case;
        } else if in_case {
            writeln!(out, "    {line}")?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
