//! What a verdict leaves behind: counters, and one log line for each that the user hears of. Names and codes
//! only, nothing of the object.

use std::time::Duration;

use mesh_rules::admission::{Leniency, Mode};

use crate::metrics::{Decision, Effect, Metrics, Operation};
use crate::review::Request;
use crate::verdict::{Judged, Verdict};

pub(crate) fn operation(request: &Request<'_>) -> Operation {
    match &*request.operation {
        "CREATE" => Operation::Create,
        "UPDATE" => Operation::Update,
        _ => Operation::Other,
    }
}

/// Counts and logs a verdict that took `took`.
pub(crate) fn verdict(metrics: &Metrics, request: &Request<'_>, verdict: &Verdict, took: Duration) {
    let decision = match verdict {
        Verdict::NotJudged(_) => Decision::Unsupported,
        Verdict::Unreadable { .. } => Decision::Unreadable,
        Verdict::Judged(judged) if !judged.admission.is_allowed() => Decision::Denied,
        Verdict::Judged(judged) if !judged.admission.warnings.is_empty() => Decision::Warned,
        Verdict::Judged(_) => Decision::Allowed,
    };
    metrics.request(operation(request), decision, request.dry_run == Some(true), took);
    match verdict {
        Verdict::NotJudged(_) => {}
        Verdict::Unreadable { mode, .. } => {
            if *mode >= Mode::Warn {
                log(request, &request.name, decision, &[], took);
            }
        }
        Verdict::Judged(judged) => {
            let codes = count_findings(metrics, judged);
            if decision != Decision::Allowed {
                log(request, &judged.object.name, decision, &codes, took);
            }
        }
    }
}

fn log(request: &Request<'_>, name: &str, decision: Decision, codes: &[String], took: Duration) {
    tracing::info!(
        uid = &*request.uid,
        user = &*request.user_info.username,
        operation = &*request.operation,
        kind = &*request.kind.kind,
        namespace = &*request.namespace,
        name,
        codes = codes.join(","),
        ?decision,
        dry_run = request.dry_run == Some(true),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "reviewed"
    );
}

fn count_findings(metrics: &Metrics, judged: &Judged) -> Vec<String> {
    let admission = &judged.admission;
    let denied = admission.denied.iter().map(|finding| (finding, Effect::Denied));
    let warned = admission.warnings.iter().map(|(finding, leniency)| match leniency {
        Leniency::Existing => (finding, Effect::Ratcheted),
        Leniency::Mode | Leniency::Admiral => (finding, Effect::Warned),
    });
    let audited = admission.audited.iter().map(|finding| (finding, Effect::Audited));
    let mut codes = Vec::new();
    for (finding, effect) in denied.chain(warned).chain(audited) {
        let code = finding.code.to_string();
        metrics.finding(code.clone(), effect);
        codes.push(code);
    }
    for (code, _) in &judged.not_evaluated {
        metrics.finding(code.to_string(), Effect::NotEvaluated);
    }
    codes
}
