//! What would mend an outcome: a change of outlier detection, tried by the same computation.
//!
//! Owns the candidate. Whether it helps is never guessed: it is laid over the mesh and computed.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh_model::row::{DestinationRule, OutlierDetection, PolicyBlocks, TrafficPolicy};
use mesh_model::{FieldPath, HostPattern, Kind, Labels, Mesh, ObjectRef, Origin, Row, Step, path};

use crate::{Cause, Traffic};

use super::course::{Course, Moment};
use super::outcome::{Outcome, Scenario, outcome};
use super::shares::Destination;

/// A change of DestinationRules, and what comes of it.
#[derive(Clone, Debug)]
pub struct Mend {
    /// The rules to change, one per istiod whose clients lose calls.
    pub rules: Vec<Change>,
    /// The block as it should be.
    pub outlier: OutlierDetection,
    /// Part of the calls that is answered at each moment then, 0 to 1.
    pub served: [f64; 3],
    /// Part that goes to each destination then, before the loss and settled: the normal split may change.
    pub sent: Vec<(Destination, [f64; 2])>,
}

/// A change of one DestinationRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rule.
    pub object: ObjectRef,
    /// It is new.
    pub is_new: bool,
    /// Path of the policy that gets the block.
    pub path: FieldPath,
}

/// Shares that differ by less are equal: they are sums of doubles.
const EPSILON: f64 = 1e-9;

/// The change that mends an outcome; `None` where all is well, or where outlier detection cannot help.
#[must_use]
pub fn mend(
    traffic: &Traffic<'_>,
    host: &str,
    port: u16,
    scenario: &Scenario,
    found: &Outcome<'_>,
) -> Option<Mend> {
    let failing: Vec<_> = found.courses.iter().filter(|(_, course)| loses(course)).collect();
    let wanted = wanted(&failing.first()?.1.settled)?;
    let mut seen = BTreeSet::new();
    let mut mesh = traffic.mesh().clone();
    let mut rules = Vec::new();
    for (caller, course) in failing {
        let view = traffic.view(caller.client.cluster);
        let namespace = view.service(host)?.namespace;
        let place = Place::of(&course.settled, view.config_cluster());
        if seen.insert((view.config_cluster(), place.object.clone())) {
            let (row, change) = place.changed(&mesh, host, namespace, &wanted)?;
            mesh = mesh.with_destination_rule(row);
            rules.push(change);
        }
    }
    let after = outcome(&Traffic::new(&mesh), host, port, scenario)?;
    if after.served[2] <= found.served[2] + EPSILON {
        return None;
    }
    let sent = after.destinations.iter().map(|(to, shares)| (to.clone(), [shares.sent[0], shares.sent[2]]));
    Some(Mend { rules, outlier: wanted, served: after.served, sent: sent.collect() })
}

/// Less is answered than before the loss.
fn loses(course: &Course<'_>) -> bool {
    course.settled.served() < course.before.served() - EPSILON
}

/// Outlier detection as it should be; `None` if it is so already.
fn wanted(moment: &Moment<'_>) -> Option<OutlierDetection> {
    let Some(now) = &moment.prediction.settings.outlier.value else {
        return Some(OutlierDetection {
            consecutive_5xx: Some(5),
            interval: Some(10_000),
            max_ejection_percent: Some(100),
            ..OutlierDetection::default()
        });
    };
    let detects = now.can_eject();
    let suffices = moment.ejection.most >= moment.ejection.needed;
    // A mesh default ejects, and gives no priorities: only the rule of the service does.
    let is_of_rule = is_of_rule(&moment.prediction.settings.outlier.cause);
    let panics = moment.prediction.settings.panic_threshold.unwrap_or(0) > 0;
    if detects && suffices && is_of_rule && !panics {
        return None;
    }
    Some(OutlierDetection {
        consecutive_5xx: if detects { now.consecutive_5xx } else { Some(5) },
        consecutive_gateway: now.consecutive_gateway,
        interval: now.interval,
        base_ejection_time: now.base_ejection_time,
        max_ejection_percent: if suffices && detects { now.max_ejection_percent } else { Some(100) },
        split_local_origin: now.split_local_origin,
        consecutive_local_origin: now.consecutive_local_origin,
        ..OutlierDetection::default()
    })
}

fn is_of_rule(cause: &Cause) -> bool {
    matches!(cause, Cause::Field { object, .. } if object.kind == Kind::DestinationRule)
}

/// The policy that decides about outlier detection.
struct Place {
    cluster: usize,
    /// The rule; `None` where a client has none.
    object: Option<ObjectRef>,
    path: FieldPath,
}

impl Place {
    fn of(moment: &Moment<'_>, cluster: usize) -> Self {
        let prediction = &moment.prediction;
        let cause = &prediction.settings.outlier.cause;
        if let Cause::Field { object, path } = cause
            && is_of_rule(cause)
        {
            let steps = path.steps();
            let block = steps.iter().position(|step| *step == Step::from("outlierDetection"));
            let level: FieldPath = steps[..block.unwrap_or(steps.len())].iter().cloned().collect();
            let path = if level == path!["spec"] { level.then("trafficPolicy") } else { level };
            return Self { cluster, object: Some(object.clone()), path };
        }
        let rule = prediction.rule.as_ref().map(|rule| rule.policy().unwrap_or_else(|| rule.rows()[0]));
        Self { cluster, object: rule.map(|row| row.obj.clone()), path: path!["spec", "trafficPolicy"] }
    }

    /// The rule with the block put in, or a new one for the host.
    fn changed(
        self,
        mesh: &Mesh,
        host: &str,
        namespace: &str,
        block: &OutlierDetection,
    ) -> Option<(Row<DestinationRule>, Change)> {
        let cluster = &mesh.clusters()[self.cluster];
        let is_new = self.object.is_none();
        let row = if let Some(object) = &self.object {
            let mut row = cluster.destination_rules.find(&object.namespace, &object.name)?.clone();
            blocks_at(&mut row.fact, &self.path)?.outlier_detection = Some(block.clone());
            row
        } else {
            let name = free_name(host, |name| cluster.destination_rules.find(namespace, name).is_some());
            let object =
                ObjectRef::new(cluster.name.clone(), Kind::DestinationRule, namespace, name.as_str());
            new_rule(object, host, namespace, block)
        };
        let change = Change { object: row.obj.clone(), is_new, path: self.path };
        Some((row, change))
    }
}

/// The first label of the host, longer where a rule of that name is there for something else.
fn free_name(host: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = host.split('.').next().unwrap_or(host).to_owned();
    while is_taken(&name) {
        name.push_str("-failover");
    }
    name
}

fn new_rule(
    object: ObjectRef,
    host: &str,
    namespace: &str,
    block: &OutlierDetection,
) -> Row<DestinationRule> {
    let blocks = PolicyBlocks { outlier_detection: Some(block.clone()), ..PolicyBlocks::default() };
    Row {
        obj: object,
        origin: Origin::Live,
        labels: Labels::default(),
        annotations: Labels::default(),
        fact: DestinationRule {
            host_text: Arc::from(host),
            host: HostPattern::parse(host, namespace),
            policy: Some(TrafficPolicy { blocks, ports: Vec::new() }),
            subsets: Vec::new(),
            export_to: Vec::new(),
            workload_selector: Labels::default(),
            created: Arc::from(""),
            deleting: false,
        },
    }
}

/// The blocks of a level, made where the rule has no policy there.
fn blocks_at<'r>(rule: &'r mut DestinationRule, path: &FieldPath) -> Option<&'r mut PolicyBlocks> {
    let steps = path.steps();
    let is_key = |at: usize, key: &'static str| steps.get(at) == Some(&Step::from(key));
    let index = |at: usize| match steps.get(at) {
        Some(Step::Index(index)) => Some(*index),
        _ => None,
    };
    let (policy, rest) = if is_key(1, "subsets") {
        (&mut rule.subsets.get_mut(index(2)?)?.policy, 4)
    } else {
        (&mut rule.policy, 2)
    };
    let policy = policy.get_or_insert_with(TrafficPolicy::default);
    if is_key(rest, "portLevelSettings") {
        Some(&mut policy.ports.get_mut(index(rest + 1)?)?.blocks)
    } else {
        Some(&mut policy.blocks)
    }
}
