//! MESH213.

use std::collections::BTreeSet;

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Row, Step};
use mesh_traffic::{Client, Exclusion, Health, LocalityMode, Prediction};
use serde_json::json;

use crate::facts::clients::{self, Judged, Scene, title};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags};

declare_rule! {
    "distribute_without_endpoints.md",
    pub static DISTRIBUTE_WITHOUT_ENDPOINTS = {
        code: 213, name: "distribute-without-endpoints", summary: "weights by locality lead to ready endpoints",
        since: "0.2.0", severity: Error, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        let mut told = BTreeSet::new();
        judged.each_ruled(|scene| {
            for (client, prediction) in &scene.predictions {
                let Some((row, path, left)) = stranded(&judged, prediction) else { continue };
                if told.insert((row.obj.clone(), path.clone())) {
                    report(row, path, client, left, scene, out);
                }
            }
        });
    }
}

/// The entry of `distribute` that leaves a client without a ready endpoint, with how many ready ones it passes over.
fn stranded<'a, 'p>(
    judged: &Judged<'_, 'a>,
    prediction: &'p Prediction<'a>,
) -> Option<(&'a Row<DestinationRule>, &'p FieldPath, usize)> {
    if prediction.settings.locality.value != LocalityMode::Distribute {
        return None;
    }
    let assignment = &prediction.assignment;
    let mut sent = assignment.groups.iter().flat_map(|group| &group.endpoints);
    if sent.any(|sent| sent.health == Health::Healthy) {
        return None;
    }
    let passed = || assignment.excluded.iter().filter(|left| left.reason == Exclusion::Distribute);
    let ready = passed().filter(|left| left.endpoint.health == Health::Healthy).count();
    let first = passed().next().filter(|_| ready > 0)?;
    let (row, path) = judged.rule_of(&first.cause)?;
    Some((row, path, ready))
}

fn report(
    row: &Row<DestinationRule>,
    path: &FieldPath,
    client: &Client<'_>,
    left: usize,
    scene: &Scene<'_, '_, '_>,
    out: &mut Sink<'_>,
) {
    let endpoints = if left == 1 {
        "1 ready endpoint stands".to_owned()
    } else {
        format!("{left} ready endpoints stand")
    };
    let message = format!(
        "DestinationRule \"{}\" sends calls of clients in {} to {} only where no endpoint is ready: they all get 503, \
         while {endpoints} in localities that distribute does not list",
        row.obj.qualified_name(),
        title(&client.locality),
        scene.title(),
    );
    // Without the setting the mesh's own counts, which lists no localities unless somebody made it.
    let steps = path.steps().iter().take_while(|step| **step != Step::from("distribute"));
    let setting: FieldPath = steps.cloned().collect();
    let mend = json!([{"op": "remove", "path": setting.to_pointer()}]);
    let _ = out.report(row, path.clone(), message).json_patch(mend, false);
}
