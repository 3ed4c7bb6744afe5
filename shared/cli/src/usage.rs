//! clap's errors in kubectl's words.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The text of an error about the command line, `Error:` or `error:` included; `program` is what was typed up to
/// the command the error is about.
pub(crate) fn text(error: &clap::Error, program: &str) -> String {
    let see = format!("See '{program} --help' for usage.");
    let argument = || name_of_flag(&word(error, ContextKind::InvalidArg));
    match error.kind() {
        ErrorKind::UnknownArgument => format!("Error: {}\n{see}", unknown(&argument(), program)),
        ErrorKind::InvalidSubcommand => {
            let typed = word(error, ContextKind::InvalidSubcommand);
            let mut text = format!("Error: unknown command \"{typed}\" for \"{program}\"\n");
            let near = words(error, ContextKind::SuggestedSubcommand);
            if !near.is_empty() {
                text.push_str("\nDid you mean this?\n");
                text.extend(near.iter().map(|name| format!("\t{name}\n")));
                text.push('\n');
            }
            text + &see
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals
            if word(error, ContextKind::InvalidValue).is_empty() =>
        {
            format!("Error: flag needs an argument: {}\n{see}", argument())
        }
        ErrorKind::InvalidValue => {
            let allowed = words(error, ContextKind::ValidValue).join(", ");
            invalid(error, &argument(), &format!("must be one of {allowed}"))
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            invalid(error, &argument(), &reason)
        }
        ErrorKind::ArgumentConflict => {
            let others = words(error, ContextKind::PriorArg);
            let other = others.first().map(|other| name_of_flag(other)).unwrap_or_default();
            format!("error: {} and {other} exclude each other", argument())
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = words(error, ContextKind::InvalidArg);
            let missing: Vec<_> = missing.iter().map(|arg| name_of_flag(arg)).collect();
            format!("Error: required argument missing: {}\n{see}", missing.join(", "))
        }
        ErrorKind::InvalidUtf8 => format!("error: an argument is not valid UTF-8\n{see}"),
        _ => format!("error: {}\n{see}", error.kind()),
    }
}

fn unknown(argument: &str, program: &str) -> String {
    let short = argument.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    match short.and_then(|rest| rest.chars().next()) {
        Some(letter) => format!("unknown shorthand flag: '{letter}' in {argument}"),
        None if argument.starts_with("--") => format!("unknown flag: {argument}"),
        None => format!("unknown argument \"{argument}\" for \"{program}\""),
    }
}

fn invalid(error: &clap::Error, flag: &str, reason: &str) -> String {
    format!("error: invalid argument \"{}\" for \"{flag}\": {reason}", word(error, ContextKind::InvalidValue))
}

fn word(error: &clap::Error, kind: ContextKind) -> String {
    words(error, kind).into_iter().next().unwrap_or_default()
}

fn words(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// `--timeout` of clap's `--timeout <DURATION>`, `--quiet` of its `--quiet[=<QUIET>]`, `CODE` of its `<CODE>`.
fn name_of_flag(argument: &str) -> String {
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    name.trim_matches(['<', '>', '.', '[']).to_owned()
}
