//! Endpoint assignments, from Envoy's config dump and from istiod's `edsz`.

use std::borrow::Cow;
use std::sync::Arc;

use mesh_model::Interner;
use mesh_model::actual::{AssignedEndpoint, Assignment, EndpointGroup};
use serde::Deserialize;

use super::{AddressShape, LocalityShape, health};
use crate::DecodeError;
use crate::decode::decode;
use crate::lenient::{null, number, text};

/// The assignments of a dump whose Envoy cluster is `wanted`, sorted by its name; endpoints of a kind of address that
/// is not known are left out.
///
/// # Errors
/// If the page is no dump.
pub fn assignments(bytes: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Assignment>, DecodeError> {
    let dump: Dump<'_> = decode(bytes)?;
    let mut names = Interner::default();
    let mut found: Vec<_> = dump
        .configs
        .into_iter()
        .flat_map(Entry::into_assignments)
        .filter(|shape| !shape.cluster_name.is_empty() && wanted(&shape.cluster_name))
        .map(|shape| shape.lower(&mut names))
        .collect();
    found.sort_by(|a, b| a.cluster.cmp(&b.cluster));
    Ok(found)
}

/// `envoy: admin.v3.ConfigDump`.
#[derive(Deserialize)]
struct Dump<'a> {
    #[serde(borrow, default, deserialize_with = "null")]
    configs: Vec<Entry<'a>>,
}

/// An assignment itself (istiod), one of the dump's (Envoy, when only these are asked for), or all of them (Envoy,
/// in a dump of everything).
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default, deserialize_with = "null")]
    endpoint_config: Option<AssignmentShape<'a>>,
    #[serde(borrow, default, deserialize_with = "null")]
    dynamic_endpoint_configs: Vec<Wrapped<'a>>,
    #[serde(borrow, default, alias = "clusterName", deserialize_with = "text")]
    cluster_name: Cow<'a, str>,
    #[serde(default, deserialize_with = "null")]
    policy: Policy,
    #[serde(borrow, default, deserialize_with = "null")]
    endpoints: Vec<Group<'a>>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, default, deserialize_with = "null")]
    endpoint_config: Option<AssignmentShape<'a>>,
}

impl<'a> Entry<'a> {
    fn into_assignments(self) -> impl Iterator<Item = AssignmentShape<'a>> {
        let Self { endpoint_config, dynamic_endpoint_configs, cluster_name, policy, endpoints } = self;
        let own = AssignmentShape { cluster_name, policy, endpoints };
        let wrapped = dynamic_endpoint_configs.into_iter().filter_map(|wrapped| wrapped.endpoint_config);
        wrapped.chain(endpoint_config).chain([own])
    }
}

/// `envoy: config.endpoint.v3.ClusterLoadAssignment`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AssignmentShape<'a> {
    #[serde(borrow, alias = "clusterName", deserialize_with = "text")]
    cluster_name: Cow<'a, str>,
    #[serde(deserialize_with = "null")]
    policy: Policy,
    #[serde(borrow, deserialize_with = "null")]
    endpoints: Vec<Group<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Policy {
    #[serde(alias = "overprovisioningFactor", deserialize_with = "number")]
    overprovisioning_factor: Option<u32>,
}

/// `envoy: config.endpoint.v3.LocalityLbEndpoints`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Group<'a> {
    #[serde(borrow, deserialize_with = "null")]
    locality: LocalityShape<'a>,
    #[serde(deserialize_with = "number")]
    priority: Option<u32>,
    #[serde(alias = "loadBalancingWeight", deserialize_with = "number")]
    load_balancing_weight: Option<u32>,
    #[serde(borrow, alias = "lbEndpoints", deserialize_with = "null")]
    lb_endpoints: Vec<LbEndpoint<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LbEndpoint<'a> {
    #[serde(borrow, deserialize_with = "null")]
    endpoint: Endpoint<'a>,
    #[serde(borrow, alias = "healthStatus", deserialize_with = "text")]
    health_status: Cow<'a, str>,
    #[serde(alias = "loadBalancingWeight", deserialize_with = "number")]
    load_balancing_weight: Option<u32>,
    #[serde(borrow, deserialize_with = "null")]
    metadata: Metadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint<'a> {
    #[serde(borrow, deserialize_with = "null")]
    address: AddressShape<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow, alias = "filterMetadata", deserialize_with = "null")]
    filter_metadata: FilterMetadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FilterMetadata<'a> {
    #[serde(borrow, deserialize_with = "null")]
    istio: IstioMetadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IstioMetadata<'a> {
    #[serde(borrow, deserialize_with = "text")]
    workload: Cow<'a, str>,
}

impl AssignmentShape<'_> {
    fn lower(self, names: &mut Interner) -> Assignment {
        let mut groups: Vec<_> = self.endpoints.into_iter().map(|group| group.lower(names)).collect();
        groups.sort_by(|a, b| (a.priority, &a.locality).cmp(&(b.priority, &b.locality)));
        Assignment {
            cluster: Arc::from(&*self.cluster_name),
            overprovisioning: self.policy.overprovisioning_factor,
            groups,
        }
    }
}

impl Group<'_> {
    fn lower(self, names: &mut Interner) -> EndpointGroup {
        let mut endpoints: Vec<_> =
            self.lb_endpoints.into_iter().filter_map(|endpoint| endpoint.lower(names)).collect();
        endpoints.sort_by(|a, b| a.address.cmp(&b.address));
        EndpointGroup {
            locality: self.locality.lower(names),
            priority: self.priority.unwrap_or_default(),
            weight: self.load_balancing_weight,
            endpoints,
        }
    }
}

impl LbEndpoint<'_> {
    fn lower(self, names: &mut Interner) -> Option<AssignedEndpoint> {
        // `name;namespace;canonical name;canonical revision;cluster`
        // (`istio: pilot/pkg/networking/util/util.go: AppendLbEndpointMetadata`).
        let workload = self.metadata.filter_metadata.istio.workload;
        let cluster = workload.splitn(5, ';').nth(4).filter(|cluster| !cluster.is_empty());
        Some(AssignedEndpoint {
            address: self.endpoint.address.lower()?,
            health: health(&self.health_status),
            weight: self.load_balancing_weight,
            cluster: cluster.map(|cluster| names.get(cluster).into()),
        })
    }
}
