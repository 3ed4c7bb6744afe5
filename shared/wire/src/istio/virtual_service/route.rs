//! One entry of `http`, `tls` or `tcp`: what happens to a call that matches.

use mesh_model::{resolve_host, row};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::matches::{HttpMatch, StreamMatch};
use crate::Lower;
use crate::lenient::{null, number};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HttpRoute {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(rename = "match", deserialize_with = "null")]
    matches: Vec<HttpMatch>,
    #[serde(rename = "route", deserialize_with = "null")]
    targets: Vec<Target>,
    redirect: Option<IgnoredAny>,
    direct_response: Option<DirectResponse>,
    delegate: Option<Delegate>,
    rewrite: Option<Rewrite>,
    retries: Option<Retries>,
    #[serde(deserialize_with = "null")]
    fault: Fault,
    mirror: Option<Destination>,
    #[serde(deserialize_with = "null")]
    mirrors: Vec<Target>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamRoute {
    #[serde(rename = "match", deserialize_with = "null")]
    matches: Vec<StreamMatch>,
    #[serde(rename = "route", deserialize_with = "null")]
    targets: Vec<Target>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(deserialize_with = "null")]
    destination: Destination,
    #[serde(deserialize_with = "number")]
    weight: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Destination {
    #[serde(deserialize_with = "null")]
    pub(super) host: String,
    #[serde(deserialize_with = "null")]
    pub(super) subset: String,
    #[serde(deserialize_with = "null")]
    port: Port,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    #[serde(deserialize_with = "null")]
    number: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DirectResponse {
    #[serde(deserialize_with = "null")]
    status: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delegate {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rewrite {
    #[serde(deserialize_with = "null")]
    uri: String,
    #[serde(deserialize_with = "null")]
    authority: String,
    #[serde(rename = "uriRegexRewrite")]
    regex: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Retries {
    #[serde(deserialize_with = "number")]
    attempts: Option<u32>,
    #[serde(deserialize_with = "null")]
    retry_on: String,
    retry_remote_localities: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    #[serde(deserialize_with = "null")]
    abort: Abort,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Abort {
    #[serde(deserialize_with = "null")]
    percentage: Percent,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Percent {
    #[serde(deserialize_with = "null")]
    value: f64,
}

impl HttpRoute {
    /// Where it sends and mirrors to.
    pub(super) fn destinations(&self) -> impl Iterator<Item = &Destination> {
        let targets = self.targets.iter().chain(&self.mirrors).map(|target| &target.destination);
        targets.chain(&self.mirror)
    }

    pub(super) fn lower(&self, namespace: &str, into: &mut Lower<'_>) -> row::HttpRoute {
        row::HttpRoute {
            name: into.text(&self.name),
            matches: self.matches.iter().map(|entry| entry.lower(into)).collect(),
            targets: self.targets.iter().map(|target| target.lower(namespace, into)).collect(),
            delegate: self.delegate.as_ref().map(|delegate| row::Delegate {
                name: into.text(&delegate.name),
                namespace: into.text(&delegate.namespace),
            }),
            answer: self.answer(),
            rewrite: self.rewrite.as_ref().map(|rewrite| row::Rewrite {
                uri: into.text(&rewrite.uri),
                authority: into.text(&rewrite.authority),
                by_regex: rewrite.regex.is_some(),
            }),
            retries: self.retries.as_ref().map(|retries| row::Retries {
                attempts: retries.attempts.unwrap_or(0),
                retry_on: into.text(&retries.retry_on),
                remote_localities: retries.retry_remote_localities == Some(true),
            }),
            aborts: per_million(self.fault.abort.percentage.value),
        }
    }

    /// istiod looks at `redirect` first (`istio: pilot/pkg/networking/core/route/route.go: translateRoute`).
    fn answer(&self) -> Option<row::Answer> {
        if self.redirect.is_some() {
            return Some(row::Answer::Redirect);
        }
        self.direct_response.as_ref().map(|response| row::Answer::Direct(response.status))
    }
}

impl StreamRoute {
    /// Where it sends to.
    pub(super) fn destinations(&self) -> impl Iterator<Item = &Destination> {
        self.targets.iter().map(|target| &target.destination)
    }

    pub(super) fn lower(&self, namespace: &str, into: &mut Lower<'_>) -> row::StreamRoute {
        row::StreamRoute {
            matches: self.matches.iter().map(|entry| entry.lower(into)).collect(),
            targets: self.targets.iter().map(|target| target.lower(namespace, into)).collect(),
        }
    }
}

impl Target {
    fn lower(&self, namespace: &str, into: &mut Lower<'_>) -> row::RouteTarget {
        row::RouteTarget {
            host: resolve_host(&self.destination.host, namespace),
            subset: into.text(&self.destination.subset),
            port: self.destination.port.number,
            weight: self.weight.unwrap_or(0),
        }
    }
}

/// Percent as Envoy gets it (`istio: pilot/pkg/networking/core/route/route.go: translatePercentToFractionalPercent`).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is cut as istiod does"
)]
fn per_million(percent: f64) -> u32 {
    (percent * 10_000.0) as u32
}
