//! The run of one command: how it was called, what the process was given, and the ways to what it needs.
//!
//! Arguments are what was typed; here they become sources, a mesh, and a look of the output.

mod actual;
mod beyond;
pub mod client;
mod files;
mod gaps;
mod live;
mod loaded;
mod overlay;
pub mod rule_sets;
mod runtime;
pub mod service;

use std::cell::RefCell;
use std::io::Write;
use std::time::Instant;

use jiff::Timestamp;
use mesh_model::KindSet;
use mesh_report::{Format, Report, Style, Tool};

use crate::Failure;
use crate::args::{ClusterArgs, LookArgs, NoteArgs, SourceArgs, TimeArgs};
use crate::environment::Environment;
use crate::text::continued;

pub use loaded::Loaded;

/// The run of one command.
#[derive(Debug)]
pub struct Session {
    program: String,
    command: String,
    environment: Environment,
}

/// What a command wants to be read.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Clusters.
    pub clusters: &'a ClusterArgs,
    /// Files instead.
    pub source: &'a SourceArgs,
    /// Deadline, and what is taken as the present.
    pub time: &'a TimeArgs,
    /// Whether notes and progress are told.
    pub notes: &'a NoteArgs,
    /// Kinds to read.
    pub kinds: KindSet,
}

impl Session {
    pub(crate) fn new(program: &str, command: String) -> Self {
        Self { program: program.to_owned(), command, environment: Environment::read() }
    }

    /// The program as the user calls it, for hints: `kubectl mesh`, `kubectl mesh-check`, ...
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The command as the user calls it: `kubectl mesh check`, `kubectl mesh-check`, ...
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// What this program calls itself in reports.
    #[must_use]
    pub fn tool(&self) -> Tool {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Tool { rule_set: version.clone(), version }
    }

    /// The time of the run: the one that was typed, else the present.
    #[must_use]
    pub fn now(&self, typed: Option<Timestamp>) -> Timestamp {
        let now = typed.unwrap_or_else(Timestamp::now);
        // Reports tell whole seconds, as Kubernetes does.
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// Reads what is wanted: the files if any are named, else clusters.
    pub fn load(&self, wanted: &Wanted<'_>) -> Result<Loaded, Failure> {
        let started = Instant::now();
        let from_files = !wanted.source.filename.is_empty();
        if let Some(second) = wanted.clusters.typed().filter(|_| from_files) {
            return Err(Failure::TwoSources { first: "-f", second });
        }
        let read = if from_files { files::load(wanted.source)? } else { live::load(self, wanted)? };
        Ok(Loaded {
            read,
            kinds: wanted.kinds,
            now: self.now(wanted.time.now),
            started: wanted.time.now.is_none().then_some(started),
            unanswered: RefCell::default(),
        })
    }

    /// Columns of the terminal; `None` where output goes elsewhere.
    #[must_use]
    pub const fn width(&self) -> Option<usize> {
        self.environment.width
    }

    /// How a report looks.
    #[must_use]
    pub fn style(&self, args: &LookArgs) -> Style {
        self.environment.style(args, &self.program)
    }

    /// Prints a report.
    pub fn print(
        &self,
        format: Format,
        report: &Report,
        style: &Style,
        mut out: &mut dyn Write,
    ) -> Result<(), Failure> {
        Ok(mesh_report::render(format, report, style, &mut out)?)
    }

    /// Tells something beside the result, unless the user wants quiet.
    pub fn note(&self, args: &NoteArgs, text: &str) {
        if !args.quiet {
            // Where standard error is closed, nobody wants notes.
            let _ = writeln!(std::io::stderr(), "note: {}", continued(text));
        }
    }

    fn shows_progress(&self, args: &NoteArgs) -> bool {
        self.environment.interactive && !args.quiet
    }
}
