//! Live clusters into builders of the model: contexts, clients, paged lists.
//!
//! ```text
//! Plan --contexts--> targets --client--> kube::Client --version--> what is served
//!                                            '--list--> page bytes --mesh_wire::lower_page--> ClusterBuilder
//! ```
//!
//! What a maintainer must know:
//!
//! - **Nothing about a cluster is an error.** [`LiveError`] is for what the user typed and for the kubeconfig as
//!   a whole. A cluster that does not answer, a kind that is forbidden, a list that was cut: each is a
//!   [`Gap`](mesh_model::Gap) on its builder, and the other clusters are read.
//! - **Read only and frugal.** GET only; only the kinds of [`Plan::kinds`]; Secrets as metadata of the system
//!   namespace; ConfigMaps of the system namespace. Bodies are never logged, because kube's own decoding, which
//!   logs a body it cannot decode, is never used.
//! - **Proxies and istiods are asked only by [`actual()`] and [`istiods`]**, once the mesh is known: a port-forward by
//!   the [`Clients`] that read it. It needs more rights than reading, which `forward` names.
//! - **kube's defaults do not fit a command line** and are overridden in `client`: the reasons stand there.
//! - **One request has one deadline** ([`Plan::request_timeout`]), tries and pauses included. When a request dies
//!   and the cluster answered nothing since it was sent, the cluster is given up: a silent cluster costs one
//!   deadline, however many kinds are asked for.
//! - Needs a runtime with time, I/O and processes; one thread is enough, since the work is waiting and decoding.
//! - Ordering: answers arrive in any order; `MeshBuilder::finish` sorts. What is returned here is sorted by name.
//!
//! Knows no rules, no rendering and no command line.

mod actual;
mod client;
mod clients;
mod contexts;
mod discover;
mod error;
mod event;
mod forward;
mod kubeconfig;
mod list;
mod loader;
mod plan;
mod plugin;
mod proxy;
mod request;
mod version;

#[cfg(test)]
mod tests;

pub use actual::{actual, istiods};
pub use clients::Clients;
pub use discover::{RemoteClusters, Unmatched};
pub use error::LiveError;
pub use event::Event;
pub use kubeconfig::KubeconfigSource;
pub use loader::{Loaded, Reading, load};
pub use plan::{Discover, Impersonate, Plan};
