//! What an east-west gateway does with a connection from another network: it routes by the server name
//! (`istio: pilot/pkg/networking/core/gateway.go: builtAutoPassthroughFilterChains`, `cluster.go:
//! buildOutboundSniDnatClusters`).
//!
//! Gateways of the Kubernetes Gateway API are not read.

use std::sync::Arc;

use mesh_model::row::{GatewayFact, GatewayServer, PodFact, ServiceFact, TlsMode};
use mesh_model::{HostPattern, Kind, Labels, Locality, Row, path};

use crate::{Cause, Client, Destination, Protocol, Role, Traffic, Truth, View};

/// The proxies behind the address of an east-west gateway.
#[derive(Clone, Debug)]
pub struct Gateway<'m> {
    /// Position of its cluster.
    pub cluster: usize,
    /// Its Service.
    pub service: &'m Row<ServiceFact>,
    /// Its pods that have not ended.
    pub pods: Vec<&'m Row<PodFact>>,
}

/// Whether a gateway takes a server name, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// `Yes` when it has a filter chain for it.
    pub open: Truth,
    /// What was found, or what is missing.
    pub text: String,
    /// What decided.
    pub cause: Cause,
}

impl<'m> Traffic<'m> {
    /// The gateway whose Service made an address one of a network.
    #[must_use]
    pub fn gateway(&self, cause: &Cause) -> Option<Gateway<'m>> {
        let Cause::Field { object, .. } = cause else { return None };
        let cluster = self.clusters().iter().position(|index| index.cluster.name == object.cluster)?;
        let tables = self.clusters()[cluster].cluster;
        let service = tables.services.find(&object.namespace, &object.name);
        let service = service.filter(|_| object.kind == Kind::Service)?;
        let pods = tables.pods.in_namespace(&service.obj.namespace).iter();
        let pods = pods.filter(|pod| !pod.fact.finished && pod.labels.matched_by(&service.fact.selector));
        Some(Gateway { cluster, service, pods: pods.collect() })
    }
}

impl<'m> Gateway<'m> {
    /// The gateway as a client of the services it passes connections to; `view` is that of its istiod.
    #[must_use]
    pub fn client(&self, view: &View<'_, 'm>) -> Client<'m> {
        let found = match self.pods.first() {
            Some(pod) => view.client_of(pod),
            None => Client {
                labels: self.labels().clone(),
                ..view.client_at(Locality::of_node(&Labels::default()), &self.service.obj.namespace)
            },
        };
        Client { role: Role::Router, ..found }
    }

    /// Networks it sends to, by `ISTIO_META_REQUESTED_NETWORK_VIEW`; `None` for all
    /// (`istio: pilot/pkg/model/network_view.go`).
    #[must_use]
    pub fn network_view(&self) -> Option<Vec<&'m str>> {
        let mut containers = self.pods.first()?.fact.containers.iter();
        let view = containers.find_map(|container| container.env.get("ISTIO_META_REQUESTED_NETWORK_VIEW"))?;
        let networks = view.split(',').map(str::trim).filter(|network| !network.is_empty());
        Some(networks.collect::<Vec<_>>()).filter(|networks| !networks.is_empty())
    }

    fn labels(&self) -> &'m Labels {
        self.pods.first().map_or(&self.service.fact.selector, |pod| &pod.labels)
    }

    /// Port of the pods behind a port of the Service; `None` where it has a name.
    fn target(&self, port: u16) -> Option<u16> {
        let port = self.service.fact.port(port)?;
        if port.target.is_empty() { Some(port.number) } else { port.target.parse().ok() }
    }
}

impl<'m> View<'_, 'm> {
    /// Whether `gateway`, a gateway of this istiod, has a filter chain on the pod's port behind `port` for the server
    /// name of `destination`.
    #[must_use]
    pub fn passage(&self, gateway: &Gateway<'m>, port: u16, destination: &Destination) -> Passage {
        let host = destination.host.as_str();
        let servers: Vec<_> = self.servers(gateway, port).collect();
        let Some(first) = servers.first() else {
            let gateway = gateway.service.obj.qualified_name();
            let text = format!("no Gateway with AUTO_PASSTHROUGH listens on the pods of Service {gateway}");
            return Passage { open: Truth::No, text, cause: Cause::Default("no Gateway") };
        };
        let covering = servers.iter().find(|server| server.covers(host));
        let Some(server) = covering else {
            let text = format!("its hosts do not cover {host}");
            return Passage { open: Truth::No, text, cause: first.cause() };
        };
        let closed = |text: String, cause| Passage { open: Truth::No, text, cause };
        let chain = self.chain(gateway, destination);
        match chain {
            Ok(cause) => Passage {
                open: Truth::Yes,
                text: "chain exists".to_owned(),
                cause: cause.unwrap_or_else(|| server.cause()),
            },
            Err((text, cause)) => closed(text, cause),
        }
    }

    /// Servers with AUTO_PASSTHROUGH on the gateway's pods, on the port that the Service leads to.
    fn servers(&self, gateway: &Gateway<'m>, port: u16) -> impl Iterator<Item = Server<'m>> {
        let target = gateway.target(port);
        let labels = gateway.labels();
        let rows = self.config().cluster.gateways.rows().iter();
        let rows =
            rows.filter(move |row| row.fact.selector.is_empty() || labels.matched_by(&row.fact.selector));
        let servers =
            rows.flat_map(|row| row.fact.servers.iter().enumerate().map(move |(at, fact)| (row, at, fact)));
        servers
            .filter(|(_, _, fact)| fact.tls == Some(TlsMode::AutoPassthrough))
            .filter(move |(_, _, fact)| target.is_none_or(|target| target == fact.port))
            .map(|(row, position, fact)| Server { row, position, fact })
    }

    /// A chain for the port of the host, and for the subset in the rule that the gateway gets. The rule is the cause
    /// where there is a subset.
    fn chain(
        &self,
        gateway: &Gateway<'m>,
        destination: &Destination,
    ) -> Result<Option<Cause>, (String, Cause)> {
        let host = destination.host.as_str();
        let cluster = &self.config().cluster.name;
        let Some(service) = self.service_for(host, &gateway.service.obj.namespace) else {
            return Err((
                format!("the istiod of cluster {cluster} does not know {host}"),
                Cause::Default("no Service"),
            ));
        };
        let port = service.port(destination.port).filter(|port| Protocol::of(*port) != Protocol::Udp);
        if port.is_none() || service.is_external() {
            let text =
                format!("the istiod of cluster {cluster} knows no port {} of {host}", destination.port);
            let objects = service.services.first().map(|(_, row)| &row.obj);
            let object = objects.or_else(|| service.entries.first().map(|row| &row.obj));
            let cause = object
                .map_or(Cause::Default("no Service"), |object| Cause::field(object, path!["spec", "ports"]));
            return Err((text, cause));
        }
        if destination.subset.is_empty() {
            return Ok(None);
        }
        let client = gateway.client(self);
        let id = self.cluster_id(gateway.cluster);
        let missing = |cause| {
            let text = format!("the gateway's istiod has no subset {} of {host}", destination.subset);
            Err((text, cause))
        };
        let Some(chosen) = self.destination_rules().find(&client, id, service.namespace, host) else {
            return missing(Cause::Default("no DestinationRule that the gateway sees"));
        };
        match chosen.subset_labels(&destination.subset) {
            Some(labels) => Ok(Some(labels.cause)),
            None => missing(Cause::field(&chosen.rows()[0].obj, path!["spec", "subsets"])),
        }
    }
}

/// A server of a Gateway.
struct Server<'m> {
    row: &'m Row<GatewayFact>,
    position: usize,
    fact: &'m GatewayServer,
}

impl Server<'_> {
    /// One of its hosts covers `host`; a namespace in front is for VirtualServices and counts not here
    /// (`istio: pilot/pkg/model/gateway.go: GetSNIHostsForServer`).
    fn covers(&self, host: &str) -> bool {
        let mut hosts = self.fact.hosts.iter();
        hosts.any(|text: &Arc<str>| {
            let text = text.rsplit_once('/').map_or(&**text, |(_, host)| host);
            HostPattern::parse(text, &self.row.obj.namespace).covers(host)
        })
    }

    fn cause(&self) -> Cause {
        Cause::field(&self.row.obj, path!["spec", "servers", self.position])
    }
}
