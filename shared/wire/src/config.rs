//! ConfigMaps that Istio reads or writes, and Secrets by their metadata.

mod config_map;
mod injector;
mod mesh_config;
mod secret;

pub(crate) use config_map::ConfigMap;
pub(crate) use secret::Secret;
