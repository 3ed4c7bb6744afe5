//! Routes that stand in another VirtualService (`istio: pilot/pkg/model/virtualservice_controller.go`,
//! `virtualservice.go: MergeHTTPRoutes`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_model::row::{HttpMatch, HttpRoute, SourceMatch, TextMatch, VirtualService};
use mesh_model::{FieldPath, ObjectRef, Row, path};

use super::select;
use crate::View;

/// An HTTP route with the place it was read from.
pub(super) struct Candidate<'m> {
    pub(super) object: &'m ObjectRef,
    pub(super) path: FieldPath,
    pub(super) route: Cow<'m, HttpRoute>,
    /// Its match is put together from two objects.
    pub(super) is_merged: bool,
}

/// The HTTP routes of a VirtualService, those of its delegates in place. A delegate that is missing, not exported to
/// it, or has hosts of its own gives none; neither does a route of it that asks for what the root does not allow.
pub(super) fn candidates<'m>(view: &View<'_, 'm>, root: &'m Row<VirtualService>) -> Vec<Candidate<'m>> {
    let config = view.mesh_config().0;
    let table = &view.config().cluster.virtual_services;
    let mut candidates = Vec::new();
    for (position, route) in root.fact.http.iter().enumerate() {
        let Some(delegate) = &route.delegate else {
            let path = path!["spec", "http", position];
            candidates.push(Candidate {
                object: &root.obj,
                path,
                route: Cow::Borrowed(route),
                is_merged: false,
            });
            continue;
        };
        let namespace =
            if delegate.namespace.is_empty() { &root.obj.namespace } else { &*delegate.namespace };
        let found = table.find(namespace, &delegate.name).filter(|row| row.fact.hosts.is_empty());
        let exported = found.filter(|row| select::is_exported_to(row, config, &root.obj.namespace));
        for (position, own) in exported.iter().flat_map(|row| row.fact.http.iter().enumerate()) {
            let Some(row) = exported else { continue };
            if let Some(merged) = merge(route, own) {
                let path = path!["spec", "http", position];
                candidates.push(Candidate {
                    object: &row.obj,
                    path,
                    route: Cow::Owned(merged),
                    is_merged: true,
                });
            }
        }
    }
    candidates
}

/// The route of a delegate below a route of the root; `None` where their matches conflict.
fn merge(root: &HttpRoute, own: &HttpRoute) -> Option<HttpRoute> {
    let mut merged = own.clone();
    merged.matches = merge_matches(&root.matches, &own.matches)?;
    merged.rewrite = merged.rewrite.or_else(|| root.rewrite.clone());
    merged.answer = merged.answer.or(root.answer);
    merged.retries = merged.retries.or_else(|| root.retries.clone());
    if merged.aborts == 0 {
        merged.aborts = root.aborts;
    }
    Some(merged)
}

fn merge_matches(root: &[HttpMatch], own: &[HttpMatch]) -> Option<Vec<HttpMatch>> {
    if root.is_empty() {
        return Some(own.to_vec());
    }
    if own.is_empty() {
        return Some(root.to_vec());
    }
    let mut merged = Vec::new();
    for inner in own {
        let before = merged.len();
        merged.extend(root.iter().filter(|outer| !conflict(outer, inner)).map(|outer| both(outer, inner)));
        if merged.len() == before {
            return None;
        }
    }
    Some(merged)
}

fn both(outer: &HttpMatch, inner: &HttpMatch) -> HttpMatch {
    let either =
        |inner: &Option<TextMatch>, outer: &Option<TextMatch>| inner.clone().or_else(|| outer.clone());
    HttpMatch {
        uri: either(&inner.uri, &outer.uri),
        ignore_uri_case: inner.ignore_uri_case,
        scheme: either(&inner.scheme, &outer.scheme),
        method: either(&inner.method, &outer.method),
        authority: either(&inner.authority, &outer.authority),
        headers: united(&outer.headers, &inner.headers),
        without_headers: united(&outer.without_headers, &inner.without_headers),
        query_params: united(&outer.query_params, &inner.query_params),
        source: SourceMatch {
            port: if inner.source.port == 0 { outer.source.port } else { inner.source.port },
            labels: inner.source.labels.iter().chain(outer.source.labels.iter()).collect(),
            namespace: non_empty(&inner.source.namespace, &outer.source.namespace),
            gateways: if inner.source.gateways.is_empty() {
                outer.source.gateways.clone()
            } else {
                inner.source.gateways.clone()
            },
        },
    }
}

fn non_empty(first: &Arc<str>, second: &Arc<str>) -> Arc<str> {
    Arc::clone(if first.is_empty() { second } else { first })
}

type Named = (Arc<str>, TextMatch);

/// Entries of both by name; those of the delegate win.
fn united(outer: &[Named], inner: &[Named]) -> Vec<Named> {
    let united: BTreeMap<_, _> = outer.iter().chain(inner).map(|(name, text)| (name, text)).collect();
    united.into_iter().map(|(name, text)| (Arc::clone(name), text.clone())).collect()
}

fn conflict(outer: &HttpMatch, inner: &HttpMatch) -> bool {
    let texts = [
        (&outer.uri, &inner.uri),
        (&outer.scheme, &inner.scheme),
        (&outer.method, &inner.method),
        (&outer.authority, &inner.authority),
    ];
    let (source, own) = (&outer.source, &inner.source);
    texts.into_iter().any(|(outer, inner)| widens(outer.as_ref(), inner.as_ref()))
        || named_conflict(&outer.headers, &inner.headers)
        || named_conflict(&outer.without_headers, &inner.without_headers)
        || named_conflict(&outer.query_params, &inner.query_params)
        || outer.ignore_uri_case != inner.ignore_uri_case
        || (source.port != 0 && own.port != 0 && source.port != own.port)
        || (!source.namespace.is_empty() && source.namespace != own.namespace)
        || own.labels.iter().any(|(key, value)| source.labels.get(key).is_some_and(|known| known != value))
        || (!source.gateways.is_empty()
            && own.gateways.iter().any(|gateway| !source.gateways.contains(gateway)))
}

fn named_conflict(outer: &[Named], inner: &[Named]) -> bool {
    inner.iter().any(|(name, text)| {
        let known = outer.iter().find(|(known, _)| known == name).map(|(_, text)| text);
        widens(known, Some(text))
    })
}

/// The delegate asks for something that the root does not allow. Two regular expressions conflict always.
fn widens(outer: Option<&TextMatch>, inner: Option<&TextMatch>) -> bool {
    use TextMatch::{Exact, Prefix};
    match (outer, inner) {
        (None, _) | (_, None) => false,
        (Some(Exact(outer)), Some(Exact(inner))) => outer != inner,
        (Some(Prefix(outer)), Some(Prefix(inner) | Exact(inner))) => !inner.starts_with(&**outer),
        _ => true,
    }
}
