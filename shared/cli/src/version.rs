//! `version`: what this program is.

use std::io::Write;

use mesh_report::Format;

use crate::{Example, Exit, Failure, Group, Plugin, Session};

/// `version`.
#[derive(Debug)]
pub struct Version;

/// Nothing can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct VersionArgs {}

impl Plugin for Version {
    const NAME: &'static str = "version";
    const GROUP: Group = Group::Settings;
    const SUMMARY: &'static str = "Print the version of the program and of its rules";
    const LONG: &'static str = "Print the version of the program and of its rules.";
    const POSITIONAL: &'static str = "";
    const EXAMPLES: &'static [Example] = &[Example { what: "Print the version", args: "" }];
    const FORMATS: &'static [Format] = &[];
    type Args = VersionArgs;

    fn run(session: &Session, _: VersionArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let tool = session.tool();
        let rules = mesh_rules::ALL.len();
        writeln!(out, "kubectl-mesh {}   rule set {} ({rules} rules)", tool.version, tool.rule_set)?;
        Ok(Exit::Clean)
    }
}
