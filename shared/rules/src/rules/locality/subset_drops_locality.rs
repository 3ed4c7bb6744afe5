//! MESH205.

use mesh_model::row::{DestinationRule, LocalityLbSetting, PolicyBlocks};
use mesh_model::{FieldPath, Gap, Kind, Row};
use mesh_traffic::{Indexed, Level, Policies, Scope};
use serde_json::{Value, json};

use super::outlier_detection::{asked, takes_part};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, Severity, Sink, Tags};

declare_rule! {
    "subset_drops_locality.md",
    pub static SUBSET_DROPS_LOCALITY = {
        code: 205, name: "subset-drops-locality", summary: "subsets keep the locality setting of their rule",
        severity: Warning, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(view: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    let policies = Policies::new(&row.fact);
    let Some(top) = policies.get(None).map(Above::new) else { return };
    for (at, subset) in row.fact.subsets.iter().enumerate() {
        let Some(own) = policies.get(Some(at)).filter(|own| has_balancer_without_locality(own.blocks)) else {
            continue;
        };
        let Some(&Hidden { port, level, setting }) = top.hidden_by(own) else { continue };
        let path = Level::Subset(at).path().then("loadBalancer");
        let source = level.path().then("loadBalancer").then("localityLbSetting");
        let mut copies = vec![copy(&source, &path.clone().then("localityLbSetting"))];
        if let Some(detection) = top.detection_to_take_along(&policies, own, port) {
            let from = detection.path().then("outlierDetection");
            copies.push(copy(&from, &Level::Subset(at).path().then("outlierDetection")));
        }
        let message = format!(
            "DestinationRule \"{}\" gives subset \"{}\" a loadBalancer of its own, which hides {source}",
            row.obj.qualified_name(),
            subset.name,
        );
        let draft = out
            .report(row, path, message)
            .evidence(row, source, summary(setting))
            .json_patch(Value::Array(copies), true);
        if is_bare(setting) && mesh_does_the_same(view) {
            let _ = draft.severity(Severity::Info);
        }
    }
}

fn has_balancer_without_locality(blocks: &PolicyBlocks) -> bool {
    blocks.load_balancer.as_ref().is_some_and(|lb| lb.locality.is_none() && takes_part(lb))
}

/// Whether the balancer of the scope's subset hides a locality setting there; the level of the balancer.
pub(crate) fn hides(policies: &Policies<'_>, scope: Scope) -> Option<Level> {
    let level = Level::Subset(scope.subset?);
    has_balancer_without_locality(policies.get(scope.subset)?.blocks).then_some(())?;
    let base = policies.effective(Scope { subset: None, ..scope }).load_balancer;
    let is_hidden =
        policies.effective(scope).load_balancer.level == level && base.value.and_then(asked).is_some();
    is_hidden.then_some(level)
}

/// A locality setting that does not reach a subset.
struct Hidden<'a> {
    /// Where traffic without a subset gets it.
    port: Option<u16>,
    level: Level,
    setting: &'a LocalityLbSetting,
}

/// What stands above the subsets, sorted once for all of them.
struct Above<'a> {
    /// The setting for ports that no entry names, then those of the entries by port.
    settings: Vec<Hidden<'a>>,
    /// The top has outlier detection for ports that no entry names.
    detects: bool,
    /// Ports whose entry has none.
    bare: Vec<u16>,
}

impl<'a> Above<'a> {
    fn new(top: &Indexed<'a>) -> Self {
        let setting = |blocks: &'a PolicyBlocks| blocks.load_balancer.as_ref().and_then(asked);
        let rest = setting(top.blocks).map(|setting| Hidden { port: None, level: Level::Top, setting });
        let entries = top.ports.iter().filter_map(|(port, (at, blocks))| {
            Some(Hidden { port: Some(*port), level: Level::TopPort(*at), setting: setting(blocks)? })
        });
        let bare = top.ports.iter().filter(|(_, (_, blocks))| blocks.outlier_detection.is_none());
        Self {
            bare: bare.map(|(port, _)| *port).collect(),
            settings: rest.into_iter().chain(entries).collect(),
            detects: top.blocks.outlier_detection.is_some(),
        }
    }

    /// The first setting on a port where the subset's own balancer takes its place.
    fn hidden_by(&self, own: &Indexed<'_>) -> Option<&Hidden<'a>> {
        self.settings.iter().find(|hidden| hidden.port.is_none_or(|port| !own.ports.contains_key(&port)))
    }

    /// On ports where no outlier detection reaches the subset a copied setting would be dead: the level whose
    /// detection goes with it.
    fn detection_to_take_along(
        &self,
        policies: &Policies<'_>,
        own: &Indexed<'_>,
        port: Option<u16>,
    ) -> Option<Level> {
        let base = policies.effective(Scope { subset: None, port }).outlier_detection;
        let lacks = own.ports.values().any(|(_, blocks)| blocks.outlier_detection.is_none())
            || own.blocks.outlier_detection.is_none()
                && (!self.detects || self.bare.iter().any(|port| !own.ports.contains_key(port)));
        (base.value.is_some() && lacks).then_some(base.level)
    }
}

fn copy(from: &FieldPath, to: &FieldPath) -> Value {
    json!({"op": "copy", "from": from.to_pointer(), "path": to.to_pointer()})
}

fn is_bare(setting: &LocalityLbSetting) -> bool {
    setting.distribute.is_empty() && setting.failover.is_empty() && setting.failover_priority.is_empty()
}

/// The mesh's own setting takes over; by default it is on and names no list.
fn mesh_does_the_same(view: &ClusterView<'_>) -> bool {
    match &view.control_plane().mesh_config {
        Some((_, config)) => config.locality.is_enabled() && is_bare(&config.locality),
        // One that cannot be read is not the default.
        None => view.gaps().of(Kind::ConfigMap).is_none_or(Gap::is_not_given),
    }
}

fn summary(setting: &LocalityLbSetting) -> &'static str {
    if !setting.distribute.is_empty() {
        "distribute, not seen by the subset"
    } else if !setting.failover.is_empty() {
        "failover, not seen by the subset"
    } else if !setting.failover_priority.is_empty() {
        "failoverPriority, not seen by the subset"
    } else {
        "enabled, not seen by the subset"
    }
}
