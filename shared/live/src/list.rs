//! One kind of one cluster: pages in, rows out, nothing kept of the bytes.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use form_urlencoded::byte_serialize;
use http::StatusCode;
use mesh_model::{ClusterName, Gap, Kind};
use mesh_wire::{Lower, lower_page};

use crate::Event;
use crate::event::Events;
use crate::request::{Failure, JSON, Requests};

/// Objects a page; the size that kubectl and client-go use, small enough to be held in memory several times.
const PAGE: usize = 500;

/// Metadata without content: keys and tokens of Secrets never cross the wire.
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// What a list needs to know.
pub(crate) struct Lists<'a, 'b> {
    pub(crate) requests: &'a Requests,
    pub(crate) lower: &'a Mutex<Lower<'b>>,
    pub(crate) cluster: ClusterName,
    pub(crate) istio_namespace: &'a str,
    pub(crate) events: &'a Events,
}

/// How far a list got before it failed.
struct Stopped {
    read: usize,
    failure: Failure,
}

impl<'b> Lists<'_, 'b> {
    /// Lists `kind` in the first of `versions` that exists. `Ok(None)` if none does: then there are no objects.
    pub(crate) async fn read(
        &self,
        kind: Kind,
        versions: &[&'static str],
    ) -> Result<Option<&'static str>, Gap> {
        for &version in versions {
            match self.pages(kind, &self.path(kind, version)).await {
                Ok(()) => return Ok(Some(version)),
                Err(Stopped { read: 0, failure }) if failure.is(StatusCode::NOT_FOUND) => {}
                Err(Stopped { read: 0, failure }) => return Err(failure.into()),
                Err(Stopped { read, failure }) => {
                    let cause = format!("the list ended after {read} objects: {}", Gap::from(failure));
                    return Err(Gap::Truncated { cause });
                }
            }
        }
        Ok(None)
    }

    fn path(&self, kind: Kind, version: &str) -> String {
        let root = if kind.group().is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{}/{version}", kind.group())
        };
        if matches!(kind, Kind::ConfigMap | Kind::Secret) {
            let namespace: String = byte_serialize(self.istio_namespace.as_bytes()).collect();
            return format!("{root}/namespaces/{namespace}/{}", kind.plural());
        }
        format!("{root}/{}", kind.plural())
    }

    async fn pages(&self, kind: Kind, path: &str) -> Result<(), Stopped> {
        let mut read = 0;
        let mut token: Option<String> = None;
        let mut seen = HashSet::new();
        loop {
            let next =
                token.as_ref().map(|token| format!("&continue={}", escaped(token))).unwrap_or_default();
            match self.page(kind, &format!("{path}?limit={PAGE}{next}")).await {
                Ok((items, more)) => {
                    read += items;
                    let Some(next) = more else { return Ok(()) };
                    if !seen.insert(next.clone()) {
                        let failure = Failure::TooMuch("the server repeats a continue token");
                        return Err(Stopped { read, failure });
                    }
                    token = Some(next);
                }
                // The token is older than etcd's memory. Pages from two points in time do not make one list, so
                // what was read is dropped and the kind is read once more, in one piece.
                Err(failure) if token.is_some() && failure.is(StatusCode::GONE) => {
                    self.lower().builder().forget(kind);
                    return self
                        .page(kind, path)
                        .await
                        .map(|_| ())
                        .map_err(|failure| Stopped { read: 0, failure });
                }
                Err(failure) => return Err(Stopped { read, failure }),
            }
        }
    }

    /// Reads one page; how many objects it had, and the token of the next.
    async fn page(&self, kind: Kind, path: &str) -> Result<(usize, Option<String>), Failure> {
        let accept = if kind == Kind::Secret { METADATA } else { JSON };
        let body = self.requests.get(path, accept).await?;
        let page = lower_page(kind, &body, &mut self.lower()).map_err(|_| Failure::NoList(cause(&body)))?;
        if page.items == 0 && page.next.is_none() && !is_list(&body) {
            return Err(Failure::NoList("it has no items".to_owned()));
        }
        self.events.send(Event::PageRead { cluster: self.cluster.clone(), kind, objects: page.items });
        Ok((page.items, page.next))
    }

    fn lower(&self) -> MutexGuard<'_, Lower<'b>> {
        self.lower.lock().expect("lowering does not panic")
    }
}

fn escaped(token: &str) -> String {
    byte_serialize(token.as_bytes()).collect()
}

/// Why the body is no list, in words of our own: an error of the decoder may quote what it met, and that may be secret.
fn cause(body: &[u8]) -> String {
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => "it has another shape".to_owned(),
        Err(error) => format!("it is no JSON from line {} column {} on", error.line(), error.column()),
    }
}

/// An object without `items`, as a proxy may answer, decodes as an empty list; absence must not rest on that.
fn is_list(body: &[u8]) -> bool {
    body.windows(7).any(|bytes| bytes == b"\"items\"")
}
