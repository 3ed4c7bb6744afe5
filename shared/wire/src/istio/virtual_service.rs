//! `VirtualService`: the hosts it routes and those it sends to.

use mesh_model::row::VirtualService as Fact;
use mesh_model::{HostPattern, Kind, Origin};
use serde::Deserialize;

use crate::lenient::null;
use crate::{Lower, Meta, Resource};

#[derive(Deserialize)]
pub(crate) struct VirtualService {
    #[serde(default, deserialize_with = "null")]
    metadata: Meta,
    #[serde(default, deserialize_with = "null")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    gateways: Vec<String>,
    #[serde(deserialize_with = "null")]
    http: Vec<Route>,
    #[serde(deserialize_with = "null")]
    tls: Vec<Route>,
    #[serde(deserialize_with = "null")]
    tcp: Vec<Route>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Route {
    #[serde(rename = "route", deserialize_with = "null")]
    targets: Vec<Target>,
    mirror: Option<Destination>,
    #[serde(deserialize_with = "null")]
    mirrors: Vec<Target>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(deserialize_with = "null")]
    destination: Destination,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    #[serde(deserialize_with = "null")]
    host: String,
    #[serde(deserialize_with = "null")]
    subset: String,
}

impl Resource for VirtualService {
    const KIND: Kind = Kind::VirtualService;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let namespace = self.metadata.namespace.as_str();
        let routes = self.spec.http.iter().chain(&self.spec.tls).chain(&self.spec.tcp);
        let destinations = routes.flat_map(|route| {
            let targets = route.targets.iter().chain(&route.mirrors).map(|target| &target.destination);
            targets.chain(&route.mirror)
        });
        let destinations =
            destinations.map(|to| (HostPattern::parse(&to.host, namespace), into.text(&to.subset))).collect();
        let fact = Fact {
            hosts: self.spec.hosts.iter().map(|host| HostPattern::parse(host, namespace)).collect(),
            gateways: into.texts(&self.spec.gateways),
            destinations,
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.virtual_services.push(row);
    }
}
