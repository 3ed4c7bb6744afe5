//! MESH237.

use mesh_model::row::{Resolution, ServiceEntry, WorkloadEntry};
use mesh_model::{Row, path};
use serde_json::{Value, json};

use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags, admiral};

declare_rule! {
    "entry_equal_locality.md",
    pub static ENTRY_EQUAL_LOCALITY = {
        code: 237, name: "entry-equal-locality",
        summary: "endpoints inside and outside of a cluster have different localities",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: [ServiceEntry], closed: [ServiceEntry], after: [],
        check: Check::Cluster(check),
    };
}

fn check(_: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    for row in view.service_entries().rows() {
        if !matches!(row.fact.resolution, Resolution::Static | Resolution::Dns) {
            continue;
        }
        let endpoints = &row.fact.endpoints;
        let Some(near) = endpoints.iter().position(is_in_cluster) else { continue };
        let is_alike = |other: &&WorkloadEntry| {
            !is_in_cluster(other)
                && locality(other) == locality(&endpoints[near])
                && weight(other) == weight(&endpoints[near])
        };
        if let Some(far) = endpoints.iter().find(is_alike) {
            report(row, near, far, out);
        }
    }
}

/// The name of a Service, which leads to endpoints of the client's own cluster.
fn is_in_cluster(entry: &WorkloadEntry) -> bool {
    entry.address.ends_with(".svc.cluster.local")
}

/// As istiod compares it: a missing part is an empty one.
fn locality(entry: &WorkloadEntry) -> &str {
    entry.locality.trim_end_matches('/')
}

/// Without a weight an endpoint counts once; one that differs says that somebody chose the shares.
fn weight(entry: &WorkloadEntry) -> u32 {
    entry.weight.max(1)
}

fn report(row: &Row<ServiceEntry>, near: usize, far: &WorkloadEntry, out: &mut Sink<'_>) {
    let entry = &row.fact.endpoints[near];
    let place = match locality(entry) {
        "" => "no locality".to_owned(),
        place => format!("locality \"{place}\""),
    };
    let message = format!(
        "ServiceEntry \"{}\" gives \"{}\" in the cluster and \"{}\" outside of it {place}: neither comes first, so \
         calls leave the cluster in equal shares",
        row.obj.qualified_name(),
        entry.address,
        far.address,
    );
    let path = path!["spec", "endpoints", near, "locality"];
    let draft = out.report(row, path, message).json_patch(apart(&row.fact.endpoints, near), false);
    let where_to = "it knows regions only; endpoints of one region in two clusters share the calls";
    let _ = admiral::point_to(draft, row, where_to);
}

/// Gives the endpoint in the cluster a locality of its own, and those beside it one where none has any.
fn apart(endpoints: &[WorkloadEntry], near: usize) -> Value {
    let at = |position: usize| path!["spec", "endpoints", position, "locality"].to_pointer();
    let own = locality(&endpoints[near]);
    let mut steps = vec![json!({"op": "add", "path": at(near), "value": nearer(own)})];
    if own.is_empty() {
        let others =
            (0..endpoints.len()).filter(|other| *other != near && locality(&endpoints[*other]).is_empty());
        steps.extend(others.map(|other| json!({"op": "add", "path": at(other), "value": "REGION"})));
    }
    steps.into()
}

/// A locality that names one more part, or another last one where all are named.
fn nearer(locality: &str) -> String {
    match locality.split('/').collect::<Vec<_>>().as_slice() {
        [""] | [] => "REGION/ZONE".to_owned(),
        [region] => format!("{region}/ZONE"),
        [region, zone, ..] => format!("{region}/{zone}/SUBZONE"),
    }
}
