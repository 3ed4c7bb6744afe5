//! What a plugin is to the program that runs it.
//!
//! [`Plugin`] is typed; [`Command`] is the same thing with its type erased into function pointers, so that one
//! static slice can hold the commands of a program.

use std::io::Write;

use clap::{Arg, ArgAction, ArgMatches, FromArgMatches, value_parser};
use mesh_report::Format;

use crate::{Exit, Failure, Session, args};

/// Heading a command stands under in the list of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Looks at a mesh.
    Diagnose,
    /// Computes what would be.
    Foresee,
    /// Explains what the others say.
    Learn,
    /// The program itself.
    Settings,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::Diagnose, Self::Foresee, Self::Learn, Self::Settings];

    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Diagnose => "Diagnose Commands",
            Self::Foresee => "Foresee Commands",
            Self::Learn => "Learn Commands",
            Self::Settings => "Settings Commands",
        }
    }
}

/// An example of the help.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it does.
    pub what: &'static str,
    /// Arguments behind the name of the command.
    pub args: &'static str,
}

/// One command. It prints to the writer it is given, and nowhere else.
pub trait Plugin {
    /// Name as typed.
    const NAME: &'static str;
    /// Heading in the list of commands.
    const GROUP: Group;
    /// One line for the list of commands, without a full stop.
    const SUMMARY: &'static str;
    /// First part of the help: sentences.
    const LONG: &'static str;
    /// At least three; each is run by a test.
    const EXAMPLES: &'static [Example];
    /// Positional arguments as they stand in the usage line; empty without any.
    const POSITIONAL: &'static str;
    /// What `-o` takes; empty for a command without `-o`.
    const FORMATS: &'static [Format];
    /// What can be typed.
    type Args: clap::Args;

    /// Runs the command.
    fn run(session: &Session, args: Self::Args, out: &mut dyn Write) -> Result<Exit, Failure>;
}

type Runner = fn(&Session, &ArgMatches, &mut dyn Write) -> Result<Exit, Failure>;

/// A [`Plugin`] without its type.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) summary: &'static str,
    pub(crate) long: &'static str,
    pub(crate) examples: &'static [Example],
    pub(crate) positional: &'static str,
    formats: &'static [Format],
    augment: fn(clap::Command) -> clap::Command,
    pub(crate) run: Runner,
}

impl Command {
    /// The command of a plugin.
    #[must_use]
    pub const fn of<P: Plugin>() -> Self {
        Self {
            name: P::NAME,
            group: P::GROUP,
            summary: P::SUMMARY,
            long: P::LONG,
            examples: P::EXAMPLES,
            positional: P::POSITIONAL,
            formats: P::FORMATS,
            augment: <P::Args as clap::Args>::augment_args,
            run: run::<P>,
        }
    }

    /// Adds what can be typed.
    pub(crate) fn augment(&self, bare: clap::Command) -> clap::Command {
        let built = (self.augment)(bare).mut_args(switch);
        if self.formats.is_empty() {
            return built;
        }
        let names = args::names_of(self.formats).join(", ");
        let help = format!("Output format. One of: ({names}). Without it a view for people");
        built.mut_arg("output", |output| output.help(help))
    }
}

/// Lets a switch take `=true` and `=false`, as kubectl's do.
fn switch(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg;
    }
    let takes_value = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true);
    takes_value.value_parser(value_parser!(bool)).default_value("false").default_missing_value("true")
}

fn run<P: Plugin>(session: &Session, matches: &ArgMatches, out: &mut dyn Write) -> Result<Exit, Failure> {
    let args = P::Args::from_arg_matches(matches).map_err(|error| Failure::usage(session, &error))?;
    P::run(session, args, out)
}
