//! HTTP routes: the first route of the VirtualService whose match holds takes the call.

use mesh_model::row::{HttpMatch, HttpRoute, TextMatch, VirtualService};
use mesh_model::{FieldPath, Row};

use super::call::names;
use super::delegate::{Candidate, candidates};
use super::text::{asks_presence, fits, fits_any_case, of_header};
use super::{Call, Place, Route, Routing, routing, select};
use crate::{Cause, Truth};

/// One entry of a route that istiod sends to this client: what depends on the client holds.
struct Entry<'c, 'm> {
    candidate: &'c Candidate<'m>,
    /// Position in `match`; `None` for a route without one.
    position: Option<usize>,
    /// Whether it is sent is not known for this client.
    doubt: Option<String>,
}

/// What happens to an HTTP call; `None` without a VirtualService for it.
pub(super) fn route<'m>(
    at: &Place<'_, '_, 'm>,
    visible: &[&'m Row<VirtualService>],
    call: &Call<'_>,
) -> Option<Route> {
    for row in select::most_specific(visible, at.service.host) {
        let candidates = candidates(at.view, row);
        let entries = entries(at, &candidates);
        // A VirtualService without a route for this client and port leaves the host to the next one.
        if entries.is_empty() {
            continue;
        }
        return Some(first(at, row, &entries, call));
    }
    None
}

fn first(
    at: &Place<'_, '_, '_>,
    row: &Row<VirtualService>,
    entries: &[Entry<'_, '_>],
    call: &Call<'_>,
) -> Route {
    for entry in entries {
        let holds = match (&entry.doubt, entry.matcher()) {
            (_, None) => Truth::Yes,
            (None, Some(matcher)) => holds(at, matcher, call),
            (Some(doubt), Some(matcher)) => {
                Truth::all([holds(at, matcher, call), Truth::Unknown(doubt.clone())])
            }
        };
        match holds {
            Truth::No => {}
            Truth::Yes => return taken(at, row, entry),
            Truth::Unknown(reason) => {
                return Route { routing: Routing::Unknown(reason), ..taken(at, row, entry) };
            }
        }
    }
    Route {
        object: Some(row.obj.clone()),
        cause: Cause::field(&row.obj, mesh_model::path!["spec", "http"]),
        routing: Routing::Unmatched,
        rewrite: None,
        retries: None,
        aborts: 0,
    }
}

fn taken(at: &Place<'_, '_, '_>, row: &Row<VirtualService>, entry: &Entry<'_, '_>) -> Route {
    let route: &HttpRoute = &entry.candidate.route;
    let routing = match route.answer {
        Some(answer) => Routing::Answered(answer),
        // Without a port the call keeps its own.
        None => routing(&route.targets, |_| at.port),
    };
    Route {
        object: Some(row.obj.clone()),
        cause: Cause::field(entry.candidate.object, entry.path()),
        routing,
        rewrite: route.rewrite.clone(),
        retries: route.retries.clone(),
        aborts: route.aborts,
    }
}

impl Entry<'_, '_> {
    fn matcher(&self) -> Option<&HttpMatch> {
        self.candidate.route.matches.get(self.position?)
    }

    /// Entries of a delegate are merged ones and have no place of their own.
    fn path(&self) -> FieldPath {
        match self.position.filter(|_| !self.candidate.is_merged) {
            Some(position) => self.candidate.path.clone().then("match").then(position),
            None => self.candidate.path.clone(),
        }
    }
}

fn entries<'c, 'm>(at: &Place<'_, '_, '_>, candidates: &'c [Candidate<'m>]) -> Vec<Entry<'c, 'm>> {
    let mut entries = Vec::new();
    for candidate in candidates {
        if candidate.route.matches.is_empty() {
            entries.push(Entry { candidate, position: None, doubt: None });
            break;
        }
        for (position, matcher) in candidate.route.matches.iter().enumerate() {
            let doubt = match is_sent(at, matcher) {
                Truth::No => continue,
                Truth::Yes => None,
                Truth::Unknown(reason) => Some(reason),
            };
            entries.push(Entry { candidate, position: Some(position), doubt });
        }
    }
    entries
}

/// What istiod decides before it sends a match. With `gateways` it looks at nothing else of the client
/// (`istio: pilot/pkg/networking/core/route/route.go: sourceMatchHTTP`).
fn is_sent(at: &Place<'_, '_, '_>, matcher: &HttpMatch) -> Truth {
    let source = &matcher.source;
    if source.port != 0 && source.port != at.port {
        return Truth::No;
    }
    if !source.gateways.is_empty() {
        return Truth::of(select::names_mesh(&source.gateways));
    }
    let is_namespace = source.namespace.is_empty() || *source.namespace == *at.client.namespace;
    Truth::all([Truth::of(is_namespace), at.has_labels(&source.labels)])
}

/// What Envoy decides about the call.
fn holds(at: &Place<'_, '_, '_>, matcher: &HttpMatch, call: &Call<'_>) -> Truth {
    let optional = |matcher: &Option<TextMatch>, value: &str| {
        matcher.as_ref().map_or(Truth::Yes, |matcher| fits(matcher, value))
    };
    let uri = matcher.uri.as_ref().map_or(Truth::Yes, |uri| {
        let fits = if matcher.ignore_uri_case { fits_any_case } else { fits };
        fits(uri, call.path_only())
    });
    let query = matcher.query_params.iter().map(|(name, text)| of_header(text, call.query(name)));
    let headers = matcher.headers.iter().map(|(name, text)| header(at, name, text, call));
    let without = matcher.without_headers.iter().map(|(name, text)| !without(at, name, text, call));
    let fixed = [
        uri,
        optional(&matcher.method, call.method),
        optional(&matcher.scheme, "http"),
        matcher.authority.as_ref().map_or(Truth::Yes, |text| authority(at, text, call)),
    ];
    Truth::all(fixed.into_iter().chain(query).chain(headers).chain(without))
}

fn header(at: &Place<'_, '_, '_>, name: &str, text: &TextMatch, call: &Call<'_>) -> Truth {
    match name {
        name if name.starts_with('@') => {
            Truth::Unknown(format!("{name} depends on the token of the request"))
        }
        ":authority" | "host" => authority(at, text, call),
        ":method" => fits(text, call.method),
        ":path" => fits(text, call.path),
        ":scheme" => fits(text, "http"),
        name => of_header(text, call.header(name)),
    }
}

/// A header that is missing counts as empty, unless its presence is asked for.
fn without(at: &Place<'_, '_, '_>, name: &str, text: &TextMatch, call: &Call<'_>) -> Truth {
    let is_plain = !name.starts_with(['@', ':']) && name != "host";
    if is_plain && !asks_presence(text) && call.header(name).is_none() {
        return fits(text, "");
    }
    header(at, name, text, call)
}

/// The authority that was given, else every name of the service: the client may have used any.
fn authority(at: &Place<'_, '_, '_>, text: &TextMatch, call: &Call<'_>) -> Truth {
    if let Some(authority) = call.authority() {
        return fits(text, authority);
    }
    let names = names(at.service.host, &at.client.namespace);
    let fitting: Vec<Truth> = names.iter().map(|name| fits(text, name)).collect();
    if fitting.windows(2).all(|pair| pair[0] == pair[1]) {
        return fitting.into_iter().next().unwrap_or(Truth::No);
    }
    Truth::Unknown(
        "the route asks for an authority, and the name that the client uses is not known".to_owned(),
    )
}
