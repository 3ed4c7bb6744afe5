//! `check`: every selected rule over every cluster.

use std::io::Write;

use mesh_cli::args::{
    ClusterArgs, LookArgs, NoteArgs, OutputArgs, RuleArgs, ScopeArgs, SourceArgs, TimeArgs,
};
use mesh_cli::{Example, Exit, Failure, Group, Plugin, Session, Wanted, exit};
use mesh_model::KindSet;
use mesh_report::Format;
use mesh_rules::engine::{self, Options};
use mesh_rules::{Asks, FRAME, Focus, Selection};

/// `check`.
#[derive(Debug)]
pub struct Check;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// Rules to run, as for --select.
    #[arg(value_name = "AREA|CODE|TAG")]
    words: Vec<String>,

    #[command(flatten)]
    clusters: ClusterArgs,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    notes: NoteArgs,
    #[command(flatten)]
    time: TimeArgs,
}

impl Plugin for Check {
    const NAME: &'static str = "check";
    const GROUP: Group = Group::Diagnose;
    const SUMMARY: &'static str = "Run every rule over every cluster";
    const LONG: &'static str = "Run every rule over every cluster of the mesh, and print what is wrong, why, and what mends it.

 Reads live clusters, or files with -f. Nothing is ever changed. A cluster or a kind that could not be read is \
         reported as such: it never counts as passed.

 Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 usage or internal error or no cluster could be \
         read, 3 something could not be read, 130 stopped by Ctrl-C, 141 the reader of the output went away.";
    const POSITIONAL: &'static str = "[AREA|CODE|TAG...]";
    const EXAMPLES: &'static [Example] = &[
        Example {
            what: "Check the cluster of the current context and those its remote secrets name",
            args: "",
        },
        Example { what: "Check two clusters by their contexts", args: "--contexts west,east" },
        Example {
            what: "Check manifests in files, one directory per cluster, and fail on warnings too",
            args: "-f clusters/ --fail-on=warning",
        },
        Example { what: "Check only locality and failover, in one namespace", args: "locality -n shop" },
        Example { what: "Print one line per finding, for grep", args: "-f clusters/ -o short" },
    ];
    const FORMATS: &'static [Format] = Format::ALL;
    type Args = CheckArgs;

    fn run(session: &Session, args: CheckArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let words = [args.words.as_slice(), args.rules.select.as_slice()].concat();
        let selection =
            Selection::new(&words, &args.rules.ignore).map_err(|error| Failure::select(session, error))?;
        let rules = selection.rules();
        let now = session.now(args.time.now);
        let loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: rules.iter().map(|rule| rule.needs).fold(FRAME, KindSet::union),
        })?;
        let only = args.scope.only();
        if let Some(namespace) = only.as_deref() {
            loaded.expect_namespace(namespace)?;
        }
        let focus = Focus { namespace: only, ..Focus::default() };
        let options = Options { now: now.as_second(), given: Asks::empty(), focus };
        let outcome = engine::run(loaded.mesh(), rules, &options);
        let exit = exit::of(&loaded.gaps(), &outcome, &args.rules.verdict);
        let report = loaded.check_report(session, rules, outcome, exit);
        let mut style = session.style(&args.look);
        style.show.passed = args.rules.show_passed;
        session.print(format, &report, &style, out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}
