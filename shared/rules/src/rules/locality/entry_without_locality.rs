//! MESH231.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::row::{DestinationRule, Resolution, ServiceEntry, WorkloadEntry};
use mesh_model::{HostPattern, Kind, Labels, ObjectRef, Row, path};
use serde_json::json;

use super::companions::in_force;
use super::outlier_detection::asked;
use crate::facts::localities;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags, admiral};

declare_rule! {
    "entry_without_locality.md",
    pub static ENTRY_WITHOUT_LOCALITY = {
        code: 231, name: "entry-without-locality", summary: "endpoints of entries have a locality where it counts",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: [ServiceEntry, WorkloadEntry, DestinationRule, Service, Pod, Node],
        closed: [ServiceEntry, WorkloadEntry], after: [],
        check: Check::Cluster(check),
    };
}

fn check(_: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    let settings = Settings::of(view);
    let mut told: BTreeSet<(&ObjectRef, usize)> = BTreeSet::new();
    for (host, endpoints) in hosts(view) {
        let bare = endpoints.iter().filter(|endpoint| endpoint.is_bare());
        let Some(why) = Why::of(&host, &endpoints, &settings) else { continue };
        for endpoint in bare {
            if let Some(place) = endpoint.place().filter(|place| told.insert(*place)) {
                report(endpoint, place.1, &host, &why, out);
            }
        }
    }
}

/// One endpoint of a host.
#[derive(Clone, Copy)]
enum Endpoint<'a> {
    /// Of a ServiceEntry, by position.
    Listed(&'a Row<ServiceEntry>, usize),
    /// A WorkloadEntry that something selects.
    Workload(&'a Row<WorkloadEntry>),
    /// A pod that something selects, in a locality or not.
    Pod(bool),
}

impl<'a> Endpoint<'a> {
    /// A locality is missing that an object could name. A socket of the client's own machine needs none.
    fn is_bare(&self) -> bool {
        match self {
            Self::Listed(row, at) => lacks_locality(&row.fact.endpoints[*at], &Labels::default()),
            Self::Workload(row) => lacks_locality(&row.fact, &row.labels),
            Self::Pod(_) => false,
        }
    }

    /// It stands in a locality.
    fn is_placed(&self) -> bool {
        match self {
            Self::Pod(placed) => *placed,
            Self::Listed(..) | Self::Workload(_) => !self.is_bare(),
        }
    }

    fn place(&self) -> Option<(&'a ObjectRef, usize)> {
        match self {
            Self::Listed(row, at) => Some((&row.obj, *at)),
            Self::Workload(row) => Some((&row.obj, 0)),
            Self::Pod(_) => None,
        }
    }
}

/// The field, or a label of the entry (`istio: pilot/pkg/serviceregistry/serviceentry/conversion.go`).
fn lacks_locality(entry: &WorkloadEntry, of_object: &Labels) -> bool {
    let is_labelled =
        |labels: &Labels| [localities::LABEL, "istio-locality"].iter().any(|key| labels.get(key).is_some());
    entry.locality.is_empty()
        && !is_labelled(&entry.labels)
        && !is_labelled(of_object)
        && !entry.address.starts_with("unix://")
}

/// The endpoints of each host that entries give one to.
fn hosts<'a>(view: &ClusterView<'a>) -> BTreeMap<String, Vec<Endpoint<'a>>> {
    let mut hosts: BTreeMap<String, Vec<Endpoint<'a>>> = BTreeMap::new();
    for row in view.service_entries().rows() {
        if !matches!(row.fact.resolution, Resolution::Static | Resolution::Dns) {
            continue;
        }
        let listed = (0..row.fact.endpoints.len()).map(|at| Endpoint::Listed(row, at));
        let endpoints: Vec<_> =
            listed.chain(selected(view, &row.obj.namespace, &row.fact.selector)).collect();
        for host in &row.fact.hosts {
            hosts.entry(host.to_string()).or_default().extend(&endpoints);
        }
    }
    let with_entries = |row: &&Row<mesh_model::row::ServiceFact>| {
        !view.workload_entries().in_namespace(&row.obj.namespace).is_empty()
    };
    for row in view.services().rows() {
        let host = mesh_model::resolve_host(&row.obj.name, &row.obj.namespace).to_string();
        if hosts.contains_key(&host) || with_entries(&row) {
            let endpoints = selected(view, &row.obj.namespace, &row.fact.selector);
            hosts.entry(host).or_default().extend(endpoints);
        }
    }
    hosts
}

/// WorkloadEntries and pods of a namespace by their labels; none without a selector.
fn selected<'a>(
    view: &ClusterView<'a>,
    namespace: &str,
    selector: &'a Labels,
) -> impl Iterator<Item = Endpoint<'a>> + use<'a> {
    let view = *view;
    let (entries, pods) = (view.workload_entries(), view.pods());
    let (entries, pods) = if selector.is_empty() {
        (&[][..], &[][..])
    } else {
        (entries.in_namespace(namespace), pods.in_namespace(namespace))
    };
    let entries = entries
        .iter()
        .filter(move |row| row.fact.labels.matched_by(selector) || row.labels.matched_by(selector));
    let pods = pods.iter().filter(move |pod| !pod.fact.finished && pod.labels.matched_by(selector));
    let is_placed = move |pod| !localities::of_pod(&view, pod).region.is_empty();
    entries.map(Endpoint::Workload).chain(pods.map(move |pod| Endpoint::Pod(is_placed(pod))))
}

/// DestinationRules with a list of localities, by host.
struct Settings<'a> {
    exact: BTreeMap<&'a str, Setting<'a>>,
    wildcards: Vec<Setting<'a>>,
}

#[derive(Clone, Copy)]
struct Setting<'a> {
    row: &'a Row<DestinationRule>,
    /// Localities that are not listed get nothing.
    distributes: bool,
}

impl<'a> Settings<'a> {
    fn of(view: &ClusterView<'a>) -> Self {
        let mut settings = Self { exact: BTreeMap::new(), wildcards: Vec::new() };
        for row in view.destination_rules().rows().iter().filter(|row| !row.fact.deleting) {
            let lists = in_force(&row.fact, |blocks| asked(blocks.load_balancer.as_ref()?));
            let distributes = lists.iter().any(|(_, setting)| !setting.distribute.is_empty());
            let fails_over = |setting: &mesh_model::row::LocalityLbSetting| {
                !setting.failover.is_empty() || !setting.failover_priority.is_empty()
            };
            if !distributes && !lists.iter().any(|(_, setting)| fails_over(setting)) {
                continue;
            }
            let setting = Setting { row, distributes };
            match &row.fact.host {
                HostPattern::Exact(host) => drop(settings.exact.entry(host.as_str()).or_insert(setting)),
                HostPattern::Wildcard(_) => settings.wildcards.push(setting),
            }
        }
        settings
    }

    fn find(&self, host: &str) -> Option<Setting<'a>> {
        let covering = || self.wildcards.iter().find(|setting| setting.row.fact.host.covers(host));
        self.exact.get(host).or_else(covering).copied()
    }
}

/// Why a missing locality counts.
enum Why<'a> {
    /// A rule spreads calls by weight: what no entry lists gets none.
    Distribute(&'a Row<DestinationRule>),
    /// A rule orders localities, and there are several endpoints to order.
    Order(&'a Row<DestinationRule>),
    /// Other endpoints have one.
    Others,
}

impl<'a> Why<'a> {
    fn of(host: &str, endpoints: &[Endpoint<'_>], settings: &Settings<'a>) -> Option<Self> {
        match settings.find(host) {
            Some(Setting { row, distributes: true }) => Some(Self::Distribute(row)),
            Some(Setting { row, .. }) if endpoints.len() > 1 => Some(Self::Order(row)),
            _ => endpoints.iter().any(Endpoint::is_placed).then_some(Self::Others),
        }
    }
}

fn report(endpoint: &Endpoint<'_>, at: usize, host: &str, why: &Why<'_>, out: &mut Sink<'_>) {
    let effect = match why {
        Why::Distribute(rule) => format!(
            "while DestinationRule \"{}\" spreads calls by locality: unlisted endpoints get none",
            rule.obj.qualified_name()
        ),
        Why::Order(rule) => format!(
            "while DestinationRule \"{}\" orders localities: it counts as another region than any client's",
            rule.obj.qualified_name()
        ),
        Why::Others => {
            "while others of the host have one: it counts as another region, behind them".to_owned()
        }
    };
    let draft = match endpoint {
        Endpoint::Listed(row, _) => {
            let path = path!["spec", "endpoints", at];
            let mend = json!([{"op": "add", "path": path.clone().then("locality").to_pointer(), "value": "REGION/ZONE"}]);
            let message = format!(
                "ServiceEntry \"{}\" gives endpoint \"{}\" of \"{host}\" no locality {effect}",
                row.obj.qualified_name(),
                row.fact.endpoints[at].address
            );
            let draft = out.report(row, path, message).json_patch(mend, false);
            admiral::point_to(draft, row, "it takes the region from the nodes of the cluster; label them")
        }
        Endpoint::Workload(row) => {
            let message = format!(
                "{} \"{}\", an endpoint of \"{host}\", has no locality {effect}",
                Kind::WorkloadEntry,
                row.obj.qualified_name()
            );
            out.report(row, path!["spec", "locality"], message)
                .patch(json!({"spec": {"locality": "REGION/ZONE"}}), false)
        }
        Endpoint::Pod(_) => return,
    };
    if let Why::Distribute(rule) | Why::Order(rule) = why {
        let _ = draft.evidence(rule, path!["spec", "host"], rule.fact.host_text.to_string());
    }
}
