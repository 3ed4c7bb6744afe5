//! Admin pages of Envoy and debug pages of istiod into the facts of `mesh_model::actual`.
//!
//! Both print protobuf messages as JSON, Envoy with the names of the fields (`cluster_name`), istiod in lower camel
//! case (`clusterName`); both are read. Zero, false and the first value of an enum are left out by the writer.
//! A dump may hold more than was asked for, secrets among it: no shape here has a field for any of that, and errors
//! quote nothing.
//!
//! | page | function |
//! |---|---|
//! | Envoy `/config_dump?resource=dynamic_endpoint_configs&include_eds`, istiod `/debug/edsz?proxyID=` | [`assignments`] |
//! | Envoy `/clusters?format=json` | [`hosts`] |
//! | istiod `/debug/clusterz`, `/debug/networkz`, `/debug/syncz` | [`read_clusters`], [`known_gateways`], [`proxy_syncs`] |

mod assignments;
mod hosts;
mod istiod;

use std::borrow::Cow;
use std::sync::Arc;

use mesh_model::actual::{HostAddress, HostHealth};
use mesh_model::{Interner, Locality};
use serde::Deserialize;

use crate::lenient::{null, number, text};

pub use assignments::assignments;
pub use hosts::hosts;
pub use istiod::{known_gateways, proxy_syncs, read_clusters};

/// `envoy: config.core.v3.Locality`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LocalityShape<'a> {
    #[serde(borrow, deserialize_with = "text")]
    region: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "text")]
    zone: Cow<'a, str>,
    #[serde(borrow, alias = "subZone", deserialize_with = "text")]
    sub_zone: Cow<'a, str>,
}

impl LocalityShape<'_> {
    fn lower(&self, names: &mut Interner) -> Locality {
        Locality {
            region: names.get(&self.region).into(),
            zone: names.get(&self.zone).into(),
            subzone: names.get(&self.sub_zone).into(),
        }
    }
}

/// `envoy: config.core.v3.Address`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AddressShape<'a> {
    #[serde(borrow, alias = "socketAddress", deserialize_with = "null")]
    socket_address: Option<SocketAddress<'a>>,
    #[serde(borrow, deserialize_with = "null")]
    pipe: Option<Pipe<'a>>,
    #[serde(borrow, alias = "envoyInternalAddress", deserialize_with = "null")]
    envoy_internal_address: Option<InternalAddress<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SocketAddress<'a> {
    #[serde(borrow, deserialize_with = "text")]
    address: Cow<'a, str>,
    #[serde(alias = "portValue", deserialize_with = "number")]
    port_value: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pipe<'a> {
    #[serde(borrow, deserialize_with = "text")]
    path: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InternalAddress<'a> {
    #[serde(borrow, alias = "serverListenerName", deserialize_with = "text")]
    server_listener_name: Cow<'a, str>,
    #[serde(borrow, alias = "endpointId", deserialize_with = "text")]
    endpoint_id: Cow<'a, str>,
}

impl AddressShape<'_> {
    /// `None` for an address of a kind that is not known.
    fn lower(&self) -> Option<HostAddress> {
        let shared = |text: &str| Arc::<str>::from(text);
        if let Some(SocketAddress { address, port_value }) = &self.socket_address {
            let port = port_value.and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
            return Some(HostAddress::Socket { address: shared(address), port });
        }
        if let Some(Pipe { path }) = &self.pipe {
            return Some(HostAddress::Pipe(shared(path)));
        }
        let InternalAddress { server_listener_name, endpoint_id } = self.envoy_internal_address.as_ref()?;
        Some(HostAddress::Internal { listener: shared(server_listener_name), endpoint: shared(endpoint_id) })
    }
}

/// `envoy: config.core.v3.HealthStatus`; a value that is not known tells nothing.
fn health(text: &str) -> HostHealth {
    match text {
        "HEALTHY" => HostHealth::Healthy,
        "UNHEALTHY" | "TIMEOUT" => HostHealth::Unhealthy,
        "DRAINING" => HostHealth::Draining,
        "DEGRADED" => HostHealth::Degraded,
        _ => HostHealth::Unknown,
    }
}
