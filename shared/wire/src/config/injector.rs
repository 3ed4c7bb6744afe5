//! `values` of the sidecar injector's ConfigMap: JSON text that Helm wrote.

use mesh_model::row::InjectorValues;
use serde::Deserialize;

use crate::Lower;
use crate::lenient::null;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Values {
    #[serde(deserialize_with = "null")]
    global: Global,
    #[serde(deserialize_with = "null")]
    revision: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Global {
    #[serde(deserialize_with = "null")]
    network: String,
    #[serde(rename = "meshID", deserialize_with = "null")]
    mesh_id: String,
    #[serde(rename = "multiCluster", deserialize_with = "null")]
    multi_cluster: MultiCluster,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MultiCluster {
    #[serde(rename = "clusterName", deserialize_with = "null")]
    cluster_name: String,
}

/// The values, or what is wrong with them.
pub(super) fn lower(text: &str, into: &mut Lower<'_>) -> Result<InjectorValues, String> {
    let values: Values = super::mesh_config::parse(text)?;
    Ok(InjectorValues {
        network: into.text(&values.global.network).into(),
        mesh_id: into.text(&values.global.mesh_id),
        cluster_name: into.text(&values.global.multi_cluster.cluster_name),
        revision: into.text(&values.revision),
    })
}
