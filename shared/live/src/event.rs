//! What happens while clusters are read, for whoever shows progress.

use std::time::Duration;

use mesh_model::{ClusterName, Gap, Kind};
use tokio::sync::mpsc::UnboundedSender;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A cluster's turn has come.
    ClusterStarted {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A page of a list was read.
    PageRead {
        /// The cluster.
        cluster: ClusterName,
        /// Kind that is listed.
        kind: Kind,
        /// Objects of the page.
        objects: usize,
    },
    /// Something could not be read.
    Gap {
        /// The cluster.
        cluster: ClusterName,
        /// The kind; `None` for the whole cluster.
        kind: Option<Kind>,
        /// Why.
        gap: Gap,
    },
    /// A cluster is done, read or not.
    ClusterDone {
        /// The cluster.
        cluster: ClusterName,
        /// How long it took.
        took: Duration,
    },
}

/// Sends events to a listener, if there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events(pub(crate) Option<UnboundedSender<Event>>);

impl Events {
    pub(crate) fn send(&self, event: Event) {
        if let Some(listener) = &self.0 {
            // A listener that has gone away wants to hear nothing.
            let _ = listener.send(event);
        }
    }
}
