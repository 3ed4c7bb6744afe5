//! A fake API server: N clusters with objects of the test's choice, and faults on demand.
//!
//! Only for what a real API server cannot do when a test asks for it: 410 on a continue token, 429, a server
//! that accepts and stays silent, a body that ends early. It answers GET only: aggregated discovery,
//! `/version`, lists (pages, label and field selectors, metadata only) and single objects. What is right and
//! wrong about real clusters is proved by the lab.
//!
//! ```text
//! FakeCluster (objects, faults, log) --router()--> axum, called without a socket
//!                                    --serve()---> Server: a thread with a port, HTTP or HTTPS
//! KubeconfigFile: contexts over servers, written to a file
//! ```

mod answer;
mod cluster;
mod fault;
mod kubeconfig;
mod listen;

pub use cluster::FakeCluster;
pub use fault::{Fault, When};
pub use kubeconfig::KubeconfigFile;
pub use listen::{DeadAddress, Server};
