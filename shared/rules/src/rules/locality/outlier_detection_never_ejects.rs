//! MESH224.

use mesh_model::row::{DestinationRule, LoadBalancer, OutlierDetection};
use mesh_model::{HostPattern, Row, path};
use mesh_traffic::Level;
use serde_json::json;

use super::companions::detections;
use crate::facts::services::is_opaque;
use crate::rule::declare_rule;
use crate::sink::Draft;
use crate::{Check, ClusterView, Sink, Tags, admiral};

declare_rule! {
    "outlier_detection_never_ejects.md",
    pub static OUTLIER_DETECTION_NEVER_EJECTS = {
        code: 224, name: "outlier-detection-never-ejects", summary: "outlierDetection counts some error",
        since: "0.2.0", severity: Error, tags: Tags::FAILOVER.union(Tags::ADMISSION),
        needs: [DestinationRule, Service], closed: [], after: [],
        check: Check::DestinationRule(check),
    };
}

fn check(view: &ClusterView<'_>, row: &Row<DestinationRule>, out: &mut Sink<'_>) {
    let config = view.control_plane().mesh_config.as_ref();
    let by_mesh = config.is_none_or(|(_, config)| config.locality.is_enabled());
    let has_locality =
        |balancer: Option<&LoadBalancer>| balancer.map_or(by_mesh, |own| is_local(own, by_mesh));
    for met in detections(&row.fact, has_locality) {
        if never_ejects(met.block) {
            report(view, row, met.level, met.block, out);
        }
    }
}

/// No error leads to an ejection. Unset, `consecutive5xxErrors` is 5; the errors of connecting count by themselves
/// once they are split off (`istio: pilot/pkg/networking/core/cluster_traffic_policy.go: applyOutlierDetection`).
pub(super) fn never_ejects(detection: &OutlierDetection) -> bool {
    detection.consecutive_5xx == Some(0)
        && detection.consecutive_gateway.unwrap_or_default() == 0
        && !detection.split_local_origin
}

/// Endpoints get priorities or weights by locality, unless the mesh decides and has that switched off.
fn is_local(balancer: &LoadBalancer, by_mesh: bool) -> bool {
    let setting = balancer.locality.as_ref();
    !balancer.is_passthrough() && setting.map_or(by_mesh, mesh_model::row::LocalityLbSetting::is_enabled)
}

fn report(
    view: &ClusterView<'_>,
    row: &Row<DestinationRule>,
    level: Level,
    detection: &OutlierDetection,
    out: &mut Sink<'_>,
) {
    let at = level.path().then("outlierDetection");
    let errors = at.clone().then("consecutive5xxErrors");
    let mut mend = vec![json!({"op": "replace", "path": errors.to_pointer(), "value": 5})];
    if detection.max_ejection_percent.unwrap_or_default() == 0 {
        let percent = at.then("maxEjectionPercent");
        mend.push(json!({"op": "add", "path": percent.to_pointer(), "value": 100}));
    }
    let message = format!(
        "DestinationRule \"{}\" sets consecutive5xxErrors to 0 and counts no other error: near endpoints come first, \
         but none is ever ejected, so dead ones keep their calls",
        row.obj.qualified_name(),
    );
    let draft = out.report(row, errors, message).json_patch(mend.into(), false);
    let draft = admiral::point_to(draft, row, "set consecutive_gateway_errors in its policy");
    let _ = tell_of_tcp(draft, view, row, level);
}

/// Where calls cannot be told apart, only connections count, and a counter of HTTP answers misleads.
fn tell_of_tcp<'s>(
    draft: Draft<'s>,
    view: &ClusterView<'_>,
    row: &Row<DestinationRule>,
    level: Level,
) -> Draft<'s> {
    let HostPattern::Exact(host) = &row.fact.host else { return draft };
    let mut names = host.split('.');
    let (Some(name), Some(namespace)) = (names.next(), names.next()) else { return draft };
    let Some(service) = view.services().find(namespace, name) else { return draft };
    let number = port_of(&row.fact, level);
    let ports = service.fact.ports.iter().enumerate();
    let mut opaque =
        ports.filter(|(_, port)| number.is_none_or(|number| port.number == number) && is_opaque(port));
    let Some((at, port)) = opaque.next() else { return draft };
    let value = format!(
        "port {} is TCP to Istio: only failures to connect and resets count as 5xx there",
        port.number
    );
    draft.evidence(service, path!["spec", "ports", at], value)
}

/// The port of an entry of `portLevelSettings`.
fn port_of(rule: &DestinationRule, level: Level) -> Option<u16> {
    let (policy, at) = match level {
        Level::Top | Level::Subset(_) => return None,
        Level::TopPort(at) => (rule.policy.as_ref(), at),
        Level::SubsetPort(subset, at) => (rule.subsets.get(subset)?.policy.as_ref(), at),
    };
    policy?.ports.get(at).map(|entry| entry.number)
}
