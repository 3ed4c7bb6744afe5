//! `endpoints`: the command line, and the way from it to a report.

use std::io::Write;

use mesh_cli::args::{
    ClientArgs, ClusterArgs, LookArgs, NamespaceArgs, NoteArgs, OutputArgs, PortWord, ServiceWord,
    SourceArgs, TableArgs, TimeArgs, VerdictArgs,
};
use mesh_cli::{
    Caller, Example, Exit, Failure, Group, Loaded, Plugin, Session, Wanted, client, exit, service,
};
use mesh_model::Namespace;
use mesh_report::{Block, Body, Format, ReportKind};
use mesh_rules::Outcome;
use mesh_traffic::Traffic;

use crate::blocks::blocks;
use crate::items::{Asked, fill};
use crate::question::Question;

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

 Exit codes: 0 computed, 2 usage or internal error or no such service, 3 something could not be read.";
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
            args: "echo.shop:http -f clusters/ --from echo-1.shop -o wide",
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
        let loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: client::READS,
        })?;
        let body = body(&loaded, &args)?;
        let exit = exit::of(&loaded.gaps(), &Outcome::default(), &args.verdict);
        let mut report = loaded.report(session, ReportKind::EndpointList, exit);
        report.body = Some(body);
        let style = session.style(&args.look);
        session.print(format, &report, &args.table.style(style), out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}

fn body(loaded: &Loaded, args: &EndpointsArgs) -> Result<Body, Failure> {
    let mesh = loaded.mesh();
    let namespace = loaded.namespace(args.namespace.namespace.as_deref());
    let host = loaded.host(&args.service, &namespace)?;
    let traffic = Traffic::new(mesh);
    let callers = callers(&traffic, args, &namespace_of_clients(loaded, args, &host))?;
    let port = match (&args.service.port, &args.port) {
        (Some(_), Some(_)) => return Err(Failure::TwoSources { first: "SVC:PORT", second: "--port" }),
        (typed, option) => typed.as_ref().or(option.as_ref()),
    };
    let (port, port_name) = service::port_of(&traffic, &host, port)?;
    let question = Question { host: &host, port, subset: args.subset.as_deref() };
    let mut body = Body::default();
    let mut asked = Vec::with_capacity(callers.len());
    for Caller { client, .. } in callers {
        let answers = question.ask(&traffic, &client);
        if !asked.is_empty() {
            body.blocks.push(Block::Gap);
        }
        body.blocks.extend(blocks(mesh, &question, port_name, &client, &answers));
        asked.push(Asked { client, answers });
    }
    fill(&mut body, mesh, &question, &asked);
    Ok(body)
}

/// Clients that are only a place are of the namespace that was typed, else of the service's own.
fn namespace_of_clients(loaded: &Loaded, args: &EndpointsArgs, host: &str) -> Namespace {
    match &args.namespace.namespace {
        Some(typed) => Namespace::from(typed.as_str()),
        None => service::namespace_of(loaded.mesh(), host),
    }
}

fn callers<'m>(
    traffic: &Traffic<'m>,
    args: &EndpointsArgs,
    namespace: &Namespace,
) -> Result<Vec<Caller<'m>>, Failure> {
    match &args.client.from {
        Some(from) => client::clients(traffic, from, namespace),
        None => client::usual_clients(traffic, args.all, namespace),
    }
}
