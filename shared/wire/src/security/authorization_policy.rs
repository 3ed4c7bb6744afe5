//! `AuthorizationPolicy`: who may call a workload, and how.

use std::sync::Arc;

use mesh_model::row::{self, AuthorizationPolicy as Fact, PolicyAction, Values};
use mesh_model::{Kind, Origin};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Selector;
use crate::lenient::null;
use crate::{Lower, Meta, Resource};

/// Shape of an AuthorizationPolicy.
#[derive(Deserialize)]
pub(crate) struct AuthorizationPolicy {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null")]
    selector: Selector,
    target_ref: Option<IgnoredAny>,
    #[serde(deserialize_with = "null")]
    target_refs: Vec<IgnoredAny>,
    #[serde(deserialize_with = "null")]
    action: String,
    #[serde(deserialize_with = "null")]
    rules: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    #[serde(deserialize_with = "null")]
    from: Vec<From>,
    #[serde(deserialize_with = "null")]
    to: Vec<To>,
    #[serde(deserialize_with = "null")]
    when: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct From {
    #[serde(deserialize_with = "null")]
    source: Source,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct To {
    #[serde(deserialize_with = "null")]
    operation: Operation,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source {
    #[serde(deserialize_with = "null")]
    principals: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_principals: Vec<String>,
    #[serde(deserialize_with = "null")]
    request_principals: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_request_principals: Vec<String>,
    #[serde(deserialize_with = "null")]
    namespaces: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_namespaces: Vec<String>,
    #[serde(deserialize_with = "null")]
    service_accounts: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_service_accounts: Vec<String>,
    #[serde(deserialize_with = "null")]
    trust_domains: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_trust_domains: Vec<String>,
    #[serde(deserialize_with = "null")]
    ip_blocks: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "null")]
    remote_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_remote_ip_blocks: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Operation {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    ports: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_ports: Vec<String>,
    #[serde(deserialize_with = "null")]
    methods: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_methods: Vec<String>,
    #[serde(deserialize_with = "null")]
    paths: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_paths: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(deserialize_with = "null")]
    key: String,
    #[serde(deserialize_with = "null")]
    values: Vec<String>,
    #[serde(deserialize_with = "null")]
    not_values: Vec<String>,
}

impl Rule {
    fn lower(&self, into: &mut Lower<'_>) -> row::AccessRule {
        row::AccessRule {
            from: self.from.iter().map(|from| from.source.lower(into)).collect(),
            to: self.to.iter().map(|to| to.operation.lower(into)).collect(),
            when: self.when.iter().map(|condition| condition.lower(into)).collect(),
        }
    }
}

impl Source {
    fn lower(&self, into: &mut Lower<'_>) -> row::Source {
        row::Source {
            principals: values(&self.principals, &self.not_principals, into),
            request_principals: values(&self.request_principals, &self.not_request_principals, into),
            namespaces: values(&self.namespaces, &self.not_namespaces, into),
            service_accounts: values(&self.service_accounts, &self.not_service_accounts, into),
            trust_domains: values(&self.trust_domains, &self.not_trust_domains, into),
            ip_blocks: values(&self.ip_blocks, &self.not_ip_blocks, into),
            remote_ip_blocks: values(&self.remote_ip_blocks, &self.not_remote_ip_blocks, into),
        }
    }
}

impl Operation {
    fn lower(&self, into: &mut Lower<'_>) -> row::Operation {
        row::Operation {
            hosts: values(&self.hosts, &self.not_hosts, into),
            ports: values(&self.ports, &self.not_ports, into),
            methods: values(&self.methods, &self.not_methods, into),
            paths: values(&self.paths, &self.not_paths, into),
        }
    }
}

impl Condition {
    fn lower(&self, into: &mut Lower<'_>) -> row::AccessCondition {
        row::AccessCondition {
            key: into.text(&self.key),
            values: values(&self.values, &self.not_values, into),
        }
    }
}

fn values(any_of: &[String], none_of: &[String], into: &mut Lower<'_>) -> Values {
    Values { any_of: into.texts(any_of), none_of: into.texts(none_of) }
}

fn action(text: &str) -> PolicyAction {
    match text {
        "" | "ALLOW" => PolicyAction::Allow,
        "DENY" => PolicyAction::Deny,
        "AUDIT" => PolicyAction::Audit,
        "CUSTOM" => PolicyAction::Custom,
        other => PolicyAction::Other(Arc::from(other)),
    }
}

impl Resource for AuthorizationPolicy {
    const KIND: Kind = Kind::AuthorizationPolicy;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let fact = Fact {
            selector: into.labels(&self.spec.selector.match_labels),
            has_targets: self.spec.target_ref.is_some() || !self.spec.target_refs.is_empty(),
            action: action(&self.spec.action),
            rules: self.spec.rules.iter().map(|rule| rule.lower(into)).collect(),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.authorization_policies.push(row);
    }
}
