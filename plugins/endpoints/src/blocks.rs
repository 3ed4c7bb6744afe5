//! The answer for people: what is asked, the table, the sentences below.

use mesh_cli::{Agreed, client, rule_sets};
use mesh_model::Mesh;
use mesh_report::{Block, Cell, Column, ColumnClass, Remark, View};
use mesh_rules::Severity;
use mesh_traffic::{Client, HostPolicy, LocalityMode, Outlier};

use crate::answer::Answer;
use crate::question::{Outcome, Question};
use crate::remarks::remarks;
use crate::row::Row;

/// The blocks of one client.
pub(crate) fn blocks(
    mesh: &Mesh,
    question: &Question<'_>,
    port_name: &str,
    caller: &Client<'_>,
    answers: &[Agreed<Outcome>],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (at, agreed) in answers.iter().enumerate() {
        if at > 0 {
            blocks.push(Block::Gap);
        }
        let mut facts = vec![
            ("Service", service(question, port_name, agreed)),
            ("Client", client::describe(mesh, caller)),
        ];
        match &agreed.answer {
            Outcome::Answer(answer) => {
                facts.push(("Policy", format!("{}   (rules of {})", policy(answer), agreed.text())));
                blocks.extend([Block::Facts(facts), Block::Gap, Block::Table(table(question, answer))]);
                blocks.push(Block::Remarks(remarks(answer, caller)));
            }
            without => {
                facts.push(("Rules", agreed.text()));
                blocks.push(Block::Facts(facts));
                blocks.push(Block::Remarks(vec![nothing(mesh, question, caller, without)]));
            }
        }
    }
    if answers.len() > 1 {
        blocks.push(Block::Remarks(vec![rule_sets::undecided(mesh, caller)]));
    }
    blocks
}

fn service(question: &Question<'_>, port_name: &str, agreed: &Agreed<Outcome>) -> String {
    let Question { host, port, subset } = question;
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
    if settings.policy.value != HostPolicy::LeastRequest {
        parts.push(settings.policy.value.as_str().to_owned());
    }
    format!("{source}: {}", parts.join(", "))
}

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
        Outcome::NoPort => format!("the service has no port {} here", question.port),
        Outcome::NoService | Outcome::Answer(_) => format!(
            "the istiod that serves cluster \"{cluster}\" has no such service for clients of namespace \"{}\"",
            client.namespace
        ),
    };
    Remark::signed(Severity::Error, text)
}

fn table(question: &Question<'_>, answer: &Answer) -> View {
    let column = |header, key, class| Column { header, key, class };
    let columns = vec![
        column("PRI", "priority", ColumnClass::Normal),
        column("LOCALITY", "locality", ColumnClass::Normal),
        column("CLUSTER", "cluster", ColumnClass::Normal),
        column("ADDRESS", "address", ColumnClass::Normal),
        column("VIA", "via", ColumnClass::Normal),
        column("PODS", "pods", ColumnClass::Normal),
        column("WEIGHT", "weight", ColumnClass::Normal),
        column("SHARE", "share", ColumnClass::Normal),
        column("STATE", "state", ColumnClass::Normal),
        column("NODE", "node", ColumnClass::Wide),
        column("NETWORK", "network", ColumnClass::Wide),
        column("SUBSET", "subset", ColumnClass::Wide),
        column("SNI", "sni", ColumnClass::Wide),
        column("POD", "pod", ColumnClass::Wide),
    ];
    View { columns, rows: answer.rows.iter().map(|row| cells(question, answer, row)).collect() }
}

fn cells(question: &Question<'_>, answer: &Answer, row: &Row) -> Vec<Cell> {
    let number = |number: usize| Cell::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let optional = |text: Option<&str>| text.map_or(Cell::Missing, Cell::from);
    vec![
        Cell::Int(i64::from(row.priority)),
        Cell::Text(row.locality.short()),
        Cell::Text(row.cluster.clone()),
        Cell::Text(row.address.clone()),
        if row.gateway.is_some() { "ew-gw" } else { "direct" }.into(),
        if row.same_pods { "*".into() } else { number(row.pods) },
        Cell::Int(i64::from(row.weight)),
        row.share.map_or_else(|| "-".into(), |share| Cell::Text(share.text())),
        row.state.as_str().into(),
        optional(row.node.as_deref()),
        optional(row.network.as_deref()),
        optional(question.subset),
        row.gateway.as_ref().map_or(Cell::Missing, |_| Cell::Text(sni(&answer.name))),
        optional(row.object.as_deref()),
    ]
}

/// The name a client asks a gateway for: that of the Envoy cluster in the form of a host name
/// (`istio: pilot/pkg/model/push_context.go: BuildDNSSrvSubsetKey`).
pub(crate) fn sni(cluster: &str) -> String {
    cluster.replace('|', "_.")
}

#[cfg(test)]
mod tests {
    use super::sni;

    #[test]
    fn a_gateway_is_asked_for_the_envoy_cluster_by_name() {
        assert_eq!(
            sni("outbound|80|v1|echo.shop.svc.cluster.local"),
            "outbound_.80_.v1_.echo.shop.svc.cluster.local"
        );
    }
}
