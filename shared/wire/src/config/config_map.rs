//! `v1 ConfigMap`: the three that Istio reads or writes; of all others only the fact that they were given.

use mesh_model::row::ConfigMapFact;
use mesh_model::{Kind, Origin};
use serde::Deserialize;

use super::{injector, mesh_config};
use crate::lenient::{Pairs, null};
use crate::{Lower, Meta, Resource, parse_pem};

#[derive(Deserialize)]
pub(crate) struct ConfigMap {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    data: Pairs,
}

impl ConfigMap {
    fn value(&self, key: &str) -> Option<&str> {
        self.data.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl Resource for ConfigMap {
    const KIND: Kind = Kind::ConfigMap;
    const VERSIONS: &'static [&'static str] = &["v1"];

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let name = self.metadata.name.as_str();
        let fact = if name == "istio-ca-root-cert" {
            ConfigMapFact::RootCertificates(parse_pem(self.value("root-cert.pem").unwrap_or_default()))
        } else if name.starts_with("istio-sidecar-injector") {
            let Some(values) = self.value("values") else { return };
            ConfigMapFact::Injector(injector::lower(values, into))
        } else if name == "istio" || name.starts_with("istio-") {
            let Some(mesh) = self.value("mesh") else { return };
            let config = mesh_config::lower(mesh, self.value("meshNetworks").unwrap_or_default(), into);
            ConfigMapFact::MeshConfig(config.map(Box::new))
        } else {
            return;
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.config_maps.push(row);
    }
}
