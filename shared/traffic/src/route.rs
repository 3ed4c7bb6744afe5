//! Where the sidecar of a client sends a call: which VirtualService applies, which of its routes takes the call, and
//! to which destinations in which shares (`istio: pilot/pkg/networking/core/route/route.go`, `httproute.go`,
//! `tls.go`).
//!
//! Routes of the Kubernetes Gateway API are not read.

mod call;
mod delegate;
mod http;
mod select;
mod stream;
mod text;

pub use call::{Call, names};

use std::fmt;
use std::sync::Arc;

use mesh_model::row::{Answer, Retries, Rewrite, RouteTarget};
use mesh_model::{Hostname, ObjectRef};

use crate::{Cause, Client, Protocol, Service, Truth, View};

/// What a client's sidecar does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The VirtualService that applies; `None` for the route that every service has.
    pub object: Option<ObjectRef>,
    /// The route that takes the call, or what makes that none does.
    pub cause: Cause,
    /// What happens.
    pub routing: Routing,
    /// `rewrite` of the route.
    pub rewrite: Option<Rewrite>,
    /// `retries` of the route; the mesh's where it has none.
    pub retries: Option<Retries>,
    /// How many of a million requests the sidecar fails on purpose.
    pub aborts: u32,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// It goes to one of these, by their shares.
    To(Vec<Destination>),
    /// The sidecar answers by itself.
    Answered(Answer),
    /// No route of the VirtualService takes it: 404 for HTTP, a closed connection for TLS.
    Unmatched,
    /// What would decide is not known.
    Unknown(String),
}

/// An Envoy cluster that a route sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Host.
    pub host: Hostname,
    /// Port of the host.
    pub port: u16,
    /// Subset, empty without one.
    pub subset: Arc<str>,
    /// Its part of the calls, out of `total`.
    pub weight: u32,
    /// Sum of the weights of the route; 1 for a single destination.
    pub total: u32,
}

impl Destination {
    /// All calls of a route.
    #[must_use]
    pub fn only(host: Hostname, port: u16, subset: Arc<str>) -> Self {
        Self { host, port, subset, weight: 1, total: 1 }
    }

    /// The server name by which gateways of other networks route to it
    /// (`istio: pilot/pkg/model/context.go: BuildDNSSrvSubsetKey`).
    #[must_use]
    pub fn sni(&self) -> String {
        format!("outbound_.{}_.{}_.{}", self.port, self.subset, self.host)
    }
}

/// The name of its Envoy cluster.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outbound|{}|{}|{}", self.port, self.subset, self.host)
    }
}

impl View<'_, '_> {
    /// What the sidecar of `client` does with a call to `port` of `service`.
    #[must_use]
    pub fn route(&self, client: &Client<'_>, service: &Service<'_>, port: u16, call: &Call<'_>) -> Route {
        let protocol = service.port(port).map_or(Protocol::Sniffed, Protocol::of);
        let at = Place { view: self, client, service, port };
        let visible = select::visible(self, client);
        let routed = match protocol {
            Protocol::Http | Protocol::Sniffed => http::route(&at, &visible, call),
            Protocol::Tls => stream::tls(&at, &visible),
            Protocol::Tcp => stream::tcp(&at, &visible),
            Protocol::Udp => None,
        };
        routed.unwrap_or_else(|| Route {
            object: None,
            cause: Cause::Default("no VirtualService"),
            routing: Routing::To(vec![Destination::only(service.host.into(), port, Arc::from(""))]),
            rewrite: None,
            retries: None,
            aborts: 0,
        })
    }
}

/// Whose call to what a route is looked for.
struct Place<'a, 't, 'm> {
    view: &'a View<'t, 'm>,
    client: &'a Client<'a>,
    service: &'a Service<'a>,
    port: u16,
}

impl Place<'_, '_, '_> {
    /// The client has these labels; those that istiod adds to a proxy included.
    fn has_labels(&self, wanted: &mesh_model::Labels) -> Truth {
        let id = self.view.cluster_id(self.client.cluster);
        Truth::all(wanted.iter().map(|(key, value)| match self.client.label(key, id) {
            Some(label) => Truth::of(label == value),
            None if self.client.pod.is_some() => Truth::No,
            None => Truth::Unknown(format!("the client is no pod, so that its label {key} is not known")),
        }))
    }
}

/// The destinations of a route. A single one gets all; of several those without weight get nothing.
fn routing(targets: &[RouteTarget], default_port: impl Fn(&RouteTarget) -> u16) -> Routing {
    let total = if targets.len() == 1 { 1 } else { targets.iter().map(|to| to.weight).sum() };
    let weight = |to: &RouteTarget| if targets.len() == 1 { 1 } else { to.weight };
    let destinations = targets.iter().filter(|to| weight(to) > 0).map(|to| Destination {
        host: to.host.clone(),
        port: if to.port == 0 { default_port(to) } else { to.port },
        subset: Arc::clone(&to.subset),
        weight: weight(to),
        total,
    });
    Routing::To(destinations.collect())
}
