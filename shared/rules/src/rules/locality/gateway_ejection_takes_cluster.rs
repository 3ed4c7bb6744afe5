//! MESH227.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::Network;
use mesh_traffic::{Cause, Via};
use serde_json::json;

use super::ejection::{Watched, watched};
use crate::facts::clients::{self, Judged, Scene};
use crate::finding::Subject;
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags, admiral};

declare_rule! {
    "gateway_ejection_takes_cluster.md",
    pub static GATEWAY_EJECTION_TAKES_CLUSTER = {
        code: 227, name: "gateway-ejection-takes-cluster",
        summary: "errors of one endpoint do not eject the only gateway of a network",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut told = BTreeSet::new();
        judged.each_ruled(|scene| {
            for found in watched(scene).filter(|found| is_ejected_by_5xx(found)) {
                for (network, lone) in lone_gateways(&judged, &found) {
                    if told.insert((found.row.obj.clone(), found.path.clone(), network.clone())) {
                        report(scene, &found, network, &lone, out);
                    }
                }
            }
        });
    }
}

/// Any answer of 5xx counts, those of the application too, and the limit lets a host go.
fn is_ejected_by_5xx(found: &Watched<'_, '_>) -> bool {
    found.outlier.enforcing_5xx.unwrap_or(100) > 0 && found.most() > 0
}

/// The one host that stands for a network.
struct Lone<'p> {
    address: &'p str,
    port: u16,
    /// Endpoints that are called through it.
    behind: usize,
    /// What makes it a gateway.
    cause: &'p Cause,
}

/// Networks of which the client has one host, for several endpoints. A gateway by host name may be any number of
/// hosts, and nothing is said of its network.
fn lone_gateways<'p>(judged: &Judged<'_, '_>, found: &Watched<'p, '_>) -> BTreeMap<&'p Network, Lone<'p>> {
    let mut lone: BTreeMap<&'p Network, Lone<'p>> = BTreeMap::new();
    let mut several: BTreeSet<&'p Network> = BTreeSet::new();
    for sent in found.prediction.assignment.groups.iter().flat_map(|group| &group.endpoints) {
        let Via::Gateway { network, behind, cause, .. } = &sent.via else { continue };
        let first = Lone { address: &sent.address, port: sent.port, behind: 0, cause };
        let known = lone.entry(network).or_insert(first);
        known.behind += behind.len();
        if (known.address, known.port) != (&*sent.address, sent.port) {
            several.insert(network);
        }
    }
    let by_name = judged.view.gateways().unresolved();
    let is_by_name = |network: &Network| by_name.iter().any(|gateway| gateway.network == network.as_str());
    lone.retain(|network, one| one.behind > 1 && !several.contains(network) && !is_by_name(network));
    lone
}

fn report(
    scene: &Scene<'_, '_, '_>,
    found: &Watched<'_, '_>,
    network: &Network,
    lone: &Lone<'_>,
    out: &mut Sink<'_>,
) {
    let errors = found.outlier.consecutive_5xx.unwrap_or(5);
    let message = format!(
        "DestinationRule \"{}\" ejects network \"{network}\" whole: clients in cluster \"{}\" have its {} endpoints of {} as one \
         host, {}, and {errors} answers of 5xx in a row eject it, whichever endpoint gave them",
        found.row.obj.qualified_name(),
        scene.judged.cluster.name(),
        lone.behind,
        scene.title(),
        authority(lone),
    );
    let detection = found.path.to_pointer();
    let gateway_errors = found.outlier.consecutive_gateway.unwrap_or(errors);
    let mend = json!([
        {"op": "add", "path": format!("{detection}/consecutive5xxErrors"), "value": 0},
        {"op": "add", "path": format!("{detection}/consecutiveGatewayErrors"), "value": gateway_errors},
    ]);
    let mut draft = out.report(found.row, found.path.clone(), message);
    if let Cause::Field { object, path } = lone.cause {
        let subject = Subject::Object(object.clone());
        draft = draft.evidence_of(subject, path.clone(), "the only gateway into the network");
    }
    let draft = draft.json_patch(mend, false);
    let _ = admiral::point_to(draft, found.row, "set the errors that count in its policy");
}

fn authority(lone: &Lone<'_>) -> String {
    let Lone { address, port, .. } = lone;
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}
