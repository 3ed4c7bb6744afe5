//! MESH235.

use std::collections::BTreeSet;

use mesh_model::{FieldPath, Kind, ObjectRef, path};
use mesh_traffic::envoy::{self, HostSet};
use mesh_traffic::{Assignment, Cause, Prediction, Sent, Via};

use crate::facts::clients::{self, Scene, title};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Remedy, Sink, Subject, Tags, shell};

declare_rule! {
    "gateway_weight_one_locality.md",
    pub static GATEWAY_WEIGHT_ONE_LOCALITY = {
        code: 235, name: "gateway-weight-one-locality",
        summary: "a gateway stands for all localities behind it with their whole weight",
        since: "0.2.0", severity: Warning, tags: Tags::FAILOVER,
        needs: traffic, after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for judged in clients::judged(mesh, out) {
        for service in judged.services() {
            let mut told = BTreeSet::new();
            for port in &service.ports {
                let scene = judged.scene(&service, port.number(), None);
                for (_, prediction) in &scene.predictions {
                    let Some(loss) = Loss::of(prediction) else { continue };
                    if told.insert(loss.network.clone()) {
                        report(&scene, &loss, out);
                    }
                }
            }
        }
    }
}

/// What de-duplication takes from a network.
struct Loss {
    network: String,
    kept: String,
    dropped: BTreeSet<String>,
    /// Localities of other priorities are dropped, else weight.
    moves: bool,
    /// The Service that makes the address a gateway's, if one does.
    gateway: Option<ObjectRef>,
}

impl Loss {
    fn of(prediction: &Prediction<'_>) -> Option<Self> {
        let assignment = &prediction.assignment;
        let hosts = envoy::hosts(assignment);
        let duplicates = hosts.duplicates.iter().filter(|found| {
            let group = assignment.groups.get(found.group);
            group.and_then(|group| group.endpoints.get(found.endpoint)).is_some_and(is_gateway)
        });
        let duplicates: Vec<_> = duplicates.collect();
        let first = duplicates.first()?;
        let sent = assignment.groups[first.group].endpoints.get(first.endpoint)?;
        let Via::Gateway { network, cause, .. } = &sent.via else { return None };
        let gateway = match cause {
            Cause::Field { object, .. } if object.kind == Kind::Service => Some(object.clone()),
            _ => None,
        };
        let moves = duplicates
            .iter()
            .any(|found| usize::try_from(assignment.groups[found.group].priority) != Ok(found.kept.priority));
        if !moves && !changes_shares(assignment, &hosts) {
            return None;
        }
        let (group, _) = hosts.endpoint(first.kept)?;
        let dropped = duplicates.iter().map(|found| title(&assignment.groups[found.group].locality));
        Some(Self {
            network: network.to_string(),
            kept: title(&assignment.groups[group].locality),
            dropped: dropped.collect(),
            moves,
            gateway,
        })
    }
}

fn is_gateway(sent: &Sent<'_>) -> bool {
    matches!(sent.via, Via::Gateway { .. })
}

/// Some host would get another part of its priority, by more than one percent, if each address had the weights of all
/// groups that list it.
fn changes_shares(assignment: &Assignment<'_>, hosts: &HostSet) -> bool {
    hosts.priorities.iter().enumerate().any(|(priority, tier)| {
        let mut weights: Vec<(u64, u64)> = Vec::new();
        for (locality, own) in tier.localities.iter().enumerate() {
            for (host, found) in own.hosts.iter().enumerate() {
                let at = envoy::HostAt { priority, locality, host };
                let of_others = hosts.duplicates.iter().filter(|other| other.kept == at);
                let others: u64 = of_others
                    .filter_map(|other| assignment.groups.get(other.group)?.endpoints.get(other.endpoint))
                    .map(|sent| u64::from(sent.weight.max(1)))
                    .sum();
                let weight = u64::from(found.weight.max(1));
                weights.push((weight, weight + others));
            }
        }
        let kept: u64 = weights.iter().map(|(kept, _)| kept).sum();
        let wanted: u64 = weights.iter().map(|(_, wanted)| wanted).sum();
        weights.iter().any(|(now, then)| (now * wanted).abs_diff(then * kept) * 100 > kept * wanted)
    })
}

fn report(scene: &Scene<'_, '_, '_>, loss: &Loss, out: &mut Sink<'_>) {
    let Some((_, row)) = scene.service.services.first() else { return };
    let dropped: Vec<&str> = loss.dropped.iter().map(String::as_str).collect();
    let effect = if loss.moves {
        "so they also lose their own place in the order of failover"
    } else {
        "so network and clients do not share calls by the number of endpoints"
    };
    let message = format!(
        "Service \"{}\": endpoints of network \"{}\" stand in several localities behind the same gateway address; Envoy \
         keeps the address once, for {}, and drops the weight of {}, {effect}",
        row.obj.qualified_name(),
        loss.network,
        loss.kept,
        dropped.join(", "),
    );
    let cluster = Subject::Cluster(scene.judged.cluster.name().clone());
    let draft = out.report(row, path!["metadata", "name"], message).evidence_of(
        cluster,
        FieldPath::root(),
        "clients of this cluster see it so",
    );
    if let Some(gateway) = &loss.gateway {
        let line = format!(
            "kubectl get service {} -n {} -o wide",
            shell::name(&gateway.name),
            shell::name(&gateway.namespace)
        );
        let _ = draft.remedy(Remedy::Command {
            cluster: gateway.cluster.clone(),
            line: line.into(),
            safe: false,
        });
    }
}
