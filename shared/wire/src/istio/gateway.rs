//! `Gateway` of `networking.istio.io`.

use mesh_model::row::{GatewayFact, GatewayServer, TlsMode};
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::traffic_policy::tls_mode;
use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct Gateway {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "null")]
    selector: Pairs,
    #[serde(deserialize_with = "null")]
    servers: Vec<Server>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Server {
    #[serde(deserialize_with = "null")]
    port: Port,
    tls: Option<Tls>,
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    #[serde(deserialize_with = "null")]
    number: u16,
    #[serde(deserialize_with = "null")]
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tls {
    #[serde(deserialize_with = "null")]
    mode: String,
}

impl Resource for Gateway {
    const KIND: Kind = Kind::Gateway;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let servers = self.spec.servers.iter().map(|server| GatewayServer {
            port: server.port.number,
            protocol: into.text(&server.port.protocol),
            // The first value of the enum in istio/api: networking/v1alpha3/gateway.proto is PASSTHROUGH.
            tls: server.tls.as_ref().map(|tls| tls_mode(&tls.mode, TlsMode::Passthrough, into)),
            hosts: into.texts(&server.hosts),
        });
        let servers = servers.collect();
        let fact = GatewayFact { selector: into.labels(&self.spec.selector), servers };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.gateways.push(row);
    }
}
