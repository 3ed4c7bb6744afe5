//! `failover`: the command line, and the way from it to a report.

use std::collections::BTreeSet;
use std::io::Write;

use mesh_cli::args::{
    ClusterArgs, LookArgs, NamespaceArgs, NoteArgs, OutputArgs, OverlayArgs, ServiceWord, SourceArgs,
    TableArgs, TimeArgs, VerdictArgs,
};
use mesh_cli::{Example, Exit, Failure, Group, Loaded, Plugin, Session, Wanted, client, exit, service};
use mesh_model::Namespace;
use mesh_report::{Block, Body, Format, Remark, ReportKind};
use mesh_rules::{Outcome, Severity};
use mesh_traffic::scenario::{Callers, Lost, Mode, Scenario};
use mesh_traffic::{RuleSet, Traffic};

use crate::answer::{Answer, Asked, answers};
use crate::blocks::{self, Names};
use crate::facts::facts;
use crate::items::fill;
use crate::known::lost;
use crate::losses::{LossWord, PartWord};

/// `failover`.
#[derive(Debug)]
pub struct Failover;

/// How a loss shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ModeWord {
    /// Endpoints are listed and answer nothing.
    Unreachable,
    /// Pods are not ready, and istiod sees it.
    Drain,
    /// The API server is cut off, and endpoints answer.
    Stale,
}

/// What can be typed.
#[derive(Clone, Debug, clap::Args)]
pub struct FailoverArgs {
    /// Services: SVC, SVC.NS or host names, each with :PORT if one is meant. Without any, all of the namespace.
    #[arg(value_name = "SVC")]
    services: Vec<ServiceWord>,

    /// What is lost: region=, zone=, cluster=, network=, gateway=ADDRESS, node=[CLUSTER/]NAME, and pod= or
    /// workload=CLUSTER/NS/NAME. Can be repeated.
    #[arg(long, value_name = "KIND=VALUE")]
    lose: Vec<LossWord>,

    /// What is lost in part, such as zone=eu-west-a:50%: so many of the endpoints of each cluster. Can be repeated.
    #[arg(long, value_name = "KIND=VALUE:PERCENT")]
    degrade: Vec<PartWord>,

    /// How the loss shows. One of: unreachable (endpoints are listed and answer nothing), drain (pods are not ready),
    /// stale (the API server is cut off).
    #[arg(long, value_name = "MODE", value_enum, default_value_t = ModeWord::Unreachable, hide_possible_values = true)]
    mode: ModeWord,

    /// Which clients count: surviving, all, or the name of a cluster.
    #[arg(long, value_name = "WHO", default_value = "surviving")]
    clients: String,

    /// Count one client only: a cluster, with a locality (CLUSTER/REGION/ZONE) or a workload (CLUSTER/NS/DEPLOY), or
    /// a pod (POD.NS); its place is what counts.
    #[arg(long, value_name = "CLIENT", conflicts_with = "clients")]
    from: Option<String>,

    /// Let the calls of lost clients come from the others.
    #[arg(long)]
    shift_clients: bool,

    /// Part of the calls that has to be answered in the end, such as 99%. Without it as much as before the loss.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    min_available: Option<f64>,

    /// Take the services of all namespaces; beats -n.
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    #[command(flatten)]
    overlay: OverlayArgs,
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

/// `99%` or `99.9`, as a part of 1.
fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "must be a percent from 0% to 100%".to_owned())
}

impl Plugin for Failover {
    const NAME: &'static str = "failover";
    const GROUP: Group = Group::Foresee;
    const SUMMARY: &'static str = "Foresee where calls go when something is lost";
    const LONG: &'static str = "Foresee where the calls of each service go when a region, a cluster, a gateway or \
         anything else is lost: before, at the loss while nobody has noticed, and settled, when outlier detection has \
         ejected what it may and istiod has told what it sees. Shares are of first attempts, as sent; what a gateway \
         passes on is computed on its side. Then the load on each pod that is left, and the change of outlier \
         detection that would help, computed by the same rules.

 With --with the answer is that of the mesh with other objects: what a change would do, before it is made.

 Exit codes: 0 every service answers as before or as --min-available asks, 1 one does not, 2 usage or internal error, \
         or a loss of nothing, 3 something could not be read.";
    const POSITIONAL: &'static str = "[SVC...]";
    const EXAMPLES: &'static [Example] = &[
        Example { what: "Lose a cluster", args: "-n shop -f clusters/ --lose cluster=west" },
        Example {
            what: "Lose a gateway, with the settings that decide",
            args: "echo.shop -f clusters/ --lose gateway=192.0.2.10 -o wide",
        },
        Example {
            what: "Drain half of a zone",
            args: "-n shop -f clusters/ --degrade zone=eu-west-b:50% --mode drain --clients all",
        },
        Example {
            what: "Cut off an API server, for a program",
            args: "-A -f clusters/ --lose cluster=west --mode stale -o json",
        },
    ];
    const FORMATS: &'static [Format] =
        &[Format::Human, Format::Wide, Format::Name, Format::Json, Format::Yaml, Format::Jsonl];
    type Args = FailoverArgs;

    fn run(session: &Session, args: FailoverArgs, out: &mut dyn Write) -> Result<Exit, Failure> {
        let format = args.output.format(Self::FORMATS)?;
        let words = args.words()?;
        let mut loaded = session.load(&Wanted {
            clusters: &args.clusters,
            source: &args.source,
            time: &args.time,
            notes: &args.notes,
            kinds: client::READS,
        })?;
        loaded.lay_over(&args.overlay, &args.source)?;
        let (body, fails) = Foreseen::of(&loaded, &args, &words)?;
        let fails = fails && args.verdict.fail_on.counts(Severity::Error);
        let exit = match exit::of(&loaded.gaps(), &Outcome::default(), &args.verdict) {
            _ if fails => Exit::Findings,
            exit => exit,
        };
        let mut report = loaded.report(session, ReportKind::FailoverReport, exit);
        report.body = Some(body);
        let style = args.table.style(session.style(&args.look));
        session.print(format, &report, &style, out)?;
        out.flush()?;
        loaded.tell_gaps(session, &args.notes);
        Ok(exit)
    }
}

impl FailoverArgs {
    /// Everything that is lost.
    fn words(&self) -> Result<Vec<LossWord>, Failure> {
        let parts = self.degrade.iter().map(|part| part.0.clone());
        let words: Vec<LossWord> = self.lose.iter().cloned().chain(parts).collect();
        if words.is_empty() {
            let text = "nothing is lost: name it by --lose KIND=VALUE or --degrade KIND=VALUE:PERCENT";
            return Err(Failure::Question(text.to_owned()));
        }
        Ok(words)
    }

    const fn mode(&self) -> Mode {
        match self.mode {
            ModeWord::Unreachable => Mode::Unreachable,
            ModeWord::Drain => Mode::Drain,
            ModeWord::Stale => Mode::Stale,
        }
    }
}

/// One run: the mesh and what is asked of it.
struct Foreseen<'a, 'm> {
    loaded: &'m Loaded,
    args: &'a FailoverArgs,
    traffic: Traffic<'m>,
    namespace: Namespace,
}

impl<'m> Foreseen<'_, 'm> {
    /// The body of the report, and whether a service fails.
    fn of(loaded: &'m Loaded, args: &FailoverArgs, words: &[LossWord]) -> Result<(Body, bool), Failure> {
        let traffic = Traffic::new(loaded.mesh());
        let namespace = loaded.namespace(args.namespace.namespace.as_deref());
        let run = Foreseen { loaded, args, traffic, namespace };
        let scenario = run.scenario(lost(&run.traffic, words)?)?;
        let asked = run.asked()?;
        let found = run.answers(&asked, &scenario);
        if !found.is_empty() && found.iter().all(|answer| answer.outcome.courses.is_empty()) {
            let text = "no client is left: the loss takes all that know these services; name who counts by --clients";
            return Err(Failure::Question(text.to_owned()));
        }
        let fails = found.iter().any(|answer| answer.verdict.state.fails());
        Ok((run.body(words, &scenario, &asked, &found), fails))
    }

    fn scenario(&self, lost: Lost) -> Result<Scenario, Failure> {
        let (mode, shift) = (self.args.mode(), self.args.shift_clients);
        Ok(Scenario { lost, mode, callers: self.callers()?, shift, rules: None })
    }

    fn callers(&self) -> Result<Callers, Failure> {
        if let Some(from) = &self.args.from {
            let found = client::clients(&self.traffic, from, &self.namespace)?;
            let first = found.into_iter().next().ok_or(Failure::NoClient)?.client;
            return Ok(Callers::At(first.cluster, first.locality));
        }
        match self.args.clients.as_str() {
            "surviving" => Ok(Callers::Surviving),
            "all" => Ok(Callers::All),
            name if self.loaded.mesh().cluster(name).is_some() => Ok(Callers::Of(name.to_owned())),
            name => {
                let clusters = self.loaded.mesh().clusters().iter();
                let known = clusters.map(|cluster| cluster.name.as_str()).collect::<Vec<_>>().join(", ");
                let text = format!("no cluster \"{name}\"; clusters are: {known}");
                Err(Failure::Question(text))
            }
        }
    }

    /// The services that are typed, else all of the namespace that any istiod knows, with their ports.
    fn asked(&self) -> Result<Vec<Asked>, Failure> {
        if !self.args.services.is_empty() {
            return self.args.services.iter().map(|word| self.typed(word)).collect();
        }
        if let Some(typed) = self.args.namespace.namespace.as_deref().filter(|_| !self.args.all_namespaces) {
            self.loaded.expect_namespace(typed)?;
        }
        let mut hosts = BTreeSet::new();
        for at in 0..self.loaded.mesh().clusters().len() {
            let view = self.traffic.view(at);
            let is_wanted = |host: &&str| {
                self.args.all_namespaces
                    || view.service(host).is_some_and(|service| *service.namespace == *self.namespace)
            };
            hosts.extend(view.hosts().into_iter().filter(is_wanted).map(str::to_owned));
        }
        Ok(hosts.into_iter().map(|host| Asked { ports: self.ports(&host), host }).collect())
    }

    fn typed(&self, word: &ServiceWord) -> Result<Asked, Failure> {
        let host = self.loaded.host(word, &self.namespace)?.to_string();
        let ports = match &word.port {
            Some(port) => vec![service::port_of(&self.traffic, &host, Some(port))?.0],
            None => self.ports(&host),
        };
        Ok(Asked { host, ports })
    }

    /// The ports of a host, as the first istiod has it that knows it.
    fn ports(&self, host: &str) -> Vec<u16> {
        let mut clusters = 0..self.loaded.mesh().clusters().len();
        let service = clusters.find_map(|at| self.traffic.view(at).service(host));
        service.into_iter().flat_map(|service| service.ports).map(mesh_traffic::Port::number).collect()
    }

    fn answers(&self, asked: &[Asked], scenario: &Scenario) -> Vec<Answer<'m>> {
        asked
            .iter()
            .flat_map(|asked| answers(&self.traffic, asked, scenario, self.args.min_available))
            .collect()
    }

    fn body(&self, words: &[LossWord], scenario: &Scenario, asked: &[Asked], found: &[Answer<'m>]) -> Body {
        let mesh = self.loaded.mesh();
        let namespaces: BTreeSet<&str> = found.iter().map(|answer| answer.namespace.as_str()).collect();
        let mixed = namespaces.len() > 1;
        let names = Names::of(found);
        let rules = self.rules();
        let blocks = vec![
            facts(mesh, words, scenario, &rules, found),
            Block::Gap,
            blocks::split(found, &names, mixed),
            Block::Gap,
            blocks::load(found, &names, mixed),
            Block::Gap,
        ];
        let mut body = Body { blocks, ..Body::default() };
        body.blocks.extend(blocks::what_if(found, &names, mixed));
        body.blocks.push(blocks::summary(found));
        body.blocks.extend(self.undecided(asked, scenario, found));
        fill(&mut body, mesh, words, scenario, &rules, found);
        body
    }

    /// The rules of the istiods, oldest first.
    fn rules(&self) -> String {
        let clusters = 0..self.loaded.mesh().clusters().len();
        let rules: BTreeSet<RuleSet> = clusters.map(|at| self.traffic.view(at).rules()).collect();
        rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    }

    /// A word on versions, where none is known and they differ.
    fn undecided(&self, asked: &[Asked], scenario: &Scenario, found: &[Answer<'m>]) -> Option<Block> {
        let mut clusters = 0..self.loaded.mesh().clusters().len();
        if clusters.any(|at| self.traffic.view(at).version().is_some()) {
            return None;
        }
        let differs = |rules: &RuleSet| {
            let other = Scenario { rules: Some(*rules), ..scenario.clone() };
            let others = self.answers(asked, &other);
            others.len() != found.len()
                || others.iter().zip(found).any(|(one, other)| {
                    one.ports != other.ports || one.outcome.destinations != other.outcome.destinations
                })
        };
        let other = RuleSet::in_question(None).into_iter().filter(differs).map(|rules| rules.to_string());
        let other = other.collect::<Vec<_>>().join(", ");
        (!other.is_empty()).then(|| {
            let text = format!(
                "the version of Istio is not known, and shares are others by the rules of {other}; with -f name it by \
                 --istio-version"
            );
            Block::Remarks(vec![Remark::signed(Severity::Warning, text)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_part_is_a_percent() {
        assert_eq!(share("99%"), Ok(0.99));
        assert_eq!(share("12.5"), Ok(0.125));
        for wrong in ["", "x", "-1", "101%", "NaN", "inf"] {
            assert!(share(wrong).is_err(), "{wrong:?}");
        }
    }
}
