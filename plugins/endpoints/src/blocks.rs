//! The answer for people: what is asked, the table, the sentences below.

use mesh_cli::{Agreed, client, rule_sets};
use mesh_model::actual::{Actual, ActualSource};
use mesh_model::{Gap, Mesh};
use mesh_report::{Block, Remark};
use mesh_rules::Severity;
use mesh_traffic::{Client, HostPolicy, LocalityMode, Outlier};

use crate::answer::Answer;
use crate::asked::{Asked, Frame};
use crate::question::{Outcome, Question};
use crate::remarks::remarks;
use crate::table;

/// The blocks of one client.
pub(crate) fn blocks(frame: &Frame<'_>, asked: &Asked<'_>) -> Vec<Block> {
    let Frame { mesh, question, .. } = frame;
    let caller = &asked.client;
    let mut blocks = Vec::new();
    for (at, told) in asked.answers.iter().enumerate() {
        let agreed = &told.agreed;
        if at > 0 {
            blocks.push(Block::Gap);
        }
        let mut facts = vec![("Service", service(frame, agreed)), ("Client", client::describe(mesh, caller))];
        match &agreed.answer {
            Outcome::Answer(answer) => {
                facts.push(("Policy", format!("{}   (rules of {})", policy(answer), agreed.text())));
                facts.extend(asked.actual.as_ref().map(|actual| ("Actual", source(actual))));
                let table = table::view(frame, caller, answer, told.comparison.as_ref());
                blocks.extend([Block::Facts(facts), Block::Gap, Block::Table(table)]);
                blocks.push(Block::Remarks(remarks(frame, asked, told, answer)));
            }
            without => {
                facts.push(("Rules", agreed.text()));
                blocks.push(Block::Facts(facts));
                blocks.push(Block::Remarks(vec![nothing(mesh, question, caller, without)]));
            }
        }
    }
    if asked.answers.len() > 1 {
        blocks.push(Block::Remarks(vec![rule_sets::undecided(mesh, caller)]));
    }
    blocks
}

/// Who told what the client has.
fn source(actual: &Result<Actual, Gap>) -> String {
    match actual {
        Ok(Actual { source: ActualSource::Proxy, .. }) => "told by the proxy itself".to_owned(),
        Ok(Actual { source: ActualSource::Istiod { cluster, pod, instead }, .. }) => {
            format!("told by istiod {pod} of cluster {cluster}; the proxy could not be read: {instead}")
        }
        Err(gap) => format!("not read: {gap}"),
    }
}

fn service(frame: &Frame<'_>, agreed: &Agreed<Outcome>) -> String {
    let Frame { question: Question { host, port, subset }, port_name, .. } = frame;
    let subset = subset.map(|subset| format!(" subset {subset}")).unwrap_or_default();
    let text = format!("{}{subset}", format!("{host}:{port} {port_name}").trim_end());
    let Outcome::Answer(answer) = &agreed.answer else { return text };
    let clusters = answer.clusters().len();
    let plural = if clusters == 1 { "" } else { "s" };
    format!("{text}    {} of {} endpoints usable, {clusters} cluster{plural}", answer.usable, answer.all)
}

/// The settings in force, with the rule they come from.
fn policy(answer: &Answer) -> String {
    let rules: Vec<_> = answer.rules.iter().map(ToString::to_string).collect();
    let source = if rules.is_empty() { "no DestinationRule".to_owned() } else { rules.join(" and ") };
    let settings = &answer.settings;
    let mut parts = vec![outlier(settings.outlier.value.as_ref()).to_owned(), locality(answer)];
    let panic = settings.panic_threshold.unwrap_or(ENVOYS_PANIC_THRESHOLD);
    if panic > 0 {
        parts.push(format!("panic below {panic}% healthy"));
    }
    if settings.policy.value != HostPolicy::LeastRequest {
        parts.push(settings.policy.value.as_str().to_owned());
    }
    format!("{source}: {}", parts.join(", "))
}

/// What Envoy takes where istiod sends none (`envoy: Cluster.CommonLbConfig.healthy_panic_threshold`).
const ENVOYS_PANIC_THRESHOLD: u32 = 50;

fn outlier(outlier: Option<&Outlier>) -> &'static str {
    match outlier {
        None => "outlierDetection off",
        Some(outlier) if outlier.can_eject() => "outlierDetection on",
        Some(_) => "outlierDetection on, which ejects nothing",
    }
}

fn locality(answer: &Answer) -> String {
    let locality = &answer.settings.locality;
    let of_rule = answer.rules.iter().any(|rule| locality.cause.object() == Some(rule));
    let text = locality.value.text();
    match locality.value {
        LocalityMode::None => text.to_owned(),
        // Every mesh asks for it by default, and nobody misses it.
        LocalityMode::Inert if !of_rule => "no locality failover".to_owned(),
        _ if of_rule => text.to_owned(),
        _ => format!("{text} by {}", locality.cause),
    }
}

/// Why there are no endpoints.
fn nothing(mesh: &Mesh, question: &Question<'_>, client: &Client<'_>, outcome: &Outcome) -> Remark {
    let cluster = &mesh.clusters()[client.cluster].name;
    let text = match outcome {
        Outcome::NoSubset(subsets) if subsets.is_empty() => {
            "no DestinationRule in force has subsets: calls are answered with 503 (NC)".to_owned()
        }
        Outcome::NoSubset(subsets) => format!(
            "the DestinationRule in force has no such subset, only {}: calls are answered with 503 (NC)",
            subsets.join(", ")
        ),
        Outcome::Hidden(cause) => {
            format!("a Sidecar hides the service from clients of namespace \"{}\": {cause}", client.namespace)
        }
        Outcome::NoPort => format!("the service has no port {} here", question.port),
        Outcome::NoService | Outcome::Answer(_) => format!(
            "the istiod that serves cluster \"{cluster}\" has no such service for clients of namespace \"{}\"",
            client.namespace
        ),
    };
    Remark::signed(Severity::Error, text)
}
