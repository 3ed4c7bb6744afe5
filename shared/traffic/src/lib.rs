//! What istiod sends to a proxy, and what Envoy makes of it. Pure: no clock, no randomness, no input or output.
//!
//! ```text
//! Mesh --Traffic::new--> index --view(cluster)--> View (what one istiod sees)
//!   view.predict(client, service, port, subset) -> Prediction { Settings (CDS), Assignment (EDS) }
//!   envoy: Prediction -> HostSet -> shares of priorities, localities and hosts
//!   view.route(client, service, port, call) -> Route; gateway's view.passage(..), view.handshake(..), server's
//!   view.access(..): the way of one call
//! ```
//!
//! Owns the effective traffic policy, the choice of DestinationRules, endpoints and their order, and Envoy's
//! arithmetic. Knows no findings: each result carries the [`Cause`] that decided, and rules and commands turn that
//! into evidence. What depends on the version of Istio asks [`gates`].

mod assignment;
pub mod authz;
mod cause;
pub mod client;
mod clients;
mod cluster_local;
mod collect;
mod config;
mod coverage;
mod distribution;
mod endpoint;
pub mod envoy;
mod features;
mod filter;
pub mod gates;
mod gateway;
mod gateways;
mod handshake;
mod index;
pub mod locality;
mod lookup;
mod network;
mod peers;
mod place;
mod policy;
mod predict;
mod protocol;
mod route;
pub mod rules;
pub mod scenario;
mod service;
pub mod settings;
mod text;
pub mod trust;
mod truth;
mod view;

pub use assignment::{Assignment, Excluded, Exclusion, Group, Sent, Unknown, Via};
pub use cause::{Cause, Caused};
pub use client::{Client, Families, Role};
pub use config::Config;
pub use coverage::{Coverage, Few, SHOWN, coverage};
pub use distribution::Distribution;
pub use endpoint::{Endpoint, EndpointOrigin, Health};
pub use features::Features;
pub use gates::{Gate, RuleSet};
pub use gateway::{Gateway, Passage};
pub use gateways::{Gateways, NetworkGateway};
pub use handshake::{Handshake, Sends};
pub use index::{KINDS, Traffic};
pub use policy::{Block, Effective, Indexed, Level, Policies, Scope, levels};
pub use predict::Prediction;
pub use protocol::Protocol;
pub use route::{Call, Destination, Route, Routing, names};
pub use rules::{Applied, Chosen, Rules};
pub use service::{Port, Registry, Service, ServiceResolution};
pub use settings::{Discovery, HostPolicy, LocalityMode, Outlier, Settings};
pub use truth::Truth;
pub use view::{Seen, View};
