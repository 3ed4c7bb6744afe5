//! Pages of one istiod about the mesh (`istio: pilot/pkg/xds/debug.go`).

use std::borrow::Cow;
use std::sync::Arc;

use mesh_model::actual::{KnownGateway, ProxySync, ReadCluster, SyncState};
use serde::Deserialize;

use crate::DecodeError;
use crate::decode::decode;
use crate::lenient::{number, text};

/// `/debug/clusterz`, sorted by ID.
///
/// # Errors
/// If the page is no list of clusters.
pub fn read_clusters(bytes: &[u8]) -> Result<Vec<ReadCluster>, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Shape<'a> {
        #[serde(borrow, deserialize_with = "text")]
        id: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        secret_name: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        sync_status: Cow<'a, str>,
    }
    sorted(bytes, |shape: Shape<'_>| ReadCluster {
        id: (&*shape.id).into(),
        secret: Arc::from(&*shape.secret_name),
        status: Arc::from(&*shape.sync_status),
    })
}

/// `/debug/networkz`, sorted by network and cluster.
///
/// # Errors
/// If the page is no list of gateways.
pub fn known_gateways(bytes: &[u8]) -> Result<Vec<KnownGateway>, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Shape<'a> {
        #[serde(borrow, deserialize_with = "text")]
        network: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        cluster: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        addr: Cow<'a, str>,
        #[serde(deserialize_with = "number")]
        port: Option<u32>,
        #[serde(rename = "HBONEPort", deserialize_with = "number")]
        hbone_port: Option<u32>,
    }
    sorted(bytes, |shape: Shape<'_>| KnownGateway {
        network: (&*shape.network).into(),
        cluster: (&*shape.cluster).into(),
        address: Arc::from(&*shape.addr),
        port: shape.port.unwrap_or_default(),
        hbone_port: shape.hbone_port.unwrap_or_default(),
    })
}

/// `/debug/syncz`, sorted by cluster and ID.
///
/// # Errors
/// If the page is no list of proxies.
pub fn proxy_syncs(bytes: &[u8]) -> Result<Vec<ProxySync>, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Shape<'a> {
        #[serde(borrow, deserialize_with = "text")]
        cluster_id: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        proxy: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        istio_version: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        endpoint_sent: Cow<'a, str>,
        #[serde(borrow, deserialize_with = "text")]
        endpoint_acked: Cow<'a, str>,
    }
    sorted(bytes, |shape: Shape<'_>| ProxySync {
        cluster: (&*shape.cluster_id).into(),
        id: Arc::from(&*shape.proxy),
        version: Arc::from(&*shape.istio_version),
        endpoints: match (&*shape.endpoint_sent, &*shape.endpoint_acked) {
            ("", _) => SyncState::NotSent,
            (sent, acked) if sent == acked => SyncState::Synced,
            _ => SyncState::Stale,
        },
    })
}

/// A list that Go writes: `null` when it is empty.
fn sorted<'de, S, T>(bytes: &'de [u8], lower: impl Fn(S) -> T) -> Result<Vec<T>, DecodeError>
where
    S: Deserialize<'de>,
    T: Ord,
{
    let shapes: Option<Vec<S>> = decode(bytes)?;
    let mut rows: Vec<T> = shapes.unwrap_or_default().into_iter().map(lower).collect();
    rows.sort();
    Ok(rows)
}
