//! Facts of an Istio mesh that spans several Kubernetes clusters.
//!
//! Owns names, object references, field paths, the immutable [`Mesh`] with one sorted [`Table`] per kind and
//! cluster, gaps (what could not be read), and version gates. Knows no transport, no serde shape of an API
//! object, no JSON, no clock and no output: `mesh-wire` lowers API objects into the rows defined here, and
//! `mesh-rules` and `mesh-traffic` read them.
//!
//! ```text
//! wire: API object --lower--> Row --MeshBuilder::finish--> Mesh --> rules, traffic
//! ```

pub mod actual;
mod build;
mod cert;
mod cluster;
mod control_plane;
mod gap;
mod host;
mod hostile;
mod index;
mod kind;
mod labels;
mod locality;
mod mesh;
mod name;
mod object;
mod path;
pub mod row;
mod selector;
mod table;
mod version;

pub use build::{ClusterBuilder, MeshBuilder};
pub use cert::{Certificate, CertificateBundle, Digest};
pub use cluster::Cluster;
pub use control_plane::{ControlPlane, Istiod, SYSTEM_NAMESPACE};
pub use gap::{Gap, Gaps};
pub use host::{HostPattern, resolve_host};
pub use hostile::is_hostile;
pub use index::{HostServices, ServiceAt};
pub use kind::{Group, Kind, KindSet};
pub use labels::Labels;
pub use locality::Locality;
pub use mesh::{Mesh, Note};
pub use name::{ClusterName, Hostname, Interner, Name, Namespace, Network, Region, Zone};
pub use object::{ObjectRef, Origin};
pub use path::{FieldPath, Step};
pub use selector::{LabelSelector, Requirement};
pub use table::{Row, Table};
pub use version::{IstioVersion, VersionError};
