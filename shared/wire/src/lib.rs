//! Lean serde shapes of the API objects that are read, one per kind for all its served versions, and their
//! lowering into the rows of `mesh-model`.
//!
//! Rules of all shapes: unknown fields are ignored, `null` means unset, everything is optional, present and
//! absent differ where Istio makes a difference (an empty `outlierDetection: {}` switches it on), enums are
//! open. `lower` is the only place where API shapes become facts; it cannot fail.
//!
//! Owns certificates (parsing and self-signature) and the admin pages of Envoy and istiod ([`admin`]) as well. Knows no transport and no rules; a private key or
//! token never leaves the parser, because no shape here has a field for one.

pub mod admin;
mod cert;
mod config;
mod core;
mod decode;
mod istio;
mod lenient;
mod managed;
mod meta;
mod place;
mod resource;
mod security;
mod webhook;
mod workload;

pub use cert::parse_pem;
pub use decode::{DecodeError, Page, lower_json, lower_page};
pub use meta::Meta;
pub use resource::{KindVisitor, Lower, Resource, versions, with_kind};
