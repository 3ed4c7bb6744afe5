//! Why a command could not give its result. Each text names what failed and what to do.

use std::io;

use mesh_rules::SelectError;

use crate::{Exit, Session, usage};

/// A command that ends without a result. All lead to exit code 2, but for a reader that went away and for a service
/// that may stand where nobody could look.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line cannot be understood; holds the whole text.
    #[error("{0}")]
    Usage(String),
    /// `-o` names no format.
    #[error(
        "unable to match a printer suitable for the output format \"{given}\", allowed formats are: {}",
        allowed.join(",")
    )]
    Format {
        /// What was typed.
        given: String,
        /// What the command can print.
        allowed: Vec<&'static str>,
    },
    /// A rule, area or tag that does not exist.
    #[error("unknown rule, area or tag \"{word}\"; see '{program} rules'")]
    UnknownRule {
        /// What was typed.
        word: String,
        /// Name of the program in use.
        program: String,
    },
    /// `--select` and `--ignore` leave no rule.
    #[error(transparent)]
    Select(SelectError),
    /// Two sources at once.
    #[error("{first} and {second} exclude each other")]
    TwoSources {
        /// Flag.
        first: &'static str,
        /// Other flag.
        second: &'static str,
    },
    /// Contexts or kubeconfig.
    #[error(transparent)]
    Live(#[from] mesh_live::LiveError),
    /// Files.
    #[error(transparent)]
    Source(#[from] mesh_source::SourceError),
    /// Files without a single object that any rule reads.
    #[error("nothing to check in {}: {}", inputs.join(", "), nothing_given(*unknown))]
    NothingGiven {
        /// As typed.
        inputs: Vec<String>,
        /// Documents of other kinds.
        unknown: usize,
    },
    /// `-n` names a namespace that no cluster has.
    #[error("namespace \"{name}\" not found in {clusters} cluster{}", if *clusters == 1 { "" } else { "s" })]
    NoNamespace {
        /// What was typed.
        name: String,
        /// How many clusters were read.
        clusters: usize,
    },
    /// No cluster that could be searched has the service.
    #[error("{}", no_service(name, namespace.as_deref(), *searched, lost, near))]
    NoService {
        /// As typed, without kind and port.
        name: String,
        /// Namespace it was looked for in; `None` where the name says it.
        namespace: Option<String>,
        /// How many clusters were searched.
        searched: usize,
        /// Clusters that could not be searched, with the cause.
        lost: Vec<(String, &'static str)>,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// The service has no such port, or none was typed and it has several.
    #[error("{}", no_port(host, typed.as_deref(), ports))]
    Port {
        /// Host of the service.
        host: String,
        /// Number or name as typed.
        typed: Option<String>,
        /// Numbers and names of its ports.
        ports: Vec<(u16, String)>,
    },
    /// Nobody is named as client, and no pod of the mesh is known.
    #[error("no pod with a proxy is known in any cluster; name the client with --from CLUSTER/REGION/ZONE")]
    NoClient,
    /// `--from` names no client, or several; holds the whole sentence.
    #[error("--from \"{typed}\": {why}")]
    From {
        /// What was typed.
        typed: String,
        /// What is wrong, and what is known.
        why: String,
    },
    /// `--with` names nothing that can be laid over the mesh; holds the whole sentence.
    #[error("--with \"{typed}\": {why}")]
    With {
        /// What was typed.
        typed: String,
        /// What is wrong.
        why: String,
    },
    /// What is asked cannot be, by what was read; holds the whole sentence.
    #[error("{0}")]
    Question(String),
    /// Not one cluster answered.
    #[error("{}", none_answered(.0))]
    NoneAnswered(
        /// Name and cause of each.
        Vec<(String, String)>,
    ),
    /// The result could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The runtime that talks to clusters did not start.
    #[error("cannot start the runtime that reads clusters: {0}")]
    Runtime(
        /// Of the operating system.
        io::Error,
    ),
}

impl Failure {
    /// A command line that parsed and still makes no sense to the plugin.
    pub(crate) fn usage(session: &Session, error: &clap::Error) -> Self {
        Self::Usage(usage::text(error, session.command()))
    }

    /// A selection that cannot be made.
    #[must_use]
    pub fn select(session: &Session, error: SelectError) -> Self {
        match error {
            SelectError::Unknown { word } => {
                Self::UnknownRule { word, program: session.program().to_owned() }
            }
            nothing @ SelectError::Nothing { .. } => Self::Select(nothing),
        }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::ClosedOutput,
            Self::NoService { lost, .. } if !lost.is_empty() => Exit::Incomplete,
            _ => Exit::Error,
        }
    }

    /// The text for standard error; `None` where nobody reads any more.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Usage(text) => Some(text.clone()),
            _ if self.exit() == Exit::ClosedOutput => None,
            _ => Some(format!("error: {self}")),
        }
    }
}

fn nothing_given(unknown: usize) -> String {
    match unknown {
        0 => "no document".to_owned(),
        1 => "its one document is of a kind that no rule reads".to_owned(),
        _ => format!("its {unknown} documents are of kinds that no rule reads"),
    }
}

fn no_service(
    name: &str,
    namespace: Option<&str>,
    searched: usize,
    lost: &[(String, &str)],
    near: &[String],
) -> String {
    let namespace = namespace.map(|namespace| format!(" in namespace \"{namespace}\"")).unwrap_or_default();
    let of = if lost.is_empty() { "of" } else { "in" };
    let plural = if searched == 1 { "" } else { "s" };
    let mut text = format!("service \"{name}\" not found{namespace} {of} {searched} cluster{plural}");
    text.extend(lost.iter().map(|(cluster, cause)| format!("; {cluster} could not be searched ({cause})")));
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?");
        text.extend(near.iter().map(|name| format!("\n\t{name}")));
    }
    text
}

fn no_port(host: &str, typed: Option<&str>, ports: &[(u16, String)]) -> String {
    let shown = ports.iter().map(|(number, name)| match name.as_str() {
        "" => number.to_string(),
        name => format!("{number} ({name})"),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match (typed, ports.len()) {
        (_, 0) => format!("service \"{host}\" has no port"),
        (Some(typed), _) => format!("service \"{host}\" has no port \"{typed}\"; its ports are: {shown}"),
        (None, count) => format!("service \"{host}\" has {count} ports; name one: {shown}"),
    }
}

fn none_answered(causes: &[(String, String)]) -> String {
    // A cause may be what a server said: its further lines must not pass for lines of ours.
    let lines = causes.iter().map(|(cluster, cause)| {
        format!("\n  {cluster}: {}", cause.trim_end_matches('\n').replace('\n', "\n      "))
    });
    let plural = if causes.len() == 1 { "" } else { "s" };
    format!("none of {} cluster{plural} could be read", causes.len()) + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_cannot_forge_a_line_of_ours() {
        let causes = [("west".to_owned(), "refused\nerror: none\n  east: fine".to_owned())];
        assert_eq!(
            none_answered(&causes),
            "none of 1 cluster could be read\n  west: refused\n      error: none\n        east: fine"
        );
    }
}
