//! The endpoints of one port of a service that a loss takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{Endpoint, View, collect};

use super::loss::{Fate, Lost};

/// Endpoints that answer nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone<'m> {
    gone: Arc<BTreeSet<Key<'m>>>,
    /// How many endpoints of the port there are.
    pub(super) known: usize,
}

/// What tells an endpoint from others: cluster, address, port.
pub(super) type Key<'m> = (usize, &'m str, u16);

impl<'m> Gone<'m> {
    /// Those of all that any of the views knows, so that a part is the same part for each client.
    pub(super) fn of(views: &[View<'_, 'm>], host: &str, port: u16, lost: &Lost) -> Self {
        let mut known = BTreeSet::new();
        let mut gone = BTreeSet::new();
        let mut in_part: BTreeMap<(usize, usize), BTreeSet<Key<'m>>> = BTreeMap::new();
        for view in views {
            let Some(service) = view.service(host) else { continue };
            let Some(port) = service.port(port) else { continue };
            for candidate in collect::collect(view, &service, port) {
                let endpoint = &*candidate.endpoint;
                if !known.insert(key(endpoint)) {
                    continue;
                }
                match lost.endpoint(endpoint) {
                    Fate::Lives => {}
                    Fate::Dies => drop(gone.insert(key(endpoint))),
                    Fate::InPart(of) => {
                        in_part.entry((of, endpoint.cluster)).or_default().insert(key(endpoint));
                    }
                }
            }
        }
        // A part of each cluster, to the nearest endpoint, in order of their addresses.
        for ((of, _), endpoints) in in_part {
            let percent = lost.losses()[of].percent as usize;
            let count = (endpoints.len() * percent + 50) / 100;
            gone.extend(endpoints.into_iter().take(count));
        }
        Self { gone: Arc::new(gone), known: known.len() }
    }

    pub(super) fn contains(&self, endpoint: &Endpoint<'_>) -> bool {
        self.gone.contains(&(endpoint.cluster, endpoint.address, endpoint.port))
    }

    pub(super) fn len(&self) -> usize {
        self.gone.len()
    }
}

pub(super) fn key<'m>(endpoint: &Endpoint<'m>) -> Key<'m> {
    (endpoint.cluster, endpoint.address, endpoint.port)
}
