//! Help in kubectl's order and form: text, examples, commands, options, usage, where to go on.
//!
//! clap's own layout is another one (usage first, aligned options), which is why the text is made here, from
//! the same definitions that parse.

use std::fmt::Write as _;

use clap::{Arg, ArgAction};

use crate::command::{Command, Group};

/// What a help text is about.
pub(crate) struct Page<'a> {
    /// What the user types to get to the command, for example `kubectl mesh check`.
    pub(crate) program: &'a str,
    /// The command itself; `None` for a program that is only a list of commands.
    pub(crate) command: Option<&'a Command>,
    /// Commands below it.
    pub(crate) below: &'a [&'a Command],
    /// The definitions of the command's options.
    pub(crate) options: &'a [&'a Arg],
}

/// First part of the help of a program that is only a list of commands.
const ABOUT: &str = "Checks Istio meshes that span several Kubernetes clusters. Reads clusters or files, prints \
     findings with their remedy, and changes nothing.";

/// The help text.
pub(crate) fn render(page: &Page<'_>) -> String {
    let mut text = String::new();
    write_all(&mut text, page).expect("writing to a String cannot fail");
    text
}

fn write_all(out: &mut String, page: &Page<'_>) -> std::fmt::Result {
    writeln!(out, "{}", page.command.map_or(ABOUT, |command| command.long))?;
    if let Some(command) = page.command {
        writeln!(out, "\nExamples:")?;
        for (at, example) in command.examples.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            let line = [page.program, example.args].join(" ");
            writeln!(out, "{gap}  # {}\n  {}", example.what, line.trim_end())?;
        }
    }
    write_commands(out, page.below)?;
    write_options(out, page.options)?;
    write_usage(out, page)
}

fn write_commands(out: &mut String, commands: &[&Command]) -> std::fmt::Result {
    let width = commands.iter().map(|command| command.name.len()).max().unwrap_or_default();
    for group in Group::ALL {
        let members: Vec<_> = commands.iter().filter(|command| command.group == group).collect();
        if members.is_empty() {
            continue;
        }
        writeln!(out, "\n{}:", group.heading())?;
        for command in members {
            writeln!(out, "  {:width$}   {}", command.name, command.summary)?;
        }
    }
    Ok(())
}

fn write_options(out: &mut String, options: &[&Arg]) -> std::fmt::Result {
    let mut options: Vec<_> = options.iter().filter(|arg| arg.get_long().is_some()).collect();
    options.sort_by_key(|arg| arg.get_long());
    for (at, arg) in options.iter().enumerate() {
        let heading = if at == 0 { "\nOptions:\n" } else { "\n" };
        let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        let long = arg.get_long().unwrap_or_default();
        // clap takes the full stop off the last sentence.
        let help = arg.get_help().map(|help| help.to_string() + ".").unwrap_or_default();
        writeln!(out, "{heading}    {short}--{long}={}:\n        {help}", default_of(arg))?;
    }
    Ok(())
}

fn default_of(arg: &Arg) -> String {
    let default = arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    match (arg.get_action(), default) {
        (ArgAction::Append, _) => "[]".to_owned(),
        (_, Some(default)) if !default.is_empty() => default,
        _ => "''".to_owned(),
    }
}

fn write_usage(out: &mut String, page: &Page<'_>) -> std::fmt::Result {
    let program = page.program;
    writeln!(out, "\nUsage:")?;
    if let Some(command) = page.command {
        let options = page.options.iter().any(|arg| arg.get_long().is_some());
        let tail = [command.positional, if options { "[options]" } else { "" }];
        let words: Vec<_> = [program].into_iter().chain(tail).filter(|word| !word.is_empty()).collect();
        writeln!(out, "  {}", words.join(" "))?;
    }
    if !page.below.is_empty() {
        writeln!(out, "  {program} <command> [options]\n")?;
        writeln!(out, "Use \"{program} <command> --help\" for more information about a given command.")?;
    }
    Ok(())
}
