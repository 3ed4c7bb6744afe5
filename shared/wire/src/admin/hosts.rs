//! Hosts with their state, from Envoy's `/clusters?format=json`.

use std::borrow::Cow;
use std::sync::Arc;

use mesh_model::Interner;
use mesh_model::actual::{ClusterHosts, HostState, RequestCounts};
use serde::Deserialize;

use super::{AddressShape, LocalityShape, health};
use crate::DecodeError;
use crate::decode::decode;
use crate::lenient::{Count, null, number, text};

/// The hosts of all Envoy clusters that are `wanted`, sorted by the name of the cluster; hosts of a kind of address
/// that is not known are left out.
///
/// # Errors
/// If the page is no list of clusters.
pub fn hosts(bytes: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<ClusterHosts>, DecodeError> {
    let page: Clusters<'_> = decode(bytes)?;
    let mut names = Interner::default();
    let mut found: Vec<_> = page
        .cluster_statuses
        .into_iter()
        .filter(|status| wanted(&status.name))
        .map(|status| status.lower(&mut names))
        .collect();
    found.sort_by(|a, b| a.cluster.cmp(&b.cluster));
    Ok(found)
}

/// `envoy: admin.v3.Clusters`.
#[derive(Deserialize)]
struct Clusters<'a> {
    #[serde(borrow, default, deserialize_with = "null")]
    cluster_statuses: Vec<ClusterStatus<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterStatus<'a> {
    #[serde(borrow, deserialize_with = "text")]
    name: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "null")]
    host_statuses: Vec<HostStatus<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostStatus<'a> {
    #[serde(borrow, deserialize_with = "null")]
    address: AddressShape<'a>,
    #[serde(borrow, deserialize_with = "null")]
    stats: Vec<Stat<'a>>,
    #[serde(borrow, deserialize_with = "null")]
    health_status: HealthStatus<'a>,
    #[serde(deserialize_with = "number")]
    weight: Option<u32>,
    #[serde(deserialize_with = "number")]
    priority: Option<u32>,
    #[serde(borrow, deserialize_with = "null")]
    locality: LocalityShape<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HealthStatus<'a> {
    #[serde(borrow, deserialize_with = "text")]
    eds_health_status: Cow<'a, str>,
    #[serde(deserialize_with = "null")]
    failed_outlier_check: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stat<'a> {
    #[serde(borrow, deserialize_with = "text")]
    name: Cow<'a, str>,
    #[serde(deserialize_with = "null")]
    value: Count,
}

impl ClusterStatus<'_> {
    fn lower(self, names: &mut Interner) -> ClusterHosts {
        let mut hosts: Vec<_> =
            self.host_statuses.into_iter().filter_map(|status| status.lower(names)).collect();
        hosts.sort_by(|a, b| (a.priority, &a.address).cmp(&(b.priority, &b.address)));
        ClusterHosts { cluster: Arc::from(&*self.name), hosts }
    }
}

impl HostStatus<'_> {
    fn lower(self, names: &mut Interner) -> Option<HostState> {
        let counter = |name: &str| self.stats.iter().find(|stat| stat.name == name);
        let count = |name: &str| counter(name).map(|stat| stat.value.0).unwrap_or_default();
        Some(HostState {
            address: self.address.lower()?,
            locality: self.locality.lower(names),
            priority: self.priority.unwrap_or_default(),
            weight: self.weight,
            health: health(&self.health_status.eds_health_status),
            failed_outlier_check: self.health_status.failed_outlier_check,
            requests: RequestCounts {
                total: count("rq_total"),
                success: count("rq_success"),
                error: count("rq_error"),
            },
        })
    }
}
