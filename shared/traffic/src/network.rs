//! The filter of networks: endpoints of another network are replaced by its gateways
//! (`istio: pilot/pkg/xds/endpoints/ep_filters.go: EndpointsByNetworkFilter`).

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::Network;
use mesh_model::row::{MtlsMode, TlsMode};

use crate::filter::Request;
use crate::gateways::GatewayKey;
use crate::{
    Assignment, Cause, Caused, Client, Discovery, Endpoint, Excluded, Exclusion, Families, Gate, Gateways,
    Group, Health, NetworkGateway, Role, Sent, Unknown, Via,
};

/// The filter for one client and port.
pub(crate) struct NetworkFilter<'v, 'm> {
    request: &'v Request<'v, 'm>,
    gateways: &'v Gateways<'m>,
    /// The mode that a rule sets for all endpoints.
    tls: Option<Caused<&'m TlsMode>>,
    /// Endpoints without mutual TLS are left out in the client's own network too.
    needs_tls: bool,
}

/// What stands for an endpoint.
enum Reached<'v, 'm> {
    Itself,
    Through(Vec<&'v NetworkGateway<'m>>),
    Not(Exclusion, Cause),
}

/// A gateway and what it stands for.
struct Behind<'v, 'm> {
    gateway: &'v NetworkGateway<'m>,
    weight: u32,
    endpoints: Vec<Arc<Endpoint<'m>>>,
}

impl<'v, 'm> NetworkFilter<'v, 'm> {
    pub(crate) fn new(
        request: &'v Request<'v, 'm>,
        tls: Option<Caused<&'m TlsMode>>,
        needs_tls: bool,
    ) -> Self {
        let by_name = matches!(request.discovery, Discovery::StrictDns | Discovery::LogicalDns);
        let view = request.view;
        Self {
            request,
            gateways: if by_name { view.named_gateways() } else { view.gateways() },
            tls,
            needs_tls,
        }
    }

    /// Makes the groups of the assignment: endpoints by the text of their locality, in its order.
    pub(crate) fn apply(&self, endpoints: Vec<Arc<Endpoint<'m>>>, assignment: &mut Assignment<'m>) {
        assignment.scale = self.gateways.scale();
        self.note_unresolved(&endpoints, assignment);
        let mut groups: BTreeMap<Arc<str>, Vec<Arc<Endpoint<'m>>>> = BTreeMap::new();
        for endpoint in endpoints {
            groups.entry(Arc::clone(&endpoint.locality_text)).or_default().push(endpoint);
        }
        for endpoints in groups.into_values() {
            let group = self.group(endpoints, &mut assignment.excluded);
            assignment.groups.push(group);
        }
    }

    fn group(&self, endpoints: Vec<Arc<Endpoint<'m>>>, excluded: &mut Vec<Excluded<'m>>) -> Group<'m> {
        let locality = endpoints[0].locality.clone();
        let mut sent = Vec::with_capacity(endpoints.len());
        let mut behind: BTreeMap<GatewayKey<'m>, Behind<'v, 'm>> = BTreeMap::new();
        for endpoint in endpoints {
            match self.reach_with_tls(&endpoint) {
                Reached::Itself => sent.push(self.direct(endpoint)),
                Reached::Through(gateways) => {
                    share(self.weight(&endpoint), &gateways, &endpoint, &mut behind);
                }
                Reached::Not(reason, cause) => excluded.push(Excluded { endpoint, reason, cause }),
            }
        }
        sent.extend(behind.into_values().map(Behind::sent));
        // With gateways the sum is taken anew, and not held at the most.
        let plus = if self.gateways.all().is_empty() { u32::saturating_add } else { u32::wrapping_add };
        let weight = sent.iter().fold(0, |sum, sent| plus(sum, sent.weight));
        Group { locality, priority: 0, weight, endpoints: sent }
    }

    fn direct(&self, endpoint: Arc<Endpoint<'m>>) -> Sent<'m> {
        Sent {
            address: Arc::from(endpoint.address),
            port: endpoint.port,
            weight: self.weight(&endpoint),
            health: self.request.health(&endpoint),
            via: Via::Direct(endpoint),
        }
    }

    /// Weights of 32 bits: what would be more is the most.
    fn weight(&self, endpoint: &Endpoint<'m>) -> u32 {
        let scale = self.gateways.scale();
        if endpoint.weight() < u32::MAX / scale { endpoint.weight() * scale } else { u32::MAX }
    }

    fn reach_with_tls(&self, endpoint: &Endpoint<'m>) -> Reached<'v, 'm> {
        match self.reach(endpoint) {
            Reached::Itself if self.needs_tls => {
                let takes_tls = self.takes_tls(endpoint);
                if takes_tls.value {
                    Reached::Itself
                } else {
                    Reached::Not(Exclusion::NoMutualTls, takes_tls.cause)
                }
            }
            reached => reached,
        }
    }

    fn reach(&self, endpoint: &Endpoint<'m>) -> Reached<'v, 'm> {
        if self.gateways.all().is_empty() {
            return Reached::Itself;
        }
        let client = self.request.client;
        let into = self.gateways.into_network(endpoint.network, endpoint.cluster_id);
        // A gateway for ambient clients only is none for a sidecar.
        let usable = |gateway: &&NetworkGateway<'m>| client.role != Role::Sidecar || gateway.port != 0;
        let gateways: Vec<_> = into.filter(usable).collect();
        let own = client.network.as_str();
        let is_near = own.is_empty() || endpoint.network.is_empty() || own == endpoint.network;
        let is_forced = own.is_empty()
            && !endpoint.network.is_empty()
            && self.request.view.rules().has(Gate::NetworklessThroughGateway);
        if gateways.is_empty() || (is_near && !is_forced) {
            return match endpoint.address {
                "" => Reached::Not(Exclusion::NoAddress, endpoint.origin.cause()),
                _ => Reached::Itself,
            };
        }
        let first = gateways[0];
        let gateways = self.of_family(gateways);
        if gateways.is_empty() {
            return Reached::Not(Exclusion::GatewayFamily, first.cause.clone());
        }
        let takes_tls = self.takes_tls(endpoint);
        if takes_tls.value {
            Reached::Through(gateways)
        } else {
            Reached::Not(Exclusion::NoMutualTls, takes_tls.cause)
        }
    }

    /// The gateways that a client with one IP family reaches.
    fn of_family(&self, gateways: Vec<&'v NetworkGateway<'m>>) -> Vec<&'v NetworkGateway<'m>> {
        let Families { v4, v6 } = self.request.client.families;
        if v4 == v6 || !self.request.view.rules().has(Gate::GatewayFamilies) {
            return gateways;
        }
        let fits = |gateway: &&NetworkGateway<'m>| gateway.ip().is_some_and(|ip| ip.is_ipv4() == v4);
        gateways.into_iter().filter(fits).collect()
    }

    /// Gateways route by the server name of mutual TLS: the endpoint must be known to take it, and a rule must ask for
    /// it or, without one, policies of the peer allow it (`istio: pilot/pkg/xds/endpoints/mtls_checker.go:
    /// checkMtlsEnabled`, `endpoint_builder.go: buildEnvoyLbEndpoint`).
    fn takes_tls(&self, endpoint: &Endpoint<'m>) -> Caused<bool> {
        let refused = self.tls.as_ref().filter(|tls| *tls.value != TlsMode::IstioMutual);
        if let Some(tls) = refused {
            return Caused { value: false, cause: tls.cause.clone() };
        }
        if !endpoint.has_tls {
            return Caused { value: false, cause: endpoint.tls_cause() };
        }
        if let Some(tls) = &self.tls {
            return Caused { value: true, cause: tls.cause.clone() };
        }
        let mode = self.request.view.peers().mode(endpoint);
        Caused { value: mode.value != MtlsMode::Disable, cause: mode.cause }
    }

    /// Gateways by host name are resolved by istiod alone.
    fn note_unresolved(&self, endpoints: &[Arc<Endpoint<'m>>], assignment: &mut Assignment<'m>) {
        let client: &Client<'_> = self.request.client;
        for gateway in self.gateways.unresolved() {
            let leads_to = |endpoint: &Arc<Endpoint<'m>>| endpoint.network == gateway.network;
            if client.network != gateway.network && endpoints.iter().any(leads_to) {
                let (name, network) = (gateway.address, gateway.network);
                let what = format!("what istiod resolves {name} to, a gateway into network {network}");
                assignment.unknown.push(Unknown { what, cause: gateway.cause.clone() });
            }
        }
    }
}

/// Shares the weight of an endpoint among gateways.
fn share<'v, 'm>(
    weight: u32,
    gateways: &[&'v NetworkGateway<'m>],
    endpoint: &Arc<Endpoint<'m>>,
    behind: &mut BTreeMap<GatewayKey<'m>, Behind<'v, 'm>>,
) {
    let each = weight / u32::try_from(gateways.len()).unwrap_or(u32::MAX);
    for gateway in gateways {
        let none = || Behind { gateway, weight: 0, endpoints: Vec::new() };
        let of_gateway = behind.entry(gateway.key()).or_insert_with(none);
        of_gateway.weight = of_gateway.weight.wrapping_add(each);
        of_gateway.endpoints.push(Arc::clone(endpoint));
    }
}

impl<'m> Behind<'_, 'm> {
    fn sent(self) -> Sent<'m> {
        Sent {
            address: Arc::from(self.gateway.address),
            port: self.gateway.port,
            weight: self.weight.max(1),
            health: Health::Healthy,
            via: Via::Gateway {
                network: Network::from(self.gateway.network),
                cluster_id: Arc::from(self.gateway.cluster_id),
                cause: self.gateway.cause.clone(),
                behind: self.endpoints,
            },
        }
    }
}
