//! Makes a cluster of the lab what a generated mesh says, by writing what differs from the mesh before.
//!
//! Namespaces and nodes stay. Each write goes through the real API server with its admission by istiod. Kept for each
//! object: when the server made it, since rules of one host count by age.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mesh_lab::Lab;
use serde_json::{Value, json};

use crate::api::{Api, path_of};
use crate::generate::{self, NAMESPACES, Objects, ROOT};
use crate::sentinel;

/// Requests that are under way to one API server.
const AT_ONCE: usize = 12;

const SYSTEM: &str = "/api/v1/namespaces/istio-system";
const TRAFFIC_DISTRIBUTION: &str = "networking.istio.io/traffic-distribution";

/// Objects that istiod's installation made and a proof reads.
struct Installed {
    deployment: Value,
    injector: Value,
    mesh: Value,
    secrets: Vec<Value>,
}

/// What one cluster holds by now.
pub struct Site {
    /// Name of the cluster.
    pub name: String,
    api: Api,
    installed: Installed,
    written: BTreeMap<String, Value>,
    created: BTreeMap<String, String>,
    patched: BTreeMap<String, Value>,
    /// Number of the newest sentinels.
    pub generation: u32,
}

impl Site {
    /// Prepares a cluster: nodes and namespaces, and nothing of an earlier proof.
    pub async fn prepare(lab: &Lab, name: &str) -> Result<Self> {
        let api = Api::connect(lab, name).await?;
        let site = Self {
            name: name.to_owned(),
            installed: Installed::read(&api).await?,
            api,
            written: BTreeMap::new(),
            created: BTreeMap::new(),
            patched: BTreeMap::new(),
            generation: 0,
        };
        let namespaces = NAMESPACES.iter().chain([&sentinel::NAMESPACE]);
        let namespaces = namespaces
            .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        for object in namespaces.chain(generate::nodes()) {
            site.api.apply(&object).await?;
        }
        for namespace in NAMESPACES.iter().chain([&sentinel::NAMESPACE]) {
            site.wait_for_account(namespace).await?;
        }
        site.clear().await?;
        Ok(site)
    }

    /// Pods are refused until the controllers have made the account of their namespace.
    async fn wait_for_account(&self, namespace: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        while self.api.get(&path).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        Ok(())
    }

    async fn clear(&self) -> Result<()> {
        let kinds = [
            "/apis/networking.istio.io/v1/destinationrules",
            "/apis/networking.istio.io/v1/serviceentries",
            "/apis/networking.istio.io/v1/workloadentries",
            "/apis/security.istio.io/v1/peerauthentications",
            "/api/v1/services",
            "/api/v1/pods",
            "/apis/discovery.k8s.io/v1/endpointslices",
        ];
        for kind in kinds {
            let list = self.api.get(kind).await?;
            for item in list["items"].as_array().into_iter().flatten() {
                let text = |key: &str| item["metadata"][key].as_str().unwrap_or_default().to_owned();
                let (namespace, name) = (text("namespace"), text("name"));
                let is_ours = NAMESPACES.contains(&&*namespace)
                    || namespace == sentinel::NAMESPACE
                    || (namespace == ROOT && !name.starts_with("istiod"));
                if is_ours {
                    let (root, plural) = kind.rsplit_once('/').context("a kind has a path")?;
                    self.api.delete(&format!("{root}/namespaces/{namespace}/{plural}/{name}")).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes what differs, then the sentinels. Returns the number of writes.
    pub async fn apply(&mut self, wanted: &Objects, epoch: u64) -> Result<usize> {
        let mut objects = BTreeMap::new();
        for object in &wanted.objects {
            objects.insert(path_of(object)?, object.clone());
        }
        let before = self.writes(&objects).await? + self.patches(wanted).await?;
        if before > 0 {
            self.generation += 1;
            self.mark(wanted, epoch).await?;
        }
        Ok(before)
    }

    async fn writes(&mut self, objects: &BTreeMap<String, Value>) -> Result<usize> {
        let gone = self.written.iter().filter(|(path, old)| match objects.get(*path) {
            None => true,
            // Null: it was refused, and what it holds is not known.
            Some(new) => old.is_null() || is_another_service(old, new),
        });
        let gone: Vec<String> = gone.map(|(path, _)| path.clone()).collect();
        for_each(&gone, |path| self.api.delete(path)).await?;
        for path in &gone {
            self.written.remove(path);
            self.created.remove(path);
        }
        let changed: Vec<(&String, &Value)> =
            objects.iter().filter(|(path, object)| self.written.get(*path) != Some(object)).collect();
        let made = for_each_alone(&changed, |(_, object)| self.api.apply(object)).await;
        let mut outcome = Ok(gone.len() + changed.len());
        for ((path, object), made) in changed.iter().zip(made) {
            match made {
                Ok(made) => {
                    let created = made["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
                    self.written.insert((*path).clone(), (*object).clone());
                    self.created.insert((*path).clone(), created.to_owned());
                }
                Err(error) => {
                    self.written.insert((*path).clone(), Value::Null);
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    /// Changes namespaces and ConfigMaps, which others own.
    async fn patches(&mut self, wanted: &Objects) -> Result<usize> {
        let mut patches = vec![
            (
                SYSTEM.to_owned(),
                json!({"metadata": {"labels": {"topology.istio.io/network": wanted.network}}}),
            ),
            (
                format!("{SYSTEM}/configmaps/istio-sidecar-injector"),
                json!({"data": {"values": self.installed.values(&wanted.injected_network)}}),
            ),
        ];
        for (namespace, value) in &wanted.distributions {
            let patch = json!({"metadata": {"annotations": {TRAFFIC_DISTRIBUTION: value}}});
            patches.push((format!("/api/v1/namespaces/{namespace}"), patch));
        }
        patches.retain(|(path, patch)| self.patched.get(path) != Some(patch));
        let networks = wanted.mesh_networks.to_string();
        let mesh = json!([wanted.mesh_config, networks]);
        let config = self.patched.get("mesh") != Some(&mesh);
        for_each(&patches, |(path, patch)| self.api.merge(path, patch)).await?;
        let count = patches.len() + usize::from(config);
        self.patched.extend(patches);
        self.patched.insert("mesh".to_owned(), mesh);
        Ok(count)
    }

    /// Writes the sentinels of a new generation: each is the last write of its kind.
    async fn mark(&mut self, wanted: &Objects, epoch: u64) -> Result<()> {
        let (generation, name) = (self.generation, self.name.clone());
        let marks = sentinel::objects(&name, generation, epoch);
        for_each(&marks, |object| self.api.apply(object)).await?;
        let namespace = format!("/api/v1/namespaces/{}", sentinel::NAMESPACE);
        let patch =
            json!({"metadata": {"annotations": {TRAFFIC_DISTRIBUTION: sentinel::distribution(generation)}}});
        self.api.merge(&namespace, &patch).await?;
        let mut mesh = wanted.mesh_config.clone();
        mesh["connectTimeout"] = sentinel::timeout(generation).into();
        let data = json!({
            "data": {"mesh": self.installed.mesh_with(&mesh), "meshNetworks": wanted.mesh_networks.to_string()},
        });
        self.api.merge(&format!("{SYSTEM}/configmaps/istio"), &data).await
    }

    /// The cluster as files hold it.
    pub fn tree(&self, wanted: &Objects) -> Result<Vec<Value>> {
        let mut tree = self.installed.tree(wanted);
        tree.extend(generate::nodes());
        tree.extend(wanted.distributions.iter().map(|(name, value)| {
            let annotations = value.map(|value| json!({TRAFFIC_DISTRIBUTION: value}));
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}})
        }));
        for object in &wanted.objects {
            let mut object = object.clone();
            if let Some(created) = self.created.get(&path_of(&object)?) {
                object["metadata"]["creationTimestamp"] = created.as_str().into();
            }
            tree.push(object);
        }
        Ok(tree)
    }
}

impl Installed {
    async fn read(api: &Api) -> Result<Self> {
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

    fn mesh_with(&self, more: &Value) -> String {
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

    fn values(&self, network: &str) -> String {
        let text = self.injector["data"]["values"].as_str().unwrap_or("{}");
        let mut values: Value = serde_json::from_str(text).unwrap_or_default();
        values["global"]["network"] = network.into();
        values.to_string()
    }

    fn tree(&self, wanted: &Objects) -> Vec<Value> {
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

/// A change that the API server refuses: the address or type of a Service.
fn is_another_service(old: &Value, new: &Value) -> bool {
    let spec = |object: &Value, key: &str| object["spec"][key].clone();
    old["kind"] == "Service" && ["clusterIP", "type"].iter().any(|key| spec(old, key) != spec(new, key))
}

/// Does the same to all, some at once; results in the order of `all`.
async fn for_each<'a, T, R, F>(all: &'a [T], work: impl Fn(&'a T) -> F) -> Result<Vec<R>>
where
    F: Future<Output = Result<R>>,
{
    stream::iter(all.iter().map(work)).buffered(AT_ONCE).try_collect().await
}

/// As [`for_each`], and each failure is its own.
async fn for_each_alone<'a, T, R, F>(all: &'a [T], work: impl Fn(&'a T) -> F) -> Vec<Result<R>>
where
    F: Future<Output = Result<R>>,
{
    stream::iter(all.iter().map(work)).buffered(AT_ONCE).collect().await
}
