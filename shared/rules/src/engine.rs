//! Walks subjects, calls rules, and keeps the verdicts honest.
//!
//! A rule judges a cluster only when nothing it concludes from is missing there; else the verdict is *not
//! evaluated*, with the gap. A focus hides findings, and never turns what it hides into *passed*. Rules run in
//! order of their codes, so `after` may name smaller codes only.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use mesh_model::{ClusterName, Gap, Kind, KindSet, Mesh};

use crate::sink::Unjudged;
use crate::view::{Context, FRAME};
use crate::{
    Asks, Check, ClusterView, Code, Finding, Focus, MeshView, Outcome, Rule, Sink, Verdict, VerdictKind,
};

/// What a run is given beside mesh and rules.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Time of the run, seconds since 1970 UTC.
    pub now: i64,
    /// Reads beyond plain objects that were made.
    pub given: Asks,
    /// Subjects to tell of.
    pub focus: Focus,
}

/// Runs `rules`, which must be in order of their codes, over `mesh`.
#[must_use]
pub fn run(mesh: &Mesh, rules: &[&'static Rule], options: &Options) -> Outcome {
    let mut outcome = Outcome::default();
    let mut failed: BTreeSet<(Code, ClusterName)> = BTreeSet::new();
    for rule in rules {
        run_rule(mesh, rule, options, &mut failed, &mut outcome);
    }
    outcome.findings.sort_by(Finding::order);
    outcome.findings.dedup();
    outcome.verdicts.sort_by(|a, b| (a.code, &a.cluster).cmp(&(b.code, &b.cluster)));
    outcome
}

/// The kinds a rule read while it ran over `mesh`; the test of the pages compares them with `needs`.
#[must_use]
pub fn kinds_read(mesh: &Mesh, rule: &'static Rule, options: &Options) -> KindSet {
    let context = Context { now: options.now, reads: Cell::default() };
    let judged = mesh.clusters().iter().map(|cluster| ClusterView::new(cluster, &context)).collect();
    visit(mesh, rule, &options.focus, &context, judged);
    context.reads.get()
}

fn run_rule(
    mesh: &Mesh,
    rule: &'static Rule,
    options: &Options,
    failed: &mut BTreeSet<(Code, ClusterName)>,
    outcome: &mut Outcome,
) {
    let context = Context { now: options.now, reads: Cell::default() };
    let focus = &options.focus;
    let mut judged = Vec::with_capacity(mesh.clusters().len());
    let mut ends: BTreeMap<ClusterName, End> = BTreeMap::new();
    for cluster in mesh.clusters().iter().filter(|cluster| focus.covers_cluster(&cluster.name)) {
        let view = ClusterView::new(cluster, &context);
        match obstacle(rule, view, options.given, failed) {
            None => {
                ends.insert(cluster.name.clone(), End::Passed);
                judged.push(view);
            }
            Some(Obstacle { kind, judge_rest }) => {
                outcome.verdicts.push(Verdict { code: rule.code, cluster: cluster.name.clone(), kind });
                if judge_rest {
                    judged.push(view);
                }
            }
        }
    }
    let (findings, unjudged) = visit(mesh, rule, focus, &context, judged);
    for Unjudged { cluster, kind, gap } in unjudged {
        ends.remove(&cluster);
        let kind = VerdictKind::NotEvaluated { kind: Some(kind), gap };
        outcome.verdicts.push(Verdict { code: rule.code, cluster, kind });
    }
    for finding in findings {
        let cluster = finding.subject.cluster().clone();
        // Over a gap, what is hidden changes nothing: the rule is not evaluated already.
        if focus.covers_subject(&finding.subject) {
            ends.insert(cluster.clone(), End::Failed);
            outcome.findings.push(finding);
        } else if focus.hides_sort_of(&finding.subject)
            && let Some(end @ End::Passed) = ends.get_mut(&cluster)
        {
            *end = End::Hidden;
        }
        failed.insert((rule.code, cluster));
    }
    outcome.verdicts.extend(ends.into_iter().map(|(cluster, end)| Verdict {
        code: rule.code,
        cluster,
        kind: end.into(),
    }));
}

/// How a rule ended in a cluster that it judged.
enum End {
    Passed,
    /// All it found is of a sort that the focus hides.
    Hidden,
    Failed,
}

impl From<End> for VerdictKind {
    fn from(end: End) -> Self {
        match end {
            End::Passed => Self::Passed,
            End::Hidden => Self::Skipped { why: "outside -n".to_owned() },
            End::Failed => Self::Failed,
        }
    }
}

struct Obstacle {
    kind: VerdictKind,
    judge_rest: bool,
}

fn obstacle(
    rule: &Rule,
    view: ClusterView<'_>,
    given: Asks,
    failed: &BTreeSet<(Code, ClusterName)>,
) -> Option<Obstacle> {
    let stop = |kind| Some(Obstacle { kind, judge_rest: false });
    if rule.needs.is_empty() {
        return None;
    }
    if let Some(gap) = view.gaps().of_cluster() {
        return stop(VerdictKind::NotEvaluated { kind: None, gap: gap.clone() });
    }
    if !given.contains(rule.asks) {
        return stop(VerdictKind::Skipped { why: format!("needs {}", ask_flag(rule.asks - given)) });
    }
    if let Some(cause) = rule.after.iter().find(|code| failed.contains(&(**code, view.name().clone()))) {
        return stop(VerdictKind::Skipped { why: format!("needs {cause}") });
    }
    // What files leave out of the frame, and the rule does not read itself, means Istio's defaults.
    let defaults = |kind: Kind, gap: &Gap| gap.is_not_given() && FRAME.has(kind) && !rule.needs.has(kind);
    let missing = rule
        .closed
        .kinds()
        .find_map(|kind| Some((kind, view.gaps().of(kind)?)).filter(|(kind, gap)| !defaults(*kind, gap)));
    if let Some((kind, gap)) = missing {
        return stop(VerdictKind::NotEvaluated { kind: Some(kind), gap: gap.clone() });
    }
    let kind = subject_kind(rule.check)?;
    let gap = view.gaps().of(kind)?;
    let missing = VerdictKind::NotEvaluated { kind: Some(kind), gap: gap.clone() };
    Some(Obstacle { kind: missing, judge_rest: gap.is_partial() })
}

fn ask_flag(missing: Asks) -> &'static str {
    if missing.contains(Asks::REMOTE_SECRETS) {
        "--read-secrets=remote"
    } else if missing.contains(Asks::CACERTS) {
        "--read-secrets=cacerts"
    } else if missing.contains(Asks::ACTUAL) {
        "--actual"
    } else {
        "--probe"
    }
}

const fn subject_kind(check: Check) -> Option<Kind> {
    match check {
        Check::Mesh(_) | Check::Cluster(_) => None,
        Check::Host(_) | Check::Service(_) => Some(Kind::Service),
        Check::Node(_) => Some(Kind::Node),
        Check::DestinationRule(_) => Some(Kind::DestinationRule),
        Check::Gateway(_) => Some(Kind::Gateway),
    }
}

fn visit(
    mesh: &Mesh,
    rule: &'static Rule,
    focus: &Focus,
    context: &Context,
    judged: Vec<ClusterView<'_>>,
) -> (Vec<Finding>, Vec<Unjudged>) {
    let mut findings = Vec::new();
    let mut sink = Sink::new(rule, &mut findings);
    macro_rules! each_row {
        ($check:expr, $table:ident) => {
            for view in &judged {
                for row in view.$table().rows().iter().filter(|row| focus.visits(&row.obj)) {
                    $check(view, row, &mut sink);
                }
            }
        };
    }
    match rule.check {
        Check::Mesh(check) => check(&MeshView::new(mesh, context, judged), &mut sink),
        Check::Cluster(check) => {
            let view = MeshView::new(mesh, context, judged);
            for cluster in view.clusters() {
                check(&view, cluster, &mut sink);
            }
        }
        Check::Host(check) => {
            let view = MeshView::new(mesh, context, judged);
            for host in view.hosts() {
                check(&view, host, &mut sink);
            }
        }
        Check::Service(check) => each_row!(check, services),
        Check::Node(check) => each_row!(check, nodes),
        Check::DestinationRule(check) => {
            for view in &judged {
                // One that is being deleted configures nothing any more.
                let rows = view.destination_rules().rows().iter().filter(|row| !row.fact.deleting);
                for row in rows.filter(|row| focus.covers(&row.obj)) {
                    check(view, row, &mut sink);
                }
            }
        }
        Check::Gateway(check) => each_row!(check, gateways),
    }
    let unjudged = sink.into_unjudged();
    (findings, unjudged)
}
