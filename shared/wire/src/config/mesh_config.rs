//! `mesh` of Istio's ConfigMap: MeshConfig as YAML text (`istio/api: mesh/v1alpha1/config.proto`).

use std::collections::BTreeMap;
use std::fmt;

use mesh_model::row::{MeshConfig, MeshNetwork, NetworkGatewayAddress};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::istio::{LocalityLbSetting, TrafficPolicy, ZoneAware};
use crate::lenient::{Pairs, null};
use crate::{Lower, parse_pem};

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Shape {
    #[serde(alias = "trust_domain", deserialize_with = "null")]
    trust_domain: String,
    #[serde(alias = "trust_domain_aliases", deserialize_with = "null")]
    trust_domain_aliases: Vec<String>,
    #[serde(alias = "root_namespace")]
    root_namespace: Option<String>,
    #[serde(alias = "locality_lb_setting")]
    locality_lb_setting: Option<LocalityLbSetting>,
    #[serde(alias = "default_config", deserialize_with = "null")]
    default_config: ProxyConfig,
    #[serde(alias = "service_settings", deserialize_with = "null")]
    service_settings: Vec<ServiceSettings>,
    #[serde(alias = "ca_certificates", deserialize_with = "null")]
    ca_certificates: Vec<CaCertificate>,
    #[serde(alias = "zone_aware_lb_setting")]
    zone_aware_lb_setting: Option<ZoneAware>,
    #[serde(alias = "default_traffic_policy")]
    default_traffic_policy: Option<TrafficPolicy>,
    #[serde(alias = "default_destination_rule_export_to", deserialize_with = "null")]
    default_destination_rule_export_to: Vec<String>,
    #[serde(alias = "default_service_export_to", deserialize_with = "null")]
    default_service_export_to: Vec<String>,
    #[serde(alias = "default_virtual_service_export_to", deserialize_with = "null")]
    default_virtual_service_export_to: Vec<String>,
    #[serde(alias = "enable_auto_mtls")]
    enable_auto_mtls: Option<bool>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            trust_domain: "cluster.local".to_owned(),
            trust_domain_aliases: Vec::new(),
            root_namespace: None,
            locality_lb_setting: None,
            default_config: ProxyConfig::default(),
            service_settings: Vec::new(),
            ca_certificates: Vec::new(),
            zone_aware_lb_setting: None,
            default_traffic_policy: None,
            default_destination_rule_export_to: Vec::new(),
            default_service_export_to: Vec::new(),
            default_virtual_service_export_to: Vec::new(),
            enable_auto_mtls: None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProxyConfig {
    #[serde(alias = "mesh_id")]
    mesh_id: Option<String>,
    #[serde(alias = "proxy_metadata", deserialize_with = "null")]
    proxy_metadata: Pairs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceSettings {
    #[serde(deserialize_with = "null")]
    settings: Settings,
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    #[serde(alias = "cluster_local", deserialize_with = "null")]
    cluster_local: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CaCertificate {
    #[serde(deserialize_with = "null")]
    pem: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Networks {
    #[serde(deserialize_with = "null")]
    networks: BTreeMap<String, Option<MeshNetworkShape>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MeshNetworkShape {
    #[serde(deserialize_with = "null")]
    endpoints: Vec<NetworkEndpoints>,
    #[serde(deserialize_with = "null")]
    gateways: Vec<GatewayShape>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GatewayShape {
    #[serde(alias = "registry_service_name", deserialize_with = "null")]
    registry_service_name: String,
    #[serde(deserialize_with = "null")]
    address: String,
    #[serde(deserialize_with = "null")]
    port: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NetworkEndpoints {
    #[serde(rename = "fromRegistry", alias = "from_registry")]
    registry: Option<String>,
    #[serde(rename = "fromCidr", alias = "from_cidr")]
    cidr: Option<String>,
}

impl MeshNetworkShape {
    fn lower(&self, name: &str, into: &mut Lower<'_>) -> MeshNetwork {
        MeshNetwork {
            name: into.text(name).into(),
            registries: self
                .endpoints
                .iter()
                .filter_map(|entry| entry.registry.as_deref())
                .map(|id| into.text(id))
                .collect(),
            cidrs: self.endpoints.iter().filter_map(|entry| entry.cidr.as_deref()?.parse().ok()).collect(),
            gateways: self.gateways.iter().map(|gateway| gateway.lower(into)).collect(),
        }
    }
}

impl GatewayShape {
    fn lower(&self, into: &mut Lower<'_>) -> NetworkGatewayAddress {
        if self.registry_service_name.is_empty() {
            NetworkGatewayAddress::Address(into.text(&self.address), self.port)
        } else {
            NetworkGatewayAddress::Service(into.text(&self.registry_service_name), self.port)
        }
    }
}

/// The mesh config, or what is wrong with it.
pub(super) fn lower(mesh: &str, networks: &str, into: &mut Lower<'_>) -> Result<MeshConfig, String> {
    let shape: Shape = parse(mesh)?;
    let networks: Networks = parse(networks)?;
    let metadata = |key: &str| {
        let pairs = &shape.default_config.proxy_metadata.0;
        pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    };
    let mesh_id = shape.default_config.mesh_id.as_deref().or_else(|| metadata("ISTIO_META_MESH_ID"));
    let pems: Vec<&str> = shape.ca_certificates.iter().map(|entry| entry.pem.as_str()).collect();
    let settings = shape.service_settings.iter();
    Ok(MeshConfig {
        trust_domain: into.text(&shape.trust_domain),
        trust_domain_aliases: into.texts(&shape.trust_domain_aliases),
        root_namespace: shape.root_namespace.as_deref().map(|text| into.text(text)),
        locality: shape
            .locality_lb_setting
            .as_ref()
            .map_or_else(Default::default, |setting| setting.lower(into)),
        mesh_id: mesh_id.map(|text| into.text(text)),
        cluster_local: settings
            .flat_map(|entry| entry.hosts.iter().map(|host| (host, entry.settings.cluster_local)))
            .map(|(host, local)| (into.text(host), local))
            .collect(),
        ca_certificates: parse_pem(&pems.join("\n")),
        dns_capture: metadata("ISTIO_META_DNS_CAPTURE") == Some("true"),
        mesh_networks: networks
            .networks
            .into_iter()
            .map(|(name, network)| network.unwrap_or_default().lower(&name, into))
            .collect(),
        zone_aware: shape.zone_aware_lb_setting.as_ref().map(|setting| setting.lower(into)),
        default_policy: shape
            .default_traffic_policy
            .as_ref()
            .map_or_else(Default::default, |policy| policy.lower(into).blocks),
        destination_rule_export_to: into.texts(&shape.default_destination_rule_export_to),
        service_export_to: into.texts(&shape.default_service_export_to),
        virtual_service_export_to: into.texts(&shape.default_virtual_service_export_to),
        auto_mtls: shape.enable_auto_mtls,
    })
}

/// YAML by way of JSON text: one serde format for all shapes, so that none is compiled twice.
pub(super) fn parse<T: Default + DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.trim().is_empty() {
        return Ok(T::default());
    }
    let value: Value = serde_yaml::from_str(text).map_err(|error| first_line(&error))?;
    let shape = serde_json::from_str::<Option<T>>(&value.to_string());
    shape.map(Option::unwrap_or_default).map_err(|error| {
        let full = error.to_string();
        full.split(" at line ").next().unwrap_or_default().to_owned()
    })
}

/// Errors of the YAML parser carry a snippet of the text below their first line.
fn first_line(error: &dyn fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
