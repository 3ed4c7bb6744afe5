//! One entry of `match`: what is asked of a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::row::{self, SourceMatch, TextMatch};
use serde::Deserialize;

use crate::Lower;
use crate::lenient::{Pairs, null};

type Texts = BTreeMap<String, Option<StringMatch>>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HttpMatch {
    uri: Option<StringMatch>,
    #[serde(deserialize_with = "null")]
    ignore_uri_case: bool,
    scheme: Option<StringMatch>,
    method: Option<StringMatch>,
    authority: Option<StringMatch>,
    #[serde(deserialize_with = "null")]
    headers: Texts,
    #[serde(deserialize_with = "null")]
    without_headers: Texts,
    #[serde(deserialize_with = "null")]
    query_params: Texts,
    #[serde(deserialize_with = "null")]
    port: u16,
    #[serde(deserialize_with = "null")]
    source_labels: Pairs,
    #[serde(deserialize_with = "null")]
    source_namespace: String,
    #[serde(deserialize_with = "null")]
    gateways: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StreamMatch {
    #[serde(deserialize_with = "null")]
    sni_hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    destination_subnets: Vec<String>,
    #[serde(deserialize_with = "null")]
    port: u16,
    #[serde(deserialize_with = "null")]
    source_labels: Pairs,
    #[serde(deserialize_with = "null")]
    source_namespace: String,
    #[serde(deserialize_with = "null")]
    gateways: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StringMatch {
    exact: Option<String>,
    prefix: Option<String>,
    regex: Option<String>,
}

impl StringMatch {
    fn lower(&self, into: &mut Lower<'_>) -> TextMatch {
        match self {
            Self { exact: Some(text), .. } => TextMatch::Exact(into.text(text)),
            Self { prefix: Some(text), .. } => TextMatch::Prefix(into.text(text)),
            Self { regex: Some(text), .. } => TextMatch::Regex(into.text(text)),
            Self { .. } => TextMatch::Present,
        }
    }
}

impl HttpMatch {
    pub(super) fn lower(&self, into: &mut Lower<'_>) -> row::HttpMatch {
        let mut text = |given: &Option<StringMatch>| given.as_ref().map(|given| given.lower(into));
        let (uri, scheme) = (text(&self.uri), text(&self.scheme));
        let (method, authority) = (text(&self.method), text(&self.authority));
        row::HttpMatch {
            uri,
            ignore_uri_case: self.ignore_uri_case,
            scheme,
            method,
            authority,
            headers: texts(&self.headers, str::to_ascii_lowercase, into),
            without_headers: texts(&self.without_headers, str::to_ascii_lowercase, into),
            query_params: texts(&self.query_params, str::to_owned, into),
            source: SourceMatch {
                port: self.port,
                labels: into.labels(&self.source_labels),
                namespace: into.text(&self.source_namespace),
                gateways: into.texts(&self.gateways),
            },
        }
    }
}

impl StreamMatch {
    pub(super) fn lower(&self, into: &mut Lower<'_>) -> row::StreamMatch {
        row::StreamMatch {
            sni_hosts: into.texts(&self.sni_hosts),
            destination_subnets: into.texts(&self.destination_subnets),
            source: SourceMatch {
                port: self.port,
                labels: into.labels(&self.source_labels),
                namespace: into.text(&self.source_namespace),
                gateways: into.texts(&self.gateways),
            },
        }
    }
}

fn texts(given: &Texts, key: impl Fn(&str) -> String, into: &mut Lower<'_>) -> Vec<(Arc<str>, TextMatch)> {
    let mut lowered = Vec::with_capacity(given.len());
    for (name, value) in given {
        let value = value.as_ref().map_or(TextMatch::Present, |value| value.lower(into));
        lowered.push((into.text(&key(name)), value));
    }
    lowered
}
