//! `trafficPolicy` at all its levels: one shape for the top, for subsets and for ports.

use std::collections::BTreeMap;

use mesh_model::row::{self, PolicyBlocks, PortPolicy, TlsMode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Lower;
use crate::lenient::{milliseconds, null, number};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TrafficPolicy {
    connection_pool: Option<IgnoredAny>,
    outlier_detection: Option<OutlierDetection>,
    load_balancer: Option<LoadBalancer>,
    tls: Option<Tls>,
    #[serde(deserialize_with = "null")]
    port_level_settings: Vec<PortLevel>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PortLevel {
    #[serde(deserialize_with = "null")]
    port: Port,
    connection_pool: Option<IgnoredAny>,
    outlier_detection: Option<OutlierDetection>,
    load_balancer: Option<LoadBalancer>,
    tls: Option<Tls>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    #[serde(deserialize_with = "null")]
    number: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OutlierDetection {
    #[serde(rename = "consecutive5xxErrors", deserialize_with = "number")]
    consecutive_5xx: Option<u32>,
    #[serde(rename = "consecutiveGatewayErrors", deserialize_with = "number")]
    consecutive_gateway: Option<u32>,
    #[serde(rename = "consecutiveLocalOriginFailures", deserialize_with = "number")]
    consecutive_local_origin: Option<u32>,
    #[serde(rename = "splitExternalLocalOriginErrors", deserialize_with = "null")]
    split_local_origin: bool,
    #[serde(deserialize_with = "number")]
    max_ejection_percent: Option<u32>,
    #[serde(deserialize_with = "number")]
    min_health_percent: Option<u32>,
    #[serde(deserialize_with = "number")]
    consecutive_errors: Option<u32>,
    interval: Option<String>,
    base_ejection_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LoadBalancer {
    simple: Option<String>,
    consistent_hash: Option<ConsistentHash>,
    locality_lb_setting: Option<LocalityLbSetting>,
    zone_aware_lb_setting: Option<ZoneAware>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConsistentHash {
    maglev: Option<IgnoredAny>,
}

/// `zoneAwareLbSetting`, also that of the mesh config.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ZoneAware {
    enabled: Option<bool>,
    #[serde(deserialize_with = "null")]
    failover: Vec<Failover>,
    #[serde(alias = "failover_priority", deserialize_with = "null")]
    failover_priority: Vec<String>,
}

/// `localityLbSetting`, also that of the mesh config.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LocalityLbSetting {
    enabled: Option<bool>,
    #[serde(deserialize_with = "null")]
    distribute: Vec<Distribute>,
    #[serde(deserialize_with = "null")]
    failover: Vec<Failover>,
    #[serde(alias = "failover_priority", deserialize_with = "null")]
    failover_priority: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Distribute {
    #[serde(deserialize_with = "null")]
    from: String,
    #[serde(deserialize_with = "null")]
    to: BTreeMap<String, Weight>,
}

#[derive(Default, Deserialize)]
struct Weight(#[serde(deserialize_with = "number")] Option<u32>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failover {
    #[serde(deserialize_with = "null")]
    from: String,
    #[serde(deserialize_with = "null")]
    to: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tls {
    #[serde(deserialize_with = "null")]
    mode: String,
    #[serde(deserialize_with = "null")]
    sni: String,
}

impl TrafficPolicy {
    /// The policy as facts.
    pub(crate) fn lower(&self, into: &mut Lower<'_>) -> row::TrafficPolicy {
        let ports = self.port_level_settings.iter().map(|entry| PortPolicy {
            number: entry.port.number,
            blocks: blocks(
                entry.connection_pool.is_some(),
                entry.outlier_detection.as_ref(),
                entry.load_balancer.as_ref(),
                entry.tls.as_ref(),
                into,
            ),
        });
        let ports = ports.collect();
        let blocks = blocks(
            self.connection_pool.is_some(),
            self.outlier_detection.as_ref(),
            self.load_balancer.as_ref(),
            self.tls.as_ref(),
            into,
        );
        row::TrafficPolicy { blocks, ports }
    }
}

impl ConsistentHash {
    const fn lower(&self) -> row::ConsistentHash {
        match self.maglev {
            Some(_) => row::ConsistentHash::Maglev,
            None => row::ConsistentHash::RingHash,
        }
    }
}

impl LocalityLbSetting {
    /// The setting as facts.
    pub(crate) fn lower(&self, into: &mut Lower<'_>) -> row::LocalityLbSetting {
        row::LocalityLbSetting {
            enabled: self.enabled,
            distribute: self.distribute.iter().map(|entry| lower_distribute(entry, into)).collect(),
            failover: lower_failover(&self.failover, into),
            failover_priority: into.texts(&self.failover_priority),
        }
    }
}

impl ZoneAware {
    /// The setting as facts.
    pub(crate) fn lower(&self, into: &mut Lower<'_>) -> row::ZoneAware {
        row::ZoneAware {
            enabled: self.enabled,
            failover: lower_failover(&self.failover, into),
            failover_priority: into.texts(&self.failover_priority),
        }
    }
}

fn lower_failover(entries: &[Failover], into: &mut Lower<'_>) -> Vec<row::Failover> {
    let lower = |entry: &Failover| row::Failover {
        from: into.text(&entry.from).into(),
        to: into.text(&entry.to).into(),
    };
    entries.iter().map(lower).collect()
}

fn lower_distribute(entry: &Distribute, into: &mut Lower<'_>) -> row::Distribute {
    row::Distribute {
        from: into.text(&entry.from),
        to: entry.to.iter().map(|(to, weight)| (into.text(to), weight.0.unwrap_or(0))).collect(),
    }
}

fn blocks(
    connection_pool: bool,
    outlier: Option<&OutlierDetection>,
    balancer: Option<&LoadBalancer>,
    tls: Option<&Tls>,
    into: &mut Lower<'_>,
) -> PolicyBlocks {
    PolicyBlocks {
        connection_pool: connection_pool.then_some(row::ConnectionPool),
        outlier_detection: outlier.map(|detection| row::OutlierDetection {
            consecutive_5xx: detection.consecutive_5xx,
            consecutive_gateway: detection.consecutive_gateway,
            consecutive_local_origin: detection.consecutive_local_origin,
            split_local_origin: detection.split_local_origin,
            max_ejection_percent: detection.max_ejection_percent,
            min_health_percent: detection.min_health_percent,
            consecutive_errors: detection.consecutive_errors,
            interval: detection.interval.as_deref().and_then(milliseconds),
            base_ejection_time: detection.base_ejection_time.as_deref().and_then(milliseconds),
        }),
        load_balancer: balancer.map(|balancer| row::LoadBalancer {
            simple: balancer.simple.as_deref().map(|text| into.text(text)),
            consistent_hash: balancer.consistent_hash.as_ref().map(ConsistentHash::lower),
            locality: balancer.locality_lb_setting.as_ref().map(|setting| setting.lower(into)),
            zone_aware: balancer.zone_aware_lb_setting.as_ref().map(|setting| setting.lower(into)),
        }),
        tls: tls.map(|tls| row::ClientTls {
            mode: tls_mode(&tls.mode, TlsMode::Disable, into),
            sni: (!tls.sni.is_empty()).then(|| into.text(&tls.sni)),
        }),
    }
}

/// `mode`, with `unset` for the empty text.
pub(super) fn tls_mode(mode: &str, unset: TlsMode, into: &mut Lower<'_>) -> TlsMode {
    match mode {
        "" => unset,
        "DISABLE" => TlsMode::Disable,
        "SIMPLE" => TlsMode::Simple,
        "MUTUAL" => TlsMode::Mutual,
        "ISTIO_MUTUAL" => TlsMode::IstioMutual,
        "AUTO_PASSTHROUGH" => TlsMode::AutoPassthrough,
        "PASSTHROUGH" => TlsMode::Passthrough,
        other => TlsMode::Other(into.text(other)),
    }
}
