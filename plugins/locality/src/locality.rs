//! `locality`: the command line, and the way from it to a report.

use std::collections::BTreeSet;
use std::io::Write;

use mesh_cli::args::{
    ClientArgs, ClusterArgs, LookArgs, NamespaceArgs, NoteArgs, OutputArgs, ServiceWord, SourceArgs,
    TableArgs, TimeArgs, VerdictArgs,
};
use mesh_cli::{
    Caller, Example, Exit, Failure, Group, Loaded, Plugin, Session, Wanted, client, exit, rule_sets,
};
use mesh_model::{KindSet, Namespace, ObjectRef};
use mesh_report::{Block, Body, Format, ReportKind};
use mesh_rules::engine::Options;
use mesh_rules::{Asks, Focus, Rule, Selection};
use mesh_traffic::Traffic;

use crate::items::{Asked, fill};
use crate::status::Status;
use crate::{blocks, nodes, services};

/// `locality`.
#[derive(Debug)]
pub struct Locality;

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct LocalityArgs {
    /// Services: SVC, SVC.NS or host names. Without any, all of the namespace.
    #[arg(value_name = "SVC")]
    services: Vec<ServiceWord>,

    /// Show each port and subset with the policy of its own.
    #[arg(long)]
    all_ports: bool,

    /// Show the services of all namespaces; beats -n.
    #[arg(short = 'A', long)]
    all_namespaces: bool,

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

impl Plugin for Locality {
    const NAME: &'static str = "locality";
    const GROUP: Group = Group::Diagnose;
    const SUMMARY: &'static str = "Show localities of nodes, and the locality setting in force for services";
    const LONG: &'static str = "Show where the nodes of each cluster stand and which labels say so; then for each \
         service the locality setting in force, the object that gives it, whether outlier detection switches it on, \
         and the order in which a client uses localities.

 OUTLIER is on, off, forced (the setting needs no outlier detection) or inert (it is there and ejects nothing). STATUS \
         holds the codes of rules of the area locality.

 Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 usage or internal error or no such service, 3 \
         something could not be read.";
    const POSITIONAL: &'static str = "[SVC...]";
    const EXAMPLES: &'static [Example] = &[
        Example { what: "Show all services of a namespace", args: "-n shop -f clusters/" },
        Example {
            what: "Show one service as a client in one zone gets it",
            args: "echo.shop -f clusters/ --from west/eu-west/eu-west-a",
        },
        Example {
            what: "Show each port and subset, with the limits of ejection",
            args: "echo.shop -f clusters/ --all-ports -o wide",
        },
        Example {
            what: "Show the services of all namespaces, for a program",
            args: "-A -f clusters/ -o json",
        },
    ];
    const FORMATS: &'static [Format] =
        &[Format::Human, Format::Wide, Format::Name, Format::Json, Format::Yaml, Format::Jsonl];
    type Args = LocalityArgs;

    fn run(session: &Session, args: LocalityArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let selection =
            Selection::new(&["locality"], &[]).map_err(|error| Failure::select(session, error))?;
        let rules = selection.rules();
        let loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: rules.iter().map(|rule| rule.needs).fold(client::READS, KindSet::union),
        })?;
        let now = session.now(args.time.now).as_second();
        let options = Options { now, given: Asks::empty(), focus: Focus::everything() };
        let (body, outcome) = Table::of(&loaded, &args)?.body(&loaded, rules, &options, &args);
        let exit = exit::of(&loaded.gaps(), &outcome, &args.verdict);
        let mut report = loaded.check_report(session, rules, outcome, exit);
        report.kind = ReportKind::LocalityReport;
        report.body = Some(body);
        let style = args.table.style(session.style(&args.look));
        session.print(format, &report, &style, out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}

/// Everything that is shown, before the rules judge it.
struct Table<'m> {
    asked: Vec<Asked<'m>>,
    /// Services of several namespaces.
    mixed: bool,
}

impl<'m> Table<'m> {
    fn of(loaded: &'m Loaded, args: &LocalityArgs) -> Result<Self, Failure> {
        let namespace = loaded.namespace(args.namespace.namespace.as_deref());
        let traffic = Traffic::new(loaded.mesh());
        let callers = match &args.client.from {
            Some(from) => client::clients(&traffic, from, &namespace)?,
            None => client::usual_clients(&traffic, false, &namespace)?,
        };
        let hosts = hosts(loaded, args, &traffic, &callers, &namespace)?;
        let wanted = services::Wanted { hosts: &hosts, all_ports: args.all_ports };
        let ask = |Caller { client, .. }: Caller<'m>| {
            let answers =
                rule_sets::ask(&traffic, &client, |rules| services::rows(&traffic, &client, rules, wanted));
            Asked { client, answers }
        };
        let asked: Vec<_> = callers.into_iter().map(ask).collect();
        let namespaces: BTreeSet<&str> = rows(&asked).map(|row| row.namespace.as_str()).collect();
        let mixed = namespaces.len() > 1;
        Ok(Self { asked, mixed })
    }

    fn body(
        self,
        loaded: &Loaded,
        rules: &[&'static Rule],
        options: &Options,
        args: &LocalityArgs,
    ) -> (Body, mesh_rules::Outcome) {
        let mesh = loaded.mesh();
        let shown: BTreeSet<ObjectRef> =
            rows(&self.asked).flat_map(|row| row.effect.objects.iter().cloned()).collect();
        let status = Status::of(mesh, rules, options, &shown);
        let places = nodes::places(mesh);
        let mut body = Body::default();
        body.blocks.push(blocks::places(&places, &status));
        for Asked { client, answers } in &self.asked {
            for agreed in answers {
                let facts = vec![("Client", client::describe(mesh, client)), ("Rules", agreed.text())];
                let table = blocks::services(&agreed.answer, &status, self.mixed, args.all_ports);
                body.blocks.extend([Block::Gap, Block::Facts(facts), Block::Gap, table]);
            }
            if answers.len() > 1 {
                body.blocks.push(Block::Remarks(vec![rule_sets::undecided(mesh, client)]));
            }
        }
        body.blocks.extend(loaded.taken_for_empty().into_iter().map(|remark| Block::Remarks(vec![remark])));
        fill(&mut body, mesh, &places, &self.asked, &status);
        (body, status.outcome)
    }
}

fn rows<'a>(asked: &'a [Asked<'_>]) -> impl Iterator<Item = &'a services::Row> {
    asked.iter().flat_map(|asked| &asked.answers).flat_map(|agreed| &agreed.answer)
}

/// The hosts of the rows: those that are typed, else all of the namespace that a client's istiod knows, sorted.
fn hosts(
    loaded: &Loaded,
    args: &LocalityArgs,
    traffic: &Traffic<'_>,
    callers: &[Caller<'_>],
    namespace: &Namespace,
) -> Result<Vec<String>, Failure> {
    if !args.services.is_empty() {
        let host = |word| loaded.host(word, namespace).map(|host| host.to_string());
        return args.services.iter().map(host).collect();
    }
    if let Some(typed) = args.namespace.namespace.as_deref().filter(|_| !args.all_namespaces) {
        loaded.expect_namespace(typed)?;
    }
    let mut hosts = BTreeSet::new();
    for caller in callers {
        let view = traffic.view(caller.client.cluster);
        let wanted = |host: &&str| {
            args.all_namespaces || view.service(host).is_some_and(|service| *service.namespace == **namespace)
        };
        hosts.extend(view.hosts().into_iter().filter(wanted).map(str::to_owned));
    }
    Ok(hosts.into_iter().collect())
}
