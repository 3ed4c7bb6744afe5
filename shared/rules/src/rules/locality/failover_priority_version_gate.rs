//! MESH218.

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Gap, Kind, Row};
use mesh_traffic::{Gate, RuleSet};
use serde_json::json;

use super::companions::in_force;
use super::outlier_detection::asked;
use crate::facts::membership::meshes;
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "failover_priority_version_gate.md",
    pub static FAILOVER_PRIORITY_VERSION_GATE = {
        code: 218, name: "failover-priority-version-gate",
        summary: "all istiods read a failoverPriority that begins with the network alike",
        since: "0.2.0", severity: Info, tags: Tags::FAILOVER,
        needs: [DestinationRule, Secret, ServiceEntry], closed: [DestinationRule, Deployment], after: [],
        check: Check::Mesh(check),
    };
}

/// Only this name, first and bare, has the meaning that changed
/// (`istio: pilot/pkg/networking/core/loadbalancer/loadbalancer.go: applyFailoverPriorityPerLocality`).
const NETWORK: &str = "topology.istio.io/network";

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    for group in meshes(mesh) {
        let Some(readings) = Readings::of(&group) else { continue };
        for view in &group {
            for row in view.destination_rules().rows().iter().filter(|row| !row.fact.deleting) {
                for path in network_first(&row.fact) {
                    report(view, row, path, &readings, out);
                }
            }
        }
    }
}

/// The lists of a rule that begin with the network and go on: alone, it means the same to all versions.
fn network_first(rule: &DestinationRule) -> Vec<FieldPath> {
    let balancers = in_force(rule, |blocks| blocks.load_balancer.as_ref());
    let first = balancers.into_iter().filter(|(_, balancer)| {
        let labels = asked(balancer).filter(|setting| setting.distribute.is_empty());
        labels.is_some_and(|setting| {
            setting.failover_priority.len() > 1 && &*setting.failover_priority[0] == NETWORK
        })
    });
    first
        .map(|(level, _)| {
            level.path().then("loadBalancer").then("localityLbSetting").then("failoverPriority").then(0)
        })
        .collect()
}

/// Which istiods of a mesh read the list in which way.
struct Readings {
    text: String,
}

impl Readings {
    /// `None` if all read it alike.
    fn of(group: &[ClusterView<'_>]) -> Option<Self> {
        let (mut before, mut since, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for view in group.iter().filter(|view| may_run_istiod(view)) {
            let name = format!("\"{}\"", view.name());
            match view.control_plane().version.map(RuleSet::of) {
                Some(rules) if rules.has(Gate::SoftNetworkPriority) => since.push(name),
                Some(_) => before.push(name),
                None => unknown.push(name),
            }
        }
        let count = before.len() + since.len() + unknown.len();
        let differ = !unknown.is_empty() || (!before.is_empty() && !since.is_empty());
        if count < 2 || !differ {
            return None;
        }
        let part =
            |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what} {}", few(names)));
        let parts = [
            part("1.30 or older runs in", &before),
            part("1.31 or newer runs in", &since),
            part("the version is not known in", &unknown),
        ];
        Some(Self { text: parts.into_iter().flatten().collect::<Vec<_>>().join(", ") })
    }
}

/// A cluster without istiod is served by that of another.
fn may_run_istiod(view: &ClusterView<'_>) -> bool {
    let plane = view.control_plane();
    !plane.istiods.is_empty()
        || plane.version.is_some()
        || view.gaps().of(Kind::Deployment).is_some_and(Gap::is_not_given)
}

/// The first names, and how many there are beyond.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

fn report(
    view: &ClusterView<'_>,
    row: &Row<DestinationRule>,
    path: FieldPath,
    readings: &Readings,
    out: &mut Sink<'_>,
) {
    let network = view.control_plane().network();
    let network = if network.is_empty() { "NETWORK" } else { &network };
    let message = format!(
        "DestinationRule \"{}\" begins failoverPriority with the network, which ends the comparison up to Istio 1.30 \
         and only moves other networks behind from 1.31 on; {}",
        row.obj.qualified_name(),
        readings.text,
    );
    let value = format!("{NETWORK}={network}");
    let mend = json!([{"op": "replace", "path": path.to_pointer(), "value": value}]);
    let _ = out.report(row, path, message).json_patch(mend, false);
}
