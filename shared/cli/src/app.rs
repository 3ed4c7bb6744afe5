//! The program: its tree of commands, the way from arguments to a command, and how the process ends.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction};

use crate::argv0::Invocation;
use crate::command::{Command, Group};
use crate::help::{self, Page};
use crate::text::printable;
use crate::{Exit, Failure, Session, exit, usage};

/// `main` of a program with several commands; its own name may pick one (`kubectl-mesh_check`).
#[must_use]
pub fn main_of(commands: &'static [Command]) -> ExitCode {
    run_process(commands, None)
}

/// `main` of a program for one command; the other commands are below it.
#[must_use]
pub fn main_for(command: &'static str, commands: &'static [Command]) -> ExitCode {
    run_process(commands, Some(command))
}

fn run_process(commands: &'static [Command], main: Option<&'static str>) -> ExitCode {
    exit::catch_panics();
    let args: Vec<OsString> = std::env::args_os().collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = run(&args, commands, main, &mut out)
        .and_then(|exit| out.flush().map(|()| exit).map_err(Failure::Output));
    let exit = ended.unwrap_or_else(|failure| {
        if let Some(text) = failure.text() {
            // Where standard error is closed too, nobody is left to tell.
            let _ = writeln!(io::stderr(), "{}", printable(&text));
        }
        failure.exit()
    });
    exit.into()
}

fn run(
    args: &[OsString],
    commands: &'static [Command],
    main: Option<&'static str>,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let names: Vec<_> = commands.iter().map(|command| command.name).collect();
    let invocation = Invocation::of(args.first().map(OsString::as_os_str), &names);
    let tree = Tree::new(invocation.program, commands, invocation.command.or(main));
    match tree.clap().try_get_matches_from(args) {
        Ok(matches) => tree.dispatch(&matches, out),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            write!(out, "{}", error.render())?;
            Ok(Exit::Clean)
        }
        Err(error) => Err(Failure::Usage(usage::text(&error, &tree.typed(args)))),
    }
}

/// The commands of a program as it was called.
pub(crate) struct Tree {
    program: String,
    root: Option<&'static Command>,
    below: Vec<&'static Command>,
}

impl Tree {
    pub(crate) fn new(program: String, commands: &'static [Command], root: Option<&str>) -> Self {
        let root = commands.iter().find(|command| Some(command.name) == root);
        let is_below = |command: &&'static Command| match root {
            Some(root) => {
                command.name != root.name && !matches!(command.group, Group::Diagnose | Group::Foresee)
            }
            None => true,
        };
        Self { program, root, below: commands.iter().filter(is_below).collect() }
    }

    pub(crate) fn clap(&self) -> clap::Command {
        let mut tree = bare("mesh").args_conflicts_with_subcommands(true).subcommand(help_command());
        if let Some(root) = self.root {
            tree = root.augment(tree);
        }
        let text = self.help_of_root(&tree);
        tree = tree.override_help(text);
        for command in &self.below {
            tree = tree.subcommand(self.clap_below(command));
        }
        tree
    }

    fn clap_below(&self, command: &'static Command) -> clap::Command {
        let built = command.augment(bare(command.name));
        let text = self.help_below(command, &built);
        built.override_help(text)
    }

    fn help_of_root(&self, built: &clap::Command) -> String {
        let options: Vec<_> = options(built);
        help::render(&Page {
            program: &self.program,
            command: self.root,
            below: &self.below,
            options: &options,
        })
    }

    fn help_below(&self, command: &'static Command, built: &clap::Command) -> String {
        let program = format!("{} {}", self.program, command.name);
        help::render(&Page {
            program: &program,
            command: Some(command),
            below: &[],
            options: &options(built),
        })
    }

    fn dispatch(&self, matches: &clap::ArgMatches, out: &mut dyn Write) -> Result<Exit, Failure> {
        match (matches.subcommand(), self.root) {
            (Some((HELP, matches)), _) => self.print_help(matches, out),
            (Some((name, matches)), _) => {
                let command = self.find(name).expect("clap only gives subcommands of the tree");
                let session = Session::new(&self.program, format!("{} {name}", self.program));
                (command.run)(&session, matches, out)
            }
            (None, Some(root)) => {
                let session = Session::new(&self.program, self.program.clone());
                (root.run)(&session, matches, out)
            }
            (None, None) => {
                write!(out, "{}", self.help_of_root(&bare("mesh")))?;
                Ok(Exit::Clean)
            }
        }
    }

    fn print_help(&self, matches: &clap::ArgMatches, out: &mut dyn Write) -> Result<Exit, Failure> {
        let text = match matches.get_one::<String>("command") {
            None => {
                let built = self.root.map_or_else(|| bare("mesh"), |root| root.augment(bare("mesh")));
                self.help_of_root(&built)
            }
            Some(name) => {
                let command = self.find(name).ok_or_else(|| {
                    let program = &self.program;
                    Failure::Usage(format!(
                        "Error: unknown command \"{name}\" for \"{program}\"\nSee '{program} --help' for usage."
                    ))
                })?;
                self.help_below(command, &command.augment(bare(command.name)))
            }
        };
        write!(out, "{text}")?;
        Ok(Exit::Clean)
    }

    fn find(&self, name: &str) -> Option<&'static Command> {
        self.below.iter().find(|command| command.name == name).copied()
    }

    /// What was typed up to the command an error is about.
    fn typed(&self, args: &[OsString]) -> String {
        let first = args.get(1).and_then(|word| word.to_str()).and_then(|word| self.find(word));
        match first {
            Some(command) => format!("{} {}", self.program, command.name),
            None => self.program.clone(),
        }
    }
}

const HELP: &str = "help";

/// A command without clap's own help, whose flags may be repeated: the last one counts, as with kubectl.
fn bare(name: &'static str) -> clap::Command {
    clap::Command::new(name)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .arg(Arg::new(HELP).short('h').long(HELP).action(ArgAction::Help).help("Show this help."))
}

fn help_command() -> clap::Command {
    bare(HELP).hide(true).arg(Arg::new("command"))
}

fn options(built: &clap::Command) -> Vec<&Arg> {
    built.get_arguments().filter(|arg| arg.get_id() != HELP).collect()
}
