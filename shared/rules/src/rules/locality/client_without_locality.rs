//! MESH230.

use std::collections::BTreeSet;

use mesh_model::row::PodFact;
use mesh_model::{FieldPath, Locality, Row, path};
use mesh_traffic::{Assignment, Cause, LocalityMode, Service, Settings};
use serde_json::json;

use crate::facts::clients::{self, Judged};
use crate::finding::Subject;
use crate::rule::declare_rule;
use crate::{Check, MeshView, Patch, Remedy, Sink, Tags};

declare_rule! {
    "client_without_locality.md",
    pub static CLIENT_WITHOUT_LOCALITY = {
        code: 230, name: "client-without-locality", summary: "clients of hosts with failover have a region",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut places = judged.localities.iter().map(|(locality, _)| locality);
        let Some(nowhere) = places.find(|locality| locality.region.is_empty()) else { continue };
        let mut lost = judged.services().filter_map(|service| lost(&judged, nowhere, &service));
        if let Some(first) = lost.next() {
            let hosts = 1 + lost.count();
            report(&judged, &first, hosts, out);
        }
    }
}

/// A host whose order of localities means nothing to a client without a region.
struct Lost {
    host: String,
    localities: usize,
    /// The setting that orders them.
    cause: Cause,
}

fn lost<'a>(judged: &Judged<'_, 'a>, nowhere: &Locality, service: &Service<'a>) -> Option<Lost> {
    let client = judged.view.client_at(nowhere.clone(), service.namespace);
    let settings_of = |port: u16| {
        let found = judged.view.predict(&client, service, port, None);
        let localities = regions_apart(&found.assignment)?;
        is_by_region(&found.settings).then_some((localities, found.settings.locality.cause))
    };
    let (localities, cause) = service.ports.iter().find_map(|port| settings_of(port.number()))?;
    Some(Lost { host: service.host.to_owned(), localities, cause })
}

/// The region of the client decides what comes first. Weights have entries for clients from anywhere, and are chosen.
const fn is_by_region(settings: &Settings) -> bool {
    use LocalityMode::{Failover, Prefer, PriorityThenFailover, ZoneAware};
    matches!(settings.locality.value, Failover | PriorityThenFailover | Prefer | ZoneAware)
}

/// In how many localities the endpoints stand, if in several, and all with a region: one without would be near.
fn regions_apart(assignment: &Assignment<'_>) -> Option<usize> {
    let groups = assignment.groups.iter().filter(|group| !group.endpoints.is_empty());
    let localities: BTreeSet<&Locality> = groups.map(|group| &group.locality).collect();
    let all_have = localities.iter().all(|locality| !locality.region.is_empty());
    (all_have && localities.len() > 1).then_some(localities.len())
}

fn report(judged: &Judged<'_, '_>, lost: &Lost, hosts: usize, out: &mut Sink<'_>) {
    let mut pods = judged.cluster.pods().rows().iter().filter(|pod| {
        pod.fact.has_proxy && !pod.fact.finished && judged.view.client_of(pod).locality.region.is_empty()
    });
    let Some(first) = pods.next() else { return };
    let others = pods.count();
    let more = if hosts > 1 { format!(" (and of {} hosts more)", hosts - 1) } else { String::new() };
    let message = format!(
        "{} no region in cluster \"{}\": for them the {} localities of \"{}\"{more} are equally far, so their calls \
         go to all of them",
        clients(others, first),
        judged.cluster.name(),
        lost.localities,
        lost.host,
    );
    let mut draft = out.report_cluster(judged.cluster.name(), message);
    draft = draft.evidence(first, place(first), "no label and no node gives it a region");
    if let Cause::Field { object, path } = &lost.cause {
        draft = draft.evidence_of(Subject::Object(object.clone()), path.clone(), "orders by region");
    }
    let labels = json!({"metadata": {"labels": {"istio-locality": "REGION.ZONE"}}});
    let patch = Patch::Merge(labels);
    let _ = draft.remedy(Remedy::Patch { target: first.obj.clone(), patch, safe: false });
}

fn clients(others: usize, first: &Row<PodFact>) -> String {
    match others {
        0 => format!("pod \"{}\" has", first.obj.qualified_name()),
        _ => format!("{} pods, \"{}\" among them, have", others + 1, first.obj.qualified_name()),
    }
}

fn place(pod: &Row<PodFact>) -> FieldPath {
    if pod.fact.node.is_empty() { path!["spec"] } else { path!["spec", "nodeName"] }
}
