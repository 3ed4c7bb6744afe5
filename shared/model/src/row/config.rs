//! ConfigMaps and Secrets whose content the mesh depends on.

use std::sync::Arc;

use ipnet::IpNet;

use crate::row::{LocalityLbSetting, PolicyBlocks, ZoneAware};
use crate::{CertificateBundle, Network};

/// A ConfigMap that Istio reads or writes; all others are not kept.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigMapFact {
    /// `istio` or `istio-REVISION`: the mesh config, or why it cannot be read.
    MeshConfig(Result<Box<MeshConfig>, String>),
    /// `istio-sidecar-injector[-REVISION]`: the values of the injection template.
    Injector(Result<InjectorValues, String>),
    /// `istio-ca-root-cert`: the roots that agents of the namespace trust.
    RootCertificates(CertificateBundle),
}

/// `MeshConfig`, as far as rules read it. Defaults of `istio: pkg/config/mesh/mesh.go: DefaultMeshConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshConfig {
    /// `trustDomain`; `cluster.local` if unset.
    pub trust_domain: Arc<str>,
    /// `trustDomainAliases`.
    pub trust_domain_aliases: Vec<Arc<str>>,
    /// `rootNamespace`; the system namespace if unset.
    pub root_namespace: Option<Arc<str>>,
    /// `localityLbSetting`; the default is present and enabled.
    pub locality: LocalityLbSetting,
    /// `defaultConfig.meshId`, or `defaultConfig.proxyMetadata.ISTIO_META_MESH_ID`.
    pub mesh_id: Option<Arc<str>>,
    /// `serviceSettings`: hosts with `clusterLocal`, and its value.
    pub cluster_local: Vec<(Arc<str>, bool)>,
    /// `caCertificates[].pem`: roots that are exchanged beside the mesh's own.
    pub ca_certificates: CertificateBundle,
    /// `defaultConfig.proxyMetadata.ISTIO_META_DNS_CAPTURE` is true.
    pub dns_capture: bool,
    /// `networks` in the ConfigMap's `meshNetworks` key, by name.
    pub mesh_networks: Vec<MeshNetwork>,
    /// `zoneAwareLbSetting`, if set (Istio 1.31).
    pub zone_aware: Option<ZoneAware>,
    /// `defaultTrafficPolicy` (Istio 1.31).
    pub default_policy: PolicyBlocks,
    /// `defaultDestinationRuleExportTo`; empty means `*`.
    pub destination_rule_export_to: Vec<Arc<str>>,
    /// `defaultServiceExportTo`; empty means `*`.
    pub service_export_to: Vec<Arc<str>>,
    /// `defaultVirtualServiceExportTo`; empty means `*`.
    pub virtual_service_export_to: Vec<Arc<str>>,
    /// `enableAutoMtls`, if set; Istio's default is true.
    pub auto_mtls: Option<bool>,
}

/// One network of `meshNetworks`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshNetwork {
    /// Its name.
    pub name: Network,
    /// `endpoints[].fromRegistry`: cluster IDs whose endpoints are in it unless a label says otherwise.
    pub registries: Vec<Arc<str>>,
    /// `endpoints[].fromCidr`: addresses that are in it unless something else names their network.
    pub cidrs: Vec<IpNet>,
    /// `gateways`.
    pub gateways: Vec<NetworkGatewayAddress>,
}

/// One entry of `gateways` of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkGatewayAddress {
    /// `registryServiceName` and `port`: a Service of the clusters whose registries are in the network.
    Service(Arc<str>, u16),
    /// `address` and `port`.
    Address(Arc<str>, u16),
}

/// `global` values of the sidecar injector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InjectorValues {
    /// `global.network`.
    pub network: Network,
    /// `global.meshID`.
    pub mesh_id: Arc<str>,
    /// `global.multiCluster.clusterName`.
    pub cluster_name: Arc<str>,
    /// `revision`.
    pub revision: Arc<str>,
}

/// A Secret: metadata only, unless more was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretFact {
    /// Names of the data keys, empty when only metadata was read.
    pub keys: Vec<Arc<str>>,
}
