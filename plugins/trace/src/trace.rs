//! `trace`: the command line, and the way from it to a report.

use std::io::Write;

use mesh_cli::args::{
    ClientArgs, ClusterArgs, LookArgs, NamespaceArgs, NoteArgs, OutputArgs, PortWord, ServiceWord,
    SourceArgs, TableArgs, TimeArgs, VerdictArgs,
};
use mesh_cli::{
    Caller, Example, Exit, Failure, Group, Loaded, Plugin, Session, Wanted, client, exit, service,
};
use mesh_model::{KindSet, Namespace};
use mesh_report::{Block, Body, Format, ReportKind};
use mesh_rules::{Outcome, Severity};
use mesh_traffic::{Call, Traffic};

use crate::blocks::blocks;
use crate::hop::Journey;
use crate::items::{Asked, fill};
use crate::question::Question;

/// What decides about a call.
const READS: KindSet = client::READS.union(KindSet::AuthorizationPolicy);

/// `trace`.
#[derive(Debug)]
pub struct Trace;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct TraceArgs {
    /// The service: SVC, SVC.NS or a host name, with :PORT if it has several.
    #[arg(value_name = "SVC")]
    service: ServiceWord,

    /// Port of the service, by number or name.
    #[arg(long, value_name = "PORT")]
    port: Option<PortWord>,

    /// Where the call is to end: a cluster, a locality (REGION/ZONE), or a pod (POD.NS). Without it every way that
    /// gets calls.
    #[arg(long, value_name = "TARGET")]
    to: Option<String>,

    /// Subset of a DestinationRule to be called, whatever the routes say.
    #[arg(long, value_name = "NAME")]
    subset: Option<String>,

    /// Method of the request.
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,

    /// Path of the request, with its query.
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = path)]
    path: String,

    /// Header of the request; can be repeated. What is not given is not sent.
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    header: Vec<(String, String)>,

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

fn path(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a path begins with /".to_owned()) }
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_ascii_lowercase(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

impl Plugin for Trace {
    const NAME: &'static str = "trace";
    const GROUP: Group = Group::Diagnose;
    const SUMMARY: &'static str =
        "Follow one call hop by hop: name, route, endpoint, gateway, mTLS, policy, pod";
    const LONG: &'static str = "Follow one call hop by hop: what the name resolves to, which route takes it, which \
         rule and which endpoint, the east-west gateway with the server name it routes by, whether both sides trust \
         each other, whether a policy refuses it, and the pods that answer. Every hop names the object and field \
         that decided. Hops behind a failure are computed as if the call had come so far.

 Computed from the objects of the clusters, by the rules of the version of istiod that serves the client; nothing is \
         sent. What hangs on something that is not known is told as unknown, never as ok.

 Exit codes: 0 every way succeeds, 1 a way fails, 2 usage or internal error or no such service, 3 something that \
         decides is not known or could not be read.";
    const POSITIONAL: &'static str = "SVC[.NS][:PORT]";
    const EXAMPLES: &'static [Example] = &[
        Example {
            what: "Follow a call from one pod",
            args: "echo.shop:http -f clusters/ --from echo-1.shop",
        },
        Example {
            what: "Follow a call that ends in another cluster, with the objects that decide",
            args: "echo.shop:http -f clusters/ --from echo-1.shop --to east -o wide",
        },
        Example {
            what: "Follow a request as routes and policies see it",
            args: "echo.shop:http -f clusters/ --from west --method POST --path /cart --header x-canary=yes",
        },
    ];
    const FORMATS: &'static [Format] =
        &[Format::Human, Format::Wide, Format::Json, Format::Yaml, Format::Jsonl];
    type Args = TraceArgs;

    fn run(session: &Session, args: TraceArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: READS,
        })?;
        let (body, journeys) = body(&loaded, &args)?;
        let exit =
            verdict(&journeys, exit::of(&loaded.gaps(), &Outcome::default(), &args.verdict), &args.verdict);
        let mut report = loaded.report(session, ReportKind::Trace, exit);
        report.body = Some(body);
        let style = session.style(&args.look);
        session.print(format, &report, &args.table.style(style), out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}

/// A call that fails is what was looked for; one that may fail has not passed.
fn verdict(journeys: &[Journey], of_gaps: Exit, args: &VerdictArgs) -> Exit {
    let fails = journeys.iter().any(|journey| journey.fails_at().is_some());
    let is_unknown = journeys.iter().any(|journey| journey.unknown_at().is_some());
    if fails && args.fail_on.counts(Severity::Error) {
        Exit::Findings
    } else if is_unknown && !args.allow_incomplete {
        Exit::Incomplete
    } else {
        of_gaps
    }
}

fn body(loaded: &Loaded, args: &TraceArgs) -> Result<(Body, Vec<Journey>), Failure> {
    let mesh = loaded.mesh();
    let namespace = loaded.namespace(args.namespace.namespace.as_deref());
    let host = loaded.host(&args.service, &namespace)?;
    let traffic = Traffic::new(mesh);
    let callers = callers(&traffic, loaded, args, &host)?;
    let port = match (&args.service.port, &args.port) {
        (Some(_), Some(_)) => return Err(Failure::TwoSources { first: "SVC:PORT", second: "--port" }),
        (typed, option) => typed.as_ref().or(option.as_ref()),
    };
    let (port, _) = service::port_of(&traffic, &host, port)?;
    let question = Question {
        host: &host,
        port,
        subset: args.subset.as_deref(),
        to: args.to.as_deref(),
        call: Call { method: &args.method, path: &args.path, headers: &args.header },
    };
    let mut body = Body::default();
    let mut asked = Vec::with_capacity(callers.len());
    for Caller { client, .. } in callers {
        let answers = question.ask(&traffic, &client);
        if !asked.is_empty() {
            body.blocks.push(Block::Gap);
        }
        body.blocks.extend(blocks(mesh, &question, &client, &answers));
        asked.push(Asked { client, answers });
    }
    fill(&mut body, mesh, &question, &asked);
    let journeys = asked.into_iter().flat_map(|asked| asked.answers).flat_map(|agreed| agreed.answer);
    Ok((body, journeys.collect()))
}

fn callers<'m>(
    traffic: &Traffic<'m>,
    loaded: &Loaded,
    args: &TraceArgs,
    host: &str,
) -> Result<Vec<Caller<'m>>, Failure> {
    // Clients that are only a place are of the namespace that was typed, else of the service's own.
    let namespace = match &args.namespace.namespace {
        Some(typed) => Namespace::from(typed.as_str()),
        None => service::namespace_of(loaded.mesh(), host),
    };
    match &args.client.from {
        Some(from) => client::clients(traffic, from, &namespace),
        None => client::usual_clients(traffic, false, &namespace),
    }
}
