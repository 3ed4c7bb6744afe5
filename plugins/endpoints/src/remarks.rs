//! Sentences below the table: what stays out, what surprises, and what it all comes to.

use std::collections::BTreeMap;

use mesh_model::Locality;
use mesh_report::Remark;
use mesh_rules::{Finding, Severity};
use mesh_traffic::{Client, Discovery, LocalityMode};

use crate::actual::Comparison;
use crate::answer::{Answer, Left};
use crate::asked::{Asked, Frame, Told};
use crate::row::{Row, State};

/// The sentences about an answer, in the order they are printed.
pub(crate) fn remarks(frame: &Frame<'_>, asked: &Asked<'_>, told: &Told, answer: &Answer) -> Vec<Remark> {
    let client = &asked.client;
    let mut remarks = Vec::new();
    remarks.extend(legend(answer));
    remarks.extend(not_listed(answer));
    remarks.extend(summary(answer, client));
    remarks.extend(inert(answer));
    remarks.extend(load_dependent(answer));
    remarks.extend(answer.excluded.iter().map(excluded));
    remarks.extend(answer.unknown.iter().map(|unknown| {
        Remark::signed(Severity::Warning, format!("not known: {} ({})", unknown.what, unknown.cause))
    }));
    remarks.extend(trouble(answer));
    remarks.extend(on_the_way(frame, client, answer));
    remarks.extend(told.comparison.iter().flat_map(|comparison| compared(asked, comparison)));
    if answer.scale > 1 {
        let scale = answer.scale;
        remarks.push(Remark::plain(format!(
            "Weights are x{scale}, the least common multiple of the gateway counts."
        )));
    }
    remarks
}

/// What the marks of the table mean.
fn legend(answer: &Answer) -> Option<Remark> {
    let same = answer.rows.iter().any(|row| row.same_pods);
    let duplicate = answer.rows.iter().any(|row| row.state == State::Duplicate);
    let mut texts = Vec::new();
    if same {
        texts.push("* same pods as the row above.");
    }
    if duplicate {
        texts.push("duplicate: Envoy keeps the first entry of an address (MESH235).");
    }
    (!texts.is_empty()).then(|| Remark::plain(texts.join("  ")))
}

/// Where the hosts come from, if not from istiod.
fn not_listed(answer: &Answer) -> Option<Remark> {
    match answer.settings.discovery {
        Discovery::Eds => None,
        Discovery::OriginalDst => {
            Some(Remark::plain("Envoy calls the address that the application picked: nothing is balanced."))
        }
        Discovery::StrictDns => {
            Some(Remark::plain("Envoy resolves each name; every address it gets is a host of its own."))
        }
        Discovery::LogicalDns => {
            Some(Remark::plain("Envoy resolves the name and calls one address of the answer."))
        }
    }
}

/// Where the calls go.
fn summary(answer: &Answer, client: &Client<'_>) -> Option<Remark> {
    let sent: f64 = answer.rows.iter().filter_map(|row| row.share).map(|share| share.quiet).sum();
    if sent <= 0.0 {
        return None;
    }
    let within = |fits: &dyn Fn(&Locality) -> bool| {
        let rows = answer.rows.iter().filter(|row| fits(&row.locality));
        rows.filter_map(|row| row.share).map(|share| share.quiet).sum::<f64>() / sent
    };
    let place = &client.locality;
    let stays = |share: f64| share > 1.0 - 1e-9;
    let zone = within(&|other| other.region == place.region && other.zone == place.zone);
    let region = within(&|other| other.region == place.region);
    let why = reason(answer.settings.locality.value);
    if place.region.is_empty() {
        return None;
    }
    let text = if stays(zone) && !place.zone.is_empty() {
        format!("All traffic stays in {}{why}", place.zone)
    } else if stays(region) {
        format!("All traffic stays in region {}{why}", place.region)
    } else {
        format!("{:.0}% of the calls leave region {}{why}", (1.0 - region) * 100.0, place.region)
    };
    Some(Remark::plain(text))
}

const fn reason(mode: LocalityMode) -> &'static str {
    match mode {
        LocalityMode::None | LocalityMode::Inert => ": all endpoints have one priority.",
        LocalityMode::Failover
        | LocalityMode::Priority
        | LocalityMode::PriorityThenFailover
        | LocalityMode::ZoneAware => ", by locality failover, while enough of its endpoints are healthy.",
        LocalityMode::Prefer => ", by traffic distribution, while enough of its endpoints are healthy.",
        LocalityMode::Distribute => ", by the weights of distribute.",
    }
}

/// A setting that asks for priorities and gets none.
fn inert(answer: &Answer) -> Option<Remark> {
    let settings = &answer.settings;
    // The default of every mesh asks for failover, and nobody misses it.
    let asked = answer.rules.iter().any(|rule| settings.locality.cause.object() == Some(rule));
    (settings.locality.value == LocalityMode::Inert && asked).then(|| {
        let text = format!(
            "{} asks for locality failover, and no outlierDetection switches it on (MESH201)",
            settings.locality.cause
        );
        Remark::signed(Severity::Error, text)
    })
}

fn load_dependent(answer: &Answer) -> Option<Remark> {
    let differs = |row: &Row| row.share.is_some_and(|share| (share.quiet - share.busy).abs() >= 0.005);
    answer.rows.iter().any(differs).then(|| {
        Remark::plain("A range goes from few requests under way to many: LEAST_REQUEST weighs the busy less.")
    })
}

fn excluded(left: &Left) -> Remark {
    let (kind, name) = left.object.split_once('/').unwrap_or(("endpoint", &left.object));
    let name = if left.namespace.is_empty() { name.to_owned() } else { format!("{}/{name}", left.namespace) };
    Remark::plain(format!("Excluded: {kind} {name} ({}): {}", left.cluster, left.reason.text()))
}

/// What makes listed addresses useless.
fn on_the_way(frame: &Frame<'_>, client: &Client<'_>, answer: &Answer) -> Vec<Remark> {
    let cluster = &frame.mesh.clusters()[client.cluster].name;
    let mut findings: Vec<&Finding> =
        answer.rows.iter().flat_map(|row| frame.trouble.on_the_way(cluster, row)).collect();
    findings.sort_by(|a, b| a.order(b));
    findings.dedup();
    let text = |finding: &&Finding| format!("{}: {}", finding.code, finding.message);
    findings.iter().map(|finding| Remark::signed(finding.severity, text(finding))).collect()
}

/// How the proxy differs from the prediction.
fn compared(asked: &Asked<'_>, comparison: &Comparison) -> Vec<Remark> {
    // Where versions differ, one that agrees is enough: it is the one in force.
    let severity = if asked.differs() { Severity::Error } else { Severity::Info };
    let differences = &comparison.differences;
    if differences.is_empty() {
        return vec![Remark::plain("The proxy has what is predicted.")];
    }
    differences.iter().map(|one| Remark::signed(severity, format!("MESH236: {}", one.text()))).collect()
}

/// Calls that find no host, and priorities whose dead hosts are called too.
fn trouble(answer: &Answer) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (priority, tier) in answer.split.priorities.iter().enumerate().filter(|(_, tier)| tier.panic) {
        if tier.load > 0 {
            remarks.push(Remark::signed(
                Severity::Warning,
                format!("priority {priority} is in panic: Envoy calls its unhealthy endpoints too"),
            ));
        }
    }
    let is_listed = answer.settings.discovery == Discovery::Eds;
    if is_listed && answer.split.no_host > 1e-9 {
        let percent = answer.split.no_host * 100.0;
        let text =
            format!("{percent:.0}% of the calls find no host and are answered with 503 (UH){}", most(answer));
        remarks.push(Remark::signed(Severity::Error, text));
    }
    remarks
}

/// The reason that keeps most endpoints out.
fn most(answer: &Answer) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for left in &answer.excluded {
        *counts.entry(left.reason.text()).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(reason, count)| format!("; {count} excluded: {reason}")).unwrap_or_default()
}
