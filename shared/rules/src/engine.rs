//! Walks subjects, calls rules, and keeps the verdicts honest.
//!
//! A rule judges a cluster only when nothing it concludes from is missing there; else the verdict is *not
//! evaluated*, with the gap. Rules run in order of their codes, so `after` may name smaller codes only.

use std::cell::Cell;
use std::collections::BTreeSet;

use mesh_model::{ClusterName, Kind, KindSet, Mesh};

use crate::sink::Unjudged;
use crate::view::Context;
use crate::{
    Asks, Check, ClusterView, Code, Finding, Focus, MeshView, Outcome, Rule, Sink, Subject, Verdict,
    VerdictKind,
};

/// What a run is given beside mesh and rules.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Time of the run, seconds since 1970 UTC.
    pub now: i64,
    /// Reads beyond plain objects that were made.
    pub given: Asks,
    /// Subjects to visit.
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
    let mut judged = Vec::with_capacity(mesh.clusters().len());
    for cluster in mesh.clusters().iter().filter(|cluster| options.focus.covers_cluster(&cluster.name)) {
        let view = ClusterView::new(cluster, &context);
        let verdict = |kind| Verdict { code: rule.code, cluster: cluster.name.clone(), kind };
        match obstacle(rule, view, options.given, failed) {
            None => judged.push(view),
            Some(Obstacle { kind, judge_rest }) => {
                outcome.verdicts.push(verdict(kind));
                if judge_rest {
                    judged.push(view);
                }
            }
        }
    }
    let names: Vec<ClusterName> = judged.iter().map(|view| view.name().clone()).collect();
    let (findings, unjudged) = visit(mesh, rule, &options.focus, &context, judged);
    outcome.verdicts.extend(unjudged.into_iter().map(|Unjudged { cluster, kind, gap }| {
        let kind = VerdictKind::NotEvaluated { kind: Some(kind), gap };
        Verdict { code: rule.code, cluster, kind }
    }));
    failed.extend(findings.iter().map(|finding| (rule.code, finding.subject.cluster().clone())));
    for cluster in names {
        let kind = if failed.contains(&(rule.code, cluster.clone())) {
            VerdictKind::Failed
        } else if outcome.verdicts.iter().rev().any(|v| v.code == rule.code && v.cluster == cluster) {
            continue;
        } else {
            VerdictKind::Passed
        };
        outcome.verdicts.push(Verdict { code: rule.code, cluster, kind });
    }
    outcome.findings.extend(findings);
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
    if let Some((kind, gap)) = view.gaps().first_of(rule.closed) {
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
                for row in view.$table().rows().iter().filter(|row| focus.covers(&row.obj)) {
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
    findings.retain(|finding| match &finding.subject {
        Subject::Object(object) => focus.covers(object),
        Subject::Cluster(cluster) | Subject::Document { cluster, .. } => focus.covers_cluster(cluster),
    });
    (findings, unjudged)
}
