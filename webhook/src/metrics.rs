//! Prometheus metrics. No namespace, name or user in a label: the number of series is bounded, and those that
//! are known at start are there with 0.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use mesh_rules::Rule;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Operation of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Operation {
    /// `CREATE`
    Create,
    /// `UPDATE`
    Update,
    /// `DELETE`, `CONNECT` and what may come.
    Other,
}

/// What a request ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Decision {
    /// Nothing found.
    Allowed,
    /// Admitted with a warning.
    Warned,
    /// Refused.
    Denied,
    /// Not ours to judge.
    Unsupported,
    /// The object cannot be read.
    Unreadable,
    /// No time was left.
    TooLate,
}

/// Why a call was refused before anything was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Rejection {
    /// 404.
    Path,
    /// 405.
    Method,
    /// 415.
    ContentType,
    /// 413.
    TooLarge,
    /// 408.
    SlowBody,
    /// The client went away within the body.
    Aborted,
    /// No AdmissionReview.
    NoReview,
}

/// What a finding led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Effect {
    /// The object was refused.
    Denied,
    /// A warning.
    Warned,
    /// A warning, because the finding was there before.
    Ratcheted,
    /// Only the audit log.
    Audited,
    /// The rule could not look.
    NotEvaluated,
}

/// Whether something worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Success {
    /// It did.
    Ok,
    /// It did not.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: Operation,
    decision: Decision,
    dry_run: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    rule: String,
    effect: Effect,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: Rejection,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: Success,
}

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    findings: Family<FindingLabels, Counter>,
    rejected: Family<ReasonLabels, Counter>,
    handshakes: Family<ResultLabels, Counter>,
    reloads: Family<ResultLabels, Counter>,
    expiry: Gauge<f64, AtomicU64>,
    /// Calls answered 503 because too many bytes were in flight.
    pub shed: Counter,
    /// Requests that ended in a panic.
    pub panics: Counter,
    /// Bytes of bodies in flight.
    pub in_flight: Gauge,
    /// Open connections of API servers.
    pub connections: Gauge,
}

impl Metrics {
    /// Metrics with a series for each of `rules`.
    #[must_use]
    pub fn new(rules: &[&'static Rule]) -> Self {
        let mut registry = Registry::with_prefix("mesh_webhook");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this program", build);
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new([
                10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 25e-3, 0.1, 1.0,
            ]),
            findings: Family::default(),
            rejected: Family::default(),
            handshakes: Family::default(),
            reloads: Family::default(),
            expiry: Gauge::default(),
            shed: Counter::default(),
            panics: Counter::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Reviews answered", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the last byte of a review to its verdict",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register("findings", "Findings of reviews by what they led to", metrics.findings.clone());
        registry.register("rejected_input", "Calls refused before a verdict", metrics.rejected.clone());
        registry.register("shed", "Calls refused because too much was in flight", metrics.shed.clone());
        registry.register("panics", "Requests that ended in a panic", metrics.panics.clone());
        let in_flight = metrics.in_flight.clone();
        registry.register_with_unit("inflight", "Bodies in flight", Unit::Bytes, in_flight);
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("tls_handshakes", "Handshakes by result", metrics.handshakes.clone());
        registry.register("certificate_reloads", "New pairs by result", metrics.reloads.clone());
        let expiry = metrics.expiry.clone();
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "End of validity of the certificate that is served, seconds since 1970",
            expiry,
        );
        let metrics = Self { registry, ..metrics };
        metrics.begin(rules);
        metrics
    }

    /// The text a Prometheus server reads.
    ///
    /// # Panics
    /// Never: a string takes all that is written.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }

    /// A review was answered.
    pub fn request(&self, operation: Operation, decision: Decision, dry_run: bool, took: Duration) {
        let labels = RequestLabels { operation, decision, dry_run: u8::from(dry_run) };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// A finding had an effect.
    pub fn finding(&self, rule: String, effect: Effect) {
        self.findings.get_or_create(&FindingLabels { rule, effect }).inc();
    }

    /// A call was refused before anything was judged.
    pub fn rejected(&self, reason: Rejection) {
        self.rejected.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A TLS handshake ended.
    pub fn handshake(&self, result: Success) {
        self.handshakes.get_or_create(&ResultLabels { result }).inc();
    }

    /// A changed certificate was taken or not.
    pub fn reload(&self, result: Success) {
        self.reloads.get_or_create(&ResultLabels { result }).inc();
    }

    /// Another certificate is served; `not_after` in seconds since 1970 UTC.
    pub fn serves_until(&self, not_after: i64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 fit 52 bits for 140 million years"
        )]
        self.expiry.set(not_after as f64);
    }

    fn begin(&self, rules: &[&'static Rule]) {
        for operation in [Operation::Create, Operation::Update] {
            for decision in [Decision::Allowed, Decision::Warned, Decision::Denied] {
                let labels = RequestLabels { operation, decision, dry_run: 0 };
                let _ = self.requests.get_or_create(&labels);
            }
        }
        for rule in rules {
            for effect in [Effect::Denied, Effect::Warned, Effect::Ratcheted, Effect::Audited] {
                let _ = self.findings.get_or_create(&FindingLabels { rule: rule.code.to_string(), effect });
            }
        }
        for result in [Success::Ok, Success::Failed] {
            let _ = self.handshakes.get_or_create(&ResultLabels { result });
            let _ = self.reloads.get_or_create(&ResultLabels { result });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_series_are_there_before_the_first_request() {
        let text = Metrics::new(mesh_rules::ALL).text();
        for line in [
            r#"mesh_webhook_requests_total{operation="Create",decision="Denied",dry_run="0"} 0"#,
            r#"mesh_webhook_findings_total{rule="MESH201",effect="Denied"} 0"#,
            r#"mesh_webhook_tls_handshakes_total{result="Ok"} 0"#,
            "mesh_webhook_panics_total 0",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
