//! What the installation of istiod made in a cluster: the part of a mesh that is not drawn.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::api::Api;
use crate::apply::SYSTEM;
use crate::generate::{Objects, ROOT};

/// Objects that istiod's installation made and a proof reads.
pub(crate) struct Installed {
    deployment: Value,
    injector: Value,
    mesh: Value,
    secrets: Vec<Value>,
}

impl Installed {
    pub(crate) async fn read(api: &Api) -> Result<Self> {
        let config = api.get(&format!("{SYSTEM}/configmaps/istio")).await?;
        let mesh = config["data"]["mesh"].as_str().context("istiod has no mesh config")?;
        let list = api.get(&format!("{SYSTEM}/secrets?labelSelector=istio/multiCluster%3Dtrue")).await?;
        let secret = |secret: &Value| {
            // Whom it lets in is nobody's business here: the keys are cluster IDs.
            let keys = secret["data"].as_object().into_iter().flatten();
            let data: serde_json::Map<_, _> = keys.map(|(key, _)| (key.clone(), "".into())).collect();
            json!({
                "apiVersion": "v1", "kind": "Secret", "data": data,
                "metadata": {
                    "name": secret["metadata"]["name"], "namespace": ROOT, "labels": secret["metadata"]["labels"],
                },
            })
        };
        Ok(Self {
            deployment: api.get("/apis/apps/v1/namespaces/istio-system/deployments/istiod").await?,
            injector: api.get(&format!("{SYSTEM}/configmaps/istio-sidecar-injector")).await?,
            mesh: serde_yaml::from_str(mesh).context("the mesh config is no YAML")?,
            secrets: list["items"].as_array().into_iter().flatten().map(secret).collect(),
        })
    }

    /// Mesh config with more fields, as text.
    pub(crate) fn mesh_with(&self, more: &Value) -> String {
        let mut mesh = self.mesh.clone();
        for key in ["connectTimeout", "localityLbSetting", "zoneAwareLbSetting", "serviceSettings"] {
            if let Some(fields) = mesh.as_object_mut() {
                fields.remove(key);
            }
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            mesh[key] = value.clone();
        }
        mesh.to_string()
    }

    /// Values of the injector with another network, as text.
    pub(crate) fn values(&self, network: &str) -> String {
        let text = self.injector["data"]["values"].as_str().unwrap_or("{}");
        let mut values: Value = serde_json::from_str(text).unwrap_or_default();
        values["global"]["network"] = network.into();
        values.to_string()
    }

    /// Its objects as files hold them, with what a mesh sets in them.
    pub(crate) fn tree(&self, wanted: &Objects) -> Vec<Value> {
        let config_map = |name: &str, data: Value| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": data,
                "metadata": {"name": name, "namespace": ROOT},
            })
        };
        let mut deployment = self.deployment.clone();
        deployment["apiVersion"] = "apps/v1".into();
        deployment["kind"] = "Deployment".into();
        let networks = wanted.mesh_networks.to_string();
        let mesh = json!({"mesh": self.mesh_with(&wanted.mesh_config), "meshNetworks": networks});
        let labels = wanted.network.as_ref().map(|network| json!({"topology.istio.io/network": network}));
        let mut tree = vec![
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ROOT, "labels": labels}}),
            config_map("istio", mesh),
            config_map("istio-sidecar-injector", json!({"values": self.values(&wanted.injected_network)})),
            deployment,
        ];
        tree.extend(self.secrets.iter().cloned());
        tree
    }
}
