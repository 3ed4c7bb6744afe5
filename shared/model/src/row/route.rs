//! VirtualService: which calls it routes, and where to (`istio/api: networking/v1alpha3/virtual_service.proto`).

use std::sync::Arc;

use crate::{HostPattern, Hostname, Labels};

/// A VirtualService.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualService {
    /// `spec.hosts`, resolved.
    pub hosts: Vec<HostPattern>,
    /// `spec.gateways`; empty means `mesh`.
    pub gateways: Vec<Arc<str>>,
    /// `spec.http`.
    pub http: Vec<HttpRoute>,
    /// `spec.tls`.
    pub tls: Vec<StreamRoute>,
    /// `spec.tcp`.
    pub tcp: Vec<StreamRoute>,
    /// Destinations of all routes and mirrors: resolved host, subset (empty if none).
    pub destinations: Vec<(HostPattern, Arc<str>)>,
    /// `spec.exportTo`.
    pub export_to: Vec<Arc<str>>,
    /// `metadata.creationTimestamp`, empty where unknown; as text, since its order is that of time.
    pub created: Arc<str>,
}

/// One entry of `http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRoute {
    /// `name`, empty if unset.
    pub name: Arc<str>,
    /// `match`: one of them suffices; empty takes every request.
    pub matches: Vec<HttpMatch>,
    /// `route`.
    pub targets: Vec<RouteTarget>,
    /// `delegate`: the VirtualService whose routes stand here.
    pub delegate: Option<Delegate>,
    /// `redirect` or `directResponse`: the proxy answers by itself.
    pub answer: Option<Answer>,
    /// `rewrite`.
    pub rewrite: Option<Rewrite>,
    /// `retries`, if set.
    pub retries: Option<Retries>,
    /// `fault.abort.percentage`: how many of a million requests the proxy fails; 0 without.
    pub aborts: u32,
}

/// One entry of `tls` or `tcp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamRoute {
    /// `match`: one of them suffices; empty takes every connection.
    pub matches: Vec<StreamMatch>,
    /// `route`.
    pub targets: Vec<RouteTarget>,
}

/// One entry of `match` of an HTTP route: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpMatch {
    /// `uri`.
    pub uri: Option<TextMatch>,
    /// `ignoreUriCase`.
    pub ignore_uri_case: bool,
    /// `scheme`.
    pub scheme: Option<TextMatch>,
    /// `method`.
    pub method: Option<TextMatch>,
    /// `authority`.
    pub authority: Option<TextMatch>,
    /// `headers` by name in lower case.
    pub headers: Vec<(Arc<str>, TextMatch)>,
    /// `withoutHeaders` by name in lower case.
    pub without_headers: Vec<(Arc<str>, TextMatch)>,
    /// `queryParams` by name.
    pub query_params: Vec<(Arc<str>, TextMatch)>,
    /// What the client must be.
    pub source: SourceMatch,
}

/// One entry of `match` of a TLS or TCP route: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamMatch {
    /// `sniHosts`, of TLS routes only.
    pub sni_hosts: Vec<Arc<str>>,
    /// `destinationSubnets` as written: addresses, with or without a prefix length.
    pub destination_subnets: Vec<Arc<str>>,
    /// What the client must be.
    pub source: SourceMatch,
}

/// What a match asks of the client and of where it listens; the same for HTTP, TLS and TCP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMatch {
    /// `port`: port of the called host; 0 if unset.
    pub port: u16,
    /// `sourceLabels`.
    pub labels: Labels,
    /// `sourceNamespace`, empty if unset.
    pub namespace: Arc<str>,
    /// `gateways`; empty takes those of the VirtualService.
    pub gateways: Vec<Arc<str>>,
}

/// A `StringMatch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Nothing is asked of the value; of a header, that it is there.
    Present,
    /// `exact`.
    Exact(Arc<str>),
    /// `prefix`.
    Prefix(Arc<str>),
    /// `regex`, RE2, of the whole value.
    Regex(Arc<str>),
}

/// One entry of `route`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTarget {
    /// `destination.host` resolved.
    pub host: Hostname,
    /// `destination.subset`, empty if unset.
    pub subset: Arc<str>,
    /// `destination.port.number`; 0 if unset.
    pub port: u16,
    /// `weight`; 0 if unset.
    pub weight: u32,
}

/// `delegate`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delegate {
    /// `name`.
    pub name: Arc<str>,
    /// `namespace`; that of the VirtualService if empty.
    pub namespace: Arc<str>,
}

/// An answer of the proxy itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `redirect`.
    Redirect,
    /// `directResponse` with its `status`.
    Direct(u16),
}

/// `rewrite`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// `uri`, empty if unset.
    pub uri: Arc<str>,
    /// `authority`, empty if unset.
    pub authority: Arc<str>,
    /// `uriRegexRewrite` is set.
    pub by_regex: bool,
}

/// `retries`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// `attempts`; 0 switches retries off.
    pub attempts: u32,
    /// `retryOn`, empty if unset.
    pub retry_on: Arc<str>,
    /// `retryRemoteLocalities` is true.
    pub remote_localities: bool,
}
