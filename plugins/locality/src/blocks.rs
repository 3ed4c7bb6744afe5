//! Both tables for people.

use mesh_model::{ClusterName, Kind, ObjectRef};
use mesh_report::{Block, Cell, Column, ColumnClass, View};

use crate::nodes::Place;
use crate::services::Row;
use crate::status::Status;

const fn column(header: &'static str, key: &'static str, class: ColumnClass) -> Column {
    Column { header, key, class }
}

/// The table of places.
pub(crate) fn places(places: &[Place], status: &Status) -> Block {
    let columns = vec![
        column("CLUSTER", "cluster", ColumnClass::Normal),
        column("REGION", "region", ColumnClass::Normal),
        column("ZONE", "zone", ColumnClass::Normal),
        column("SUBZONE", "subzone", ColumnClass::Wide),
        column("NODES", "nodes", ColumnClass::Normal),
        column("MESH-PODS", "meshPods", ColumnClass::Normal),
        column("LABELS-FROM", "labelsFrom", ColumnClass::Normal),
        column("STATUS", "status", ColumnClass::Normal),
    ];
    let row = |place: &Place| {
        vec![
            Cell::Text(place.cluster.clone()),
            Cell::Text(place.locality.region.to_string()),
            Cell::Text(place.locality.zone.to_string()),
            Cell::Text(place.locality.subzone.to_string()),
            number(place.nodes.len()),
            number(place.pods),
            place.labels.as_str().into(),
            Cell::Text(status_of_place(place, status)),
        ]
    };
    Block::Table(View { columns, rows: places.iter().map(row).collect() })
}

/// `MESH215 node/a, node/b`.
fn status_of_place(place: &Place, status: &Status) -> String {
    let objects = objects(place);
    let codes = status.codes(objects.iter());
    if codes.is_empty() {
        return status.without_codes(std::iter::once(&ClusterName::from(place.cluster.as_str()))).to_owned();
    }
    let with_nodes = |code: &String| {
        let nodes = status.with_code(code, &objects).into_iter().map(|node| format!("node/{}", node.name));
        format!("{code} {}", nodes.collect::<Vec<_>>().join(", "))
    };
    codes.iter().map(with_nodes).collect::<Vec<_>>().join("; ")
}

/// The nodes of a place.
pub(crate) fn objects(place: &Place) -> Vec<ObjectRef> {
    let node = |name: &mesh_model::Name| ObjectRef::new(place.cluster.as_str(), Kind::Node, "", name.clone());
    place.nodes.iter().map(node).collect()
}

/// The table of services. `with_namespace` tells services of several namespaces apart, `all_ports` shows ports and
/// subsets.
pub(crate) fn services(rows: &[Row], status: &Status, with_namespace: bool, all_ports: bool) -> Block {
    let ports = if all_ports { ColumnClass::Normal } else { ColumnClass::Wide };
    let columns = vec![
        column("SERVICE", "service", ColumnClass::Normal),
        column("PORT", "ports", ports),
        column("SUBSET", "subset", ports),
        column("SETTING-FROM", "settingFrom", ColumnClass::Normal),
        column("OUTLIER", "outlier", ColumnClass::Normal),
        column("MODE", "mode", ColumnClass::Normal),
        column("ORDER", "order", ColumnClass::Prose),
        column("MAX-EJECTION", "maxEjection", ColumnClass::Wide),
        column("M-MIN", "leastEjection", ColumnClass::Wide),
        column("STATUS", "status", ColumnClass::Normal),
    ];
    let lines = if all_ports { rows.iter().map(Shown::of).collect() } else { joined(rows) };
    let is_split = |host: &str| lines.iter().filter(|line| line.row.host == host).count() > 1;
    let cells = |line: &Shown<'_>| {
        let ports: Vec<String> = line.ports.iter().map(ToString::to_string).collect();
        let mut name = name(line.row, with_namespace);
        if !all_ports && is_split(&line.row.host) {
            name = format!("{name}:{}", ports.join(","));
        }
        let subset = line.row.subset.as_deref().map_or(Cell::Missing, Cell::from);
        let head = [Cell::Text(name), Cell::List(ports), subset];
        head.into_iter().chain(effect(line.row, status)).collect()
    };
    Block::Table(View { columns, rows: lines.iter().map(cells).collect() })
}

/// The cells behind service, port and subset.
fn effect(row: &Row, status: &Status) -> [Cell; 7] {
    let percent =
        |percent: Option<u32>| percent.map_or(Cell::Missing, |percent| Cell::Text(format!("{percent}%")));
    [
        Cell::Text(row.setting_from()),
        row.effect.detection.as_str().into(),
        row.mode().into(),
        Cell::Text(row.effect.order.clone()),
        percent(row.max_ejection()),
        percent(row.effect.least_ejection),
        Cell::Text(status_of_service(row, status)),
    ]
}

/// A line of the table: a row, with the ports of those that look the same.
struct Shown<'a> {
    row: &'a Row,
    ports: Vec<u16>,
}

impl<'a> Shown<'a> {
    fn of(row: &'a Row) -> Self {
        Self { row, ports: row.ports.clone() }
    }
}

/// Rows of one host that differ in nothing that is shown, such as the field within an object that decided.
fn joined(rows: &[Row]) -> Vec<Shown<'_>> {
    let mut lines: Vec<Shown<'_>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut of_host = lines.iter_mut().rev().take_while(|known| known.row.host == row.host);
        match of_host.find(|known| looks_same(known.row, row)) {
            Some(known) => known.ports.extend(&row.ports),
            None => lines.push(Shown::of(row)),
        }
    }
    lines
}

fn looks_same(a: &Row, b: &Row) -> bool {
    let shown = |row: &Row| (row.setting_from(), row.mode(), row.max_ejection());
    let (one, other) = (&a.effect, &b.effect);
    shown(a) == shown(b)
        && (one.detection, &one.order, one.least_ejection, &one.objects)
            == (other.detection, &other.order, other.least_ejection, &other.objects)
}

/// The name of a Service, or the whole host of a ServiceEntry.
pub(crate) fn name(row: &Row, with_namespace: bool) -> String {
    let of_namespace = format!(".{}.svc.cluster.local", row.namespace);
    match row.host.strip_suffix(&of_namespace) {
        Some(name) if with_namespace => format!("{name}.{}", row.namespace),
        Some(name) => name.to_owned(),
        None => row.host.clone(),
    }
}

pub(crate) fn status_of_service(row: &Row, status: &Status) -> String {
    let objects = &row.effect.objects;
    let codes = status.codes(objects.iter());
    if codes.is_empty() {
        status.without_codes(objects.iter().map(|object| &object.cluster)).to_owned()
    } else {
        codes.join(",")
    }
}

fn number(number: usize) -> Cell {
    Cell::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
