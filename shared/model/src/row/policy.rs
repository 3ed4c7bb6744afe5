//! Traffic policies of a DestinationRule. Which block wins for a port and subset is `mesh-traffic`'s business.

use std::sync::Arc;

use crate::Region;

/// `trafficPolicy` at the top of a rule or of a subset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficPolicy {
    /// The four blocks that Istio inherits whole.
    pub blocks: PolicyBlocks,
    /// `portLevelSettings`, in order; an entry without a port number is kept with number 0.
    pub ports: Vec<PortPolicy>,
}

/// One entry of `portLevelSettings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortPolicy {
    /// `port.number`, the port of the Service.
    pub number: u16,
    /// The blocks of the entry.
    pub blocks: PolicyBlocks,
}

/// Blocks that are taken or dropped whole (`istio: pilot/pkg/networking/util/util.go: MergeSubsetTrafficPolicy`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyBlocks {
    /// `connectionPool`.
    pub connection_pool: Option<ConnectionPool>,
    /// `outlierDetection`; an empty object is present and switches it on.
    pub outlier_detection: Option<OutlierDetection>,
    /// `loadBalancer`.
    pub load_balancer: Option<LoadBalancer>,
    /// `tls`.
    pub tls: Option<ClientTls>,
}

/// `tls` of a traffic policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// `mode`, `DISABLE` where the block names none.
    pub mode: super::TlsMode,
    /// `sni`, if set: it replaces the server name that gateways of other networks route by.
    pub sni: Option<Arc<str>>,
}

/// `connectionPool`; only its presence counts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionPool;

/// `outlierDetection`; unset fields are `None`, since 0 and unset differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutlierDetection {
    /// `consecutive5xxErrors`.
    pub consecutive_5xx: Option<u32>,
    /// `consecutiveGatewayErrors`.
    pub consecutive_gateway: Option<u32>,
    /// `consecutiveLocalOriginFailures`.
    pub consecutive_local_origin: Option<u32>,
    /// `splitExternalLocalOriginErrors`.
    pub split_local_origin: bool,
    /// `maxEjectionPercent`; Envoy takes 10 for unset and 0.
    pub max_ejection_percent: Option<u32>,
    /// `minHealthPercent`.
    pub min_health_percent: Option<u32>,
    /// `consecutiveErrors`, which Istio ignores.
    pub consecutive_errors: Option<u32>,
    /// `interval`, milliseconds.
    pub interval: Option<u64>,
    /// `baseEjectionTime`, milliseconds.
    pub base_ejection_time: Option<u64>,
}

/// `loadBalancer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// `simple`, if set.
    pub simple: Option<Arc<str>>,
    /// `consistentHash`, if set.
    pub consistent_hash: Option<ConsistentHash>,
    /// `localityLbSetting`, if set.
    pub locality: Option<LocalityLbSetting>,
    /// `zoneAwareLbSetting`, if set (Istio 1.31).
    pub zone_aware: Option<ZoneAware>,
}

/// The algorithm of `consistentHash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsistentHash {
    /// `ringHash`, and where none is named.
    RingHash,
    /// `maglev`.
    Maglev,
}

/// `zoneAwareLbSetting`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneAware {
    /// `enabled`; unset counts as true.
    pub enabled: Option<bool>,
    /// `failover`.
    pub failover: Vec<Failover>,
    /// `failoverPriority`.
    pub failover_priority: Vec<Arc<str>>,
}

impl LoadBalancer {
    /// `simple: PASSTHROUGH`: no locality processing at all.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        self.simple.as_deref() == Some("PASSTHROUGH")
    }
}

/// `localityLbSetting`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalityLbSetting {
    /// `enabled`; unset counts as true, see [`Self::is_enabled`].
    pub enabled: Option<bool>,
    /// `distribute`.
    pub distribute: Vec<Distribute>,
    /// `failover`.
    pub failover: Vec<Failover>,
    /// `failoverPriority`.
    pub failover_priority: Vec<Arc<str>>,
}

impl LocalityLbSetting {
    /// Everything but `enabled: false`.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled != Some(false)
    }
}

/// One entry of `distribute`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribute {
    /// Locality of the client.
    pub from: Arc<str>,
    /// Locality pattern and weight, sorted by pattern.
    pub to: Vec<(Arc<str>, u32)>,
}

/// One entry of `failover`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// Region of the client.
    pub from: Region,
    /// Region that comes next.
    pub to: Region,
}
