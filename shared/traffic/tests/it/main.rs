//! Tests of what istiod is predicted to send, on meshes as their manifests say them.

mod endpoints;
mod gateways;
mod properties;
mod scenario;
mod support;
