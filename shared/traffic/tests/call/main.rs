//! The way of a call: routes, gateways, trust, policies. Meshes are written as manifests.

mod authz;
mod gateway;
mod handshake;
mod route;
mod tree;
mod trust;
