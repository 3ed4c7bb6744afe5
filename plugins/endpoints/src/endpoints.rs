//! `endpoints`: the command line, and the way from it to a report.

use std::io::Write;

use mesh_cli::args::{
    ActualArgs, ClientArgs, ClusterArgs, LookArgs, NamespaceArgs, NoteArgs, OutputArgs, PortWord,
    ServiceWord, SourceArgs, TableArgs, TimeArgs, VerdictArgs,
};
use mesh_cli::{
    Caller, Example, Exit, Failure, Group, Loaded, Plugin, Session, Wanted, client, exit, service,
};
use mesh_model::{ClusterName, KindSet, Mesh, Namespace};
use mesh_report::{Block, Body, Format, ReportKind};
use mesh_rules::engine::Options;
use mesh_rules::{Asks, Focus, Outcome, Severity};
use mesh_traffic::Traffic;

use crate::asked::{Asked, Frame, as_pod, ask_proxies};
use crate::blocks::blocks;
use crate::items::fill;
use crate::question::Question;
use crate::row::Row;
use crate::trouble::{self, Trouble};

/// `endpoints`.
#[derive(Debug)]
pub struct Endpoints;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct EndpointsArgs {
    /// The service: SVC, SVC.NS or a host name, with :PORT if it has several.
    #[arg(value_name = "SVC")]
    service: ServiceWord,

    /// Port of the service, by number or name.
    #[arg(long, value_name = "PORT")]
    port: Option<PortWord>,

    /// Subset of a DestinationRule to be called.
    #[arg(long, value_name = "NAME")]
    subset: Option<String>,

    /// Ask every locality of every cluster where pods of the mesh run.
    #[arg(long, conflicts_with = "from")]
    all: bool,

    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    actual: ActualArgs,
    #[command(flatten)]
    namespace: NamespaceArgs,
    #[command(flatten)]
    clusters: ClusterArgs,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    notes: NoteArgs,
    #[command(flatten)]
    verdict: VerdictArgs,
    #[command(flatten)]
    time: TimeArgs,
}

impl Plugin for Endpoints {
    const NAME: &'static str = "endpoints";
    const GROUP: Group = Group::Diagnose;
    const SUMMARY: &'static str = "Show what a client sees of a service: priority, locality, weight, gateway";
    const LONG: &'static str = "Show what a client sees of a service: each address that istiod sends it, with \
         priority, locality and weight, whether it is an east-west gateway, and the share of calls that Envoy gives \
         it. Endpoints that are not sent are listed with the reason.

 Computed from the objects of the clusters, by the rules of the version of istiod that serves the client. Nothing is \
         ever changed.

 Exit codes: 0 nothing found at or above --fail-on, 1 findings, or with --actual a proxy that differs from the \
         prediction, 2 usage or internal error or no such service, 3 something could not be read.";
    const POSITIONAL: &'static str = "SVC[.NS][:PORT]";
    const EXAMPLES: &'static [Example] = &[
        Example {
            what: "Show what clients in the usual locality of each cluster see of a service",
            args: "echo.shop:http -f clusters/",
        },
        Example {
            what: "Show what a client in one zone sees",
            args: "echo:http -n shop -f clusters/ --from west/eu-west/eu-west-a",
        },
        Example {
            what: "Show what one pod sees, with nodes, networks and the name that gateways are asked for",
            args: "echo.shop:http -f clusters/ --from west/shop/echo-1 -o wide",
        },
        Example {
            what: "Show what every locality sees, for a program",
            args: "echo.shop:http -f clusters/ --all -o json",
        },
    ];
    const FORMATS: &'static [Format] =
        &[Format::Human, Format::Wide, Format::Name, Format::Json, Format::Yaml, Format::Jsonl];
    type Args = EndpointsArgs;

    fn run(session: &Session, args: EndpointsArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let selection = trouble::rules().map_err(|error| Failure::select(session, error))?;
        let rules = selection.rules();
        let loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: rules.iter().map(|rule| rule.needs).fold(client::READS, KindSet::union),
        })?;
        let traffic = Traffic::new(loaded.mesh());
        let host = loaded.host(&args.service, &loaded.namespace(args.namespace.namespace.as_deref()))?;
        let (port, port_name) = service::port_of(&traffic, &host, args.port()?)?;
        let question = Question { host: &host, port, subset: args.subset.as_deref() };
        let mut asked = Asked::all(&traffic, question, callers(&loaded, &traffic, &args, &host)?);
        if args.actual.actual {
            ask_proxies(&loaded, &host, &mut asked)?;
        }
        let now = session.now(args.time.now).as_second();
        let options = Options { now, given: Asks::empty(), focus: Focus::everything() };
        let trouble = Trouble::of(loaded.mesh(), rules, &options);
        let frame = Frame { mesh: loaded.mesh(), question, port_name, trouble };
        let mut body = body(&frame, &asked);
        body.blocks.extend(loaded.taken_for_empty().into_iter().map(|remark| Block::Remarks(vec![remark])));
        let outcome = frame.trouble.outcome(&ways(loaded.mesh(), &asked));
        let exit = exit(&loaded, &args, &asked, &outcome);
        let mut report = loaded.check_report(session, rules, outcome, exit);
        report.kind = ReportKind::EndpointList;
        report.body = Some(body);
        let style = args.table.style(session.style(&args.look));
        session.print(format, &report, &style, out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}

impl EndpointsArgs {
    /// The port, which may be typed behind the service or by its flag.
    fn port(&self) -> Result<Option<&PortWord>, Failure> {
        match (&self.service.port, &self.port) {
            (Some(_), Some(_)) => Err(Failure::TwoSources { first: "SVC:PORT", second: "--port" }),
            (typed, flag) => Ok(typed.as_ref().or(flag.as_ref())),
        }
    }
}

/// A difference between proxy and prediction counts as an error does.
fn exit(loaded: &Loaded, args: &EndpointsArgs, asked: &[Asked<'_>], outcome: &Outcome) -> Exit {
    let counts = args.verdict.fail_on.counts(Severity::Error);
    if counts && asked.iter().any(Asked::differs) {
        return Exit::Findings;
    }
    exit::of(&loaded.gaps(), outcome, &args.verdict)
}

fn body(frame: &Frame<'_>, asked: &[Asked<'_>]) -> Body {
    let mut body = Body::default();
    for of_client in asked {
        if !body.blocks.is_empty() {
            body.blocks.push(Block::Gap);
        }
        body.blocks.extend(blocks(frame, of_client));
    }
    fill(&mut body, frame, asked);
    body
}

/// From each client to each address.
fn ways<'a>(mesh: &'a Mesh, asked: &'a [Asked<'_>]) -> Vec<(&'a ClusterName, &'a Row)> {
    let of_client = |asked: &'a Asked<'_>| {
        let cluster = &mesh.clusters()[asked.client.cluster].name;
        asked.rows().map(move |row| (cluster, row))
    };
    asked.iter().flat_map(of_client).collect()
}

/// Clients that are only a place are of the namespace that was typed, else of the service's own.
fn namespace_of_clients(loaded: &Loaded, args: &EndpointsArgs, host: &str) -> Namespace {
    match &args.namespace.namespace {
        Some(typed) => Namespace::from(typed.as_str()),
        None => service::namespace_of(loaded.mesh(), host),
    }
}

fn callers<'m>(
    loaded: &'m Loaded,
    traffic: &Traffic<'m>,
    args: &EndpointsArgs,
    host: &str,
) -> Result<Vec<Caller<'m>>, Failure> {
    let namespace = namespace_of_clients(loaded, args, host);
    let callers = match &args.client.from {
        Some(from) => client::clients(traffic, from, &namespace)?,
        None => client::usual_clients(traffic, args.all, &namespace)?,
    };
    if !args.actual.actual {
        return Ok(callers);
    }
    // Only a running proxy can be asked, so the prediction is made for the same one.
    let as_pod = |caller: Caller<'m>| {
        let client = as_pod(traffic, &caller.client).ok_or_else(|| Failure::From {
            typed: args.client.from.clone().unwrap_or_default(),
            why: "no pod with a proxy runs there, so there is none to ask".to_owned(),
        })?;
        Ok(Caller { client, ..caller })
    };
    callers.into_iter().map(as_pod).collect()
}
