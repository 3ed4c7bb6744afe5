//! `VirtualService`: which calls it routes, and where to.

mod matches;
mod route;

use mesh_model::row::VirtualService as Fact;
use mesh_model::{HostPattern, Kind, Origin};
use serde::Deserialize;

use self::route::{Destination, HttpRoute, StreamRoute};
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
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null")]
    hosts: Vec<String>,
    #[serde(deserialize_with = "null")]
    gateways: Vec<String>,
    #[serde(deserialize_with = "null")]
    http: Vec<HttpRoute>,
    #[serde(deserialize_with = "null")]
    tls: Vec<StreamRoute>,
    #[serde(deserialize_with = "null")]
    tcp: Vec<StreamRoute>,
    #[serde(deserialize_with = "null")]
    export_to: Vec<String>,
}

impl Spec {
    /// Every host that some route sends or mirrors to.
    fn destinations(&self) -> impl Iterator<Item = &Destination> {
        let streams = self.tls.iter().chain(&self.tcp).flat_map(StreamRoute::destinations);
        self.http.iter().flat_map(HttpRoute::destinations).chain(streams)
    }
}

impl Resource for VirtualService {
    const KIND: Kind = Kind::VirtualService;
    const VERSIONS: &'static [&'static str] = super::VERSIONS;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn lower(self, origin: Origin, into: &mut Lower<'_>) {
        let (spec, namespace) = (&self.spec, self.metadata.namespace.as_str());
        let pattern = |host: &str| HostPattern::parse(host, namespace);
        let fact = Fact {
            hosts: spec.hosts.iter().map(|host| pattern(host)).collect(),
            gateways: into.texts(&spec.gateways),
            http: spec.http.iter().map(|route| route.lower(namespace, into)).collect(),
            tls: spec.tls.iter().map(|route| route.lower(namespace, into)).collect(),
            tcp: spec.tcp.iter().map(|route| route.lower(namespace, into)).collect(),
            destinations: spec.destinations().map(|to| (pattern(&to.host), into.text(&to.subset))).collect(),
            export_to: into.texts(&spec.export_to),
            created: into.text(&self.metadata.creation_timestamp),
        };
        let row = into.row(Self::KIND, &self.metadata, origin, fact);
        into.builder.virtual_services.push(row);
    }
}
