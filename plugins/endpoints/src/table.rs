//! The table of an answer: one row per address.

use std::collections::BTreeSet;

use mesh_report::{Cell, Column, ColumnClass, View};
use mesh_rules::Code;
use mesh_traffic::Client;

use crate::actual::Comparison;
use crate::answer::Answer;
use crate::asked::Frame;
use crate::question::Question;
use crate::row::{Row, State};

/// The table of an answer, with what the proxy has where that was read.
pub(crate) fn view(
    frame: &Frame<'_>,
    client: &Client<'_>,
    answer: &Answer,
    comparison: Option<&Comparison>,
) -> View {
    let column = |header, key, class| Column { header, key, class };
    let mut columns = vec![
        column("PRI", "priority", ColumnClass::Normal),
        column("LOCALITY", "locality", ColumnClass::Normal),
        column("CLUSTER", "cluster", ColumnClass::Normal),
        column("ADDRESS", "address", ColumnClass::Normal),
        column("VIA", "via", ColumnClass::Normal),
        column("PODS", "pods", ColumnClass::Normal),
        column("WEIGHT", "weight", ColumnClass::Normal),
        column("SHARE", "share", ColumnClass::Normal),
        column("STATE", "state", ColumnClass::Normal),
    ];
    if comparison.is_some() {
        columns.push(column("ACTUAL", "actual", ColumnClass::Normal));
        columns.push(column("MEASURED", "measured", ColumnClass::Normal));
    }
    columns.extend([
        column("NODE", "node", ColumnClass::Wide),
        column("NETWORK", "network", ColumnClass::Wide),
        column("SUBSET", "subset", ColumnClass::Wide),
        column("SNI", "sni", ColumnClass::Wide),
        column("POD", "pod", ColumnClass::Wide),
    ]);
    let row = |row: &Row| {
        let mut cells = usual(frame, client, row);
        cells.extend(comparison.into_iter().flat_map(|comparison| beside(comparison, row)));
        cells.extend(wide(&frame.question, answer, row));
        cells
    };
    View { columns, rows: answer.rows.iter().map(row).collect() }
}

fn usual(frame: &Frame<'_>, client: &Client<'_>, row: &Row) -> Vec<Cell> {
    let number = |number: usize| Cell::Int(i64::try_from(number).unwrap_or(i64::MAX));
    vec![
        Cell::Int(i64::from(row.priority)),
        Cell::Text(row.locality.short()),
        Cell::Text(row.cluster.clone()),
        Cell::Text(row.address.clone()),
        if row.gateway.is_some() { "ew-gw" } else { "direct" }.into(),
        if row.same_pods { "*".into() } else { number(row.pods) },
        Cell::Int(i64::from(row.weight)),
        row.share.map_or_else(|| "-".into(), |share| Cell::Text(share.text())),
        Cell::Text(state(frame, client, row)),
    ]
}

/// The state, or the codes of what makes a ready address useless.
fn state(frame: &Frame<'_>, client: &Client<'_>, row: &Row) -> String {
    let cluster = &frame.mesh.clusters()[client.cluster].name;
    let codes: BTreeSet<Code> = frame.trouble.on_the_way(cluster, row).map(|finding| finding.code).collect();
    if row.state != State::Ready || codes.is_empty() {
        return row.state.as_str().to_owned();
    }
    codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// What the proxy has of the address, and its share of what was sent so far.
fn beside(comparison: &Comparison, row: &Row) -> [Cell; 2] {
    let none = || Cell::from("-");
    if row.state == State::Duplicate {
        return [none(), none()];
    }
    let seen = comparison.seen.get(&row.address);
    let measured = seen.and_then(|seen| seen.measured);
    let fields: Vec<&str> = comparison
        .of_address(&row.address)
        .iter()
        .map(|difference| if difference.actual.is_none() { "missing" } else { difference.field })
        .collect();
    let actual = match (fields.as_slice(), seen.is_some_and(|seen| seen.ejected)) {
        ([], true) => "ejected".to_owned(),
        ([], false) => "same".to_owned(),
        (fields, _) => fields.join(","),
    };
    [Cell::Text(actual), measured.map_or_else(none, |share| Cell::Text(format!("{:.0}%", share * 100.0)))]
}

/// The columns of `-o wide`.
fn wide(question: &Question<'_>, answer: &Answer, row: &Row) -> [Cell; 5] {
    let optional = |text: Option<&str>| text.map_or(Cell::Missing, Cell::from);
    [
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
