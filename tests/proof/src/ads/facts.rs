//! What istiod's messages say, as far as it is predicted.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::config::cluster::v3 as cds;
use envoy_types::pb::envoy::config::cluster::v3::cluster::common_lb_config::LocalityConfigSpecifier;
use envoy_types::pb::envoy::config::cluster::v3::cluster::{ClusterDiscoveryType, DiscoveryType, LbPolicy};
use envoy_types::pb::envoy::config::core::v3::{SocketAddress, address, socket_address};
use envoy_types::pb::envoy::config::endpoint::v3 as eds;
use envoy_types::pb::google::protobuf::{Duration, UInt32Value};
use mesh_traffic::{Discovery, HostPolicy, Outlier};

/// Everything a proxy was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// Endpoints by EDS name.
    pub assignments: BTreeMap<String, Assignment>,
}

/// An Envoy cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// How hosts are learned; `None` for a kind that is not predicted.
    pub discovery: Option<Discovery>,
    /// How a host is picked.
    pub policy: Option<HostPolicy>,
    /// `locality_weighted_lb_config` is set.
    pub locality_weights: bool,
    /// `zone_aware_lb_config.routing_enabled`, percent.
    pub zone_aware: Option<u32>,
    /// `healthy_panic_threshold`, percent.
    pub panic_threshold: Option<u32>,
    /// `outlier_detection`.
    pub outlier: Option<Outlier>,
    /// Endpoints that the cluster itself lists (DNS).
    pub own: Option<Assignment>,
    /// `connect_timeout`, milliseconds.
    pub connect_timeout: u64,
    /// TLS by what each endpoint speaks.
    pub auto_mtls: bool,
}

/// The groups of a cluster, in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment(pub Vec<Group>);

impl Assignment {
    /// All endpoints.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter().flat_map(|group| &group.endpoints)
    }
}

/// Endpoints of one locality and priority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Region, zone, subzone.
    pub locality: [String; 3],
    /// Priority.
    pub priority: u32,
    /// `load_balancing_weight`.
    pub weight: Option<u32>,
    /// Sorted.
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Address or name.
    pub address: String,
    /// Port.
    pub port: u32,
    /// `load_balancing_weight`.
    pub weight: Option<u32>,
    /// `health_status` as a number (`envoy: config.core.v3.HealthStatus`); 0 and 1 are healthy.
    pub health: i32,
}

/// The EDS name of a cluster that learns its endpoints so.
pub(super) fn eds_name(cluster: &cds::Cluster) -> Option<String> {
    let is_eds = discovery(cluster) == Some(Discovery::Eds);
    let named = cluster.eds_cluster_config.as_ref().map(|config| &config.service_name);
    is_eds.then(|| named.filter(|name| !name.is_empty()).unwrap_or(&cluster.name).clone())
}

pub(super) fn cluster(cluster: &cds::Cluster) -> Cluster {
    let common = cluster.common_lb_config.as_ref();
    let locality = common.and_then(|common| common.locality_config_specifier.as_ref());
    let percent = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
        let whole = value.round() as u32;
        whole
    };
    Cluster {
        discovery: discovery(cluster),
        policy: policy(cluster),
        locality_weights: matches!(locality, Some(LocalityConfigSpecifier::LocalityWeightedLbConfig(_))),
        zone_aware: match locality {
            Some(LocalityConfigSpecifier::ZoneAwareLbConfig(zone)) => {
                Some(zone.routing_enabled.as_ref().map_or(100, |enabled| percent(enabled.value)))
            }
            _ => None,
        },
        panic_threshold: common
            .and_then(|common| common.healthy_panic_threshold.as_ref())
            .map(|threshold| percent(threshold.value)),
        outlier: cluster.outlier_detection.as_ref().map(outlier),
        own: cluster.load_assignment.as_ref().map(assignment),
        connect_timeout: cluster.connect_timeout.as_ref().map(milliseconds).unwrap_or_default(),
        auto_mtls: !cluster.transport_socket_matches.is_empty(),
    }
}

pub(super) fn assignment(assignment: &eds::ClusterLoadAssignment) -> Assignment {
    Assignment(assignment.endpoints.iter().map(group).collect())
}

fn discovery(cluster: &cds::Cluster) -> Option<Discovery> {
    match cluster.cluster_discovery_type.as_ref()? {
        ClusterDiscoveryType::Type(kind) => match DiscoveryType::try_from(*kind).ok()? {
            DiscoveryType::Eds => Some(Discovery::Eds),
            DiscoveryType::StrictDns => Some(Discovery::StrictDns),
            DiscoveryType::LogicalDns => Some(Discovery::LogicalDns),
            DiscoveryType::OriginalDst => Some(Discovery::OriginalDst),
            DiscoveryType::Static => None,
        },
        ClusterDiscoveryType::ClusterType(_) => None,
    }
}

fn policy(cluster: &cds::Cluster) -> Option<HostPolicy> {
    Some(match LbPolicy::try_from(cluster.lb_policy).ok()? {
        LbPolicy::RoundRobin => HostPolicy::RoundRobin,
        LbPolicy::LeastRequest => HostPolicy::LeastRequest,
        LbPolicy::RingHash => HostPolicy::RingHash,
        LbPolicy::Random => HostPolicy::Random,
        LbPolicy::Maglev => HostPolicy::Maglev,
        LbPolicy::ClusterProvided => HostPolicy::Provided,
        LbPolicy::LoadBalancingPolicyConfig => return None,
    })
}

fn outlier(detection: &cds::OutlierDetection) -> Outlier {
    Outlier {
        consecutive_5xx: number(detection.consecutive_5xx.as_ref()),
        enforcing_5xx: number(detection.enforcing_consecutive_5xx.as_ref()),
        consecutive_gateway: number(detection.consecutive_gateway_failure.as_ref()),
        enforcing_gateway: number(detection.enforcing_consecutive_gateway_failure.as_ref()),
        split_local_origin: detection.split_external_local_origin_errors,
        consecutive_local_origin: number(detection.consecutive_local_origin_failure.as_ref()),
        enforcing_local_origin: number(detection.enforcing_consecutive_local_origin_failure.as_ref()),
        max_ejection_percent: number(detection.max_ejection_percent.as_ref()),
        interval: detection.interval.as_ref().map(milliseconds),
        base_ejection_time: detection.base_ejection_time.as_ref().map(milliseconds),
    }
}

fn group(group: &eds::LocalityLbEndpoints) -> Group {
    let locality = group.locality.clone().unwrap_or_default();
    let mut endpoints: Vec<Endpoint> = group.lb_endpoints.iter().map(endpoint).collect();
    endpoints.sort();
    Group {
        locality: [locality.region, locality.zone, locality.sub_zone],
        priority: group.priority,
        weight: number(group.load_balancing_weight.as_ref()),
        endpoints,
    }
}

fn endpoint(lb: &eds::LbEndpoint) -> Endpoint {
    let (address, port) = match &lb.host_identifier {
        Some(eds::lb_endpoint::HostIdentifier::Endpoint(endpoint)) => {
            let address = endpoint.address.as_ref().and_then(|address| address.address.as_ref());
            match address {
                Some(address::Address::SocketAddress(socket)) => (socket.address.clone(), port(socket)),
                other => (format!("{other:?}"), 0),
            }
        }
        other => (format!("{other:?}"), 0),
    };
    Endpoint { address, port, weight: number(lb.load_balancing_weight.as_ref()), health: lb.health_status }
}

fn port(socket: &SocketAddress) -> u32 {
    match socket.port_specifier {
        Some(socket_address::PortSpecifier::PortValue(port)) => port,
        _ => 0,
    }
}

fn number(value: Option<&UInt32Value>) -> Option<u32> {
    value.map(|number| number.value)
}

fn milliseconds(duration: &Duration) -> u64 {
    let whole = u64::try_from(duration.seconds).unwrap_or_default() * 1000;
    whole + u64::try_from(duration.nanos / 1_000_000).unwrap_or_default()
}
