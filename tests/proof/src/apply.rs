//! Makes a cluster of the lab what a generated mesh says, by writing what differs from the mesh before.
//!
//! Namespaces and nodes stay. Each write goes through the real API server with its admission by istiod. Kept for each
//! object: when the server made it, since rules of one host count by age, and the labels that it gave it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mesh_lab::Lab;
use serde_json::{Value, json};

use crate::api::{Api, path_of};
use crate::generate::{self, NAMESPACES, Objects, ROOT};
use crate::installed::Installed;
use crate::sentinel;

/// Requests that are under way to one API server.
const AT_ONCE: usize = 12;

pub(crate) const SYSTEM: &str = "/api/v1/namespaces/istio-system";
const TRAFFIC_DISTRIBUTION: &str = "networking.istio.io/traffic-distribution";

/// What the server adds to an object, and istiod reads.
struct Made {
    created: Value,
    /// With those of the node's topology, which a pod gets from admission.
    labels: Value,
}

impl Made {
    fn of(object: &Value) -> Self {
        let metadata = &object["metadata"];
        Self { created: metadata["creationTimestamp"].clone(), labels: metadata["labels"].clone() }
    }
}

/// What one cluster holds by now.
pub struct Site {
    /// Name of the cluster.
    pub name: String,
    api: Api,
    installed: Installed,
    written: BTreeMap<String, Value>,
    made: BTreeMap<String, Made>,
    patched: BTreeMap<String, Value>,
    /// Number of the newest sentinels.
    pub generation: u32,
    /// Something is still to be written.
    is_behind: bool,
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
            made: BTreeMap::new(),
            patched: BTreeMap::new(),
            generation: 0,
            is_behind: false,
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
        for guard in sentinel::guards() {
            site.api.apply(&guard).await?;
        }
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

    /// Takes away what is gone and writes Services, with the sentinel of a new number behind them; nothing when the
    /// cluster is as wanted already.
    ///
    /// Services come first, as where controllers write slices: of a slice that istiod reads before its Service it
    /// takes terminating endpoints for unready ones, and does not look again.
    pub async fn begin(&mut self, wanted: &Objects) -> Result<()> {
        let objects = by_path(wanted)?;
        self.is_behind = self.written != objects || self.patched != self.patches(wanted);
        if !self.is_behind {
            return Ok(());
        }
        self.generation += 1;
        self.remove(&objects).await?;
        let is_service = |object: &Value| object["kind"] == "Service";
        self.write(objects.iter().filter(|(_, object)| is_service(object))).await?;
        self.api.apply(&sentinel::service(&self.name, self.generation)).await?;
        Ok(())
    }

    /// Writes the rest, then the other sentinels.
    pub async fn finish(&mut self, wanted: &Objects, epoch: u64) -> Result<()> {
        if !self.is_behind {
            return Ok(());
        }
        let patches = self.patches(wanted);
        let changed: Vec<_> = patches
            .iter()
            .filter(|(path, patch)| **path != mesh_path() && self.patched.get(*path) != Some(patch))
            .collect();
        for_each(&changed, |(path, patch)| self.api.merge(path, patch)).await?;
        self.patched = patches;
        self.write(by_path(wanted)?.iter()).await?;
        self.mark(wanted, epoch).await
    }

    /// Writes all sentinels again, with a new number.
    pub async fn tell_again(&mut self, wanted: &Objects, epoch: u64) -> Result<()> {
        self.generation += 1;
        self.api.apply(&sentinel::service(&self.name, self.generation)).await?;
        self.mark(wanted, epoch).await
    }

    /// Deletes what is gone, what cannot be changed into what is wanted, and the slices of Services that change.
    async fn remove(&mut self, objects: &BTreeMap<String, Value>) -> Result<()> {
        let changed: BTreeSet<String> = objects
            .iter()
            .filter(|(path, object)| object["kind"] == "Service" && self.written.get(*path) != Some(object))
            .map(|(path, _)| path.clone())
            .collect();
        let gone = self.written.iter().filter(|(path, old)| match objects.get(*path) {
            None => true,
            // Null: it was refused, and what it holds is not known.
            Some(new) => {
                old.is_null()
                    || is_replaced(old, new)
                    || service_path(new).is_some_and(|path| changed.contains(&path))
            }
        });
        let gone: Vec<String> = gone.map(|(path, _)| path.clone()).collect();
        for_each(&gone, |path| self.api.delete(path)).await?;
        for path in &gone {
            self.written.remove(path);
            self.made.remove(path);
        }
        Ok(())
    }

    async fn write(&mut self, objects: impl Iterator<Item = (&String, &Value)>) -> Result<()> {
        let changed: Vec<(&String, &Value)> =
            objects.filter(|(path, object)| self.written.get(*path) != Some(object)).collect();
        let made = for_each_alone(&changed, |(_, object)| self.api.apply(object)).await;
        let mut outcome = Ok(());
        for ((path, object), made) in changed.iter().zip(made) {
            match made {
                Ok(made) => {
                    self.written.insert((*path).clone(), (*object).clone());
                    self.made.insert((*path).clone(), Made::of(&made));
                }
                Err(error) => {
                    self.written.insert((*path).clone(), Value::Null);
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    /// Changes of namespaces and ConfigMaps, which others own, by path. The mesh config carries a sentinel and is
    /// written with them.
    fn patches(&self, wanted: &Objects) -> BTreeMap<String, Value> {
        let values = self.installed.values(&wanted.injected_network);
        let mut patches = BTreeMap::from([
            (
                SYSTEM.to_owned(),
                json!({"metadata": {"labels": {"topology.istio.io/network": wanted.network}}}),
            ),
            (format!("{SYSTEM}/configmaps/istio-sidecar-injector"), json!({"data": {"values": values}})),
            (mesh_path(), self.mesh_patch(wanted, 0)),
        ]);
        for (namespace, value) in &wanted.distributions {
            let patch = json!({"metadata": {"annotations": {TRAFFIC_DISTRIBUTION: value}}});
            patches.insert(format!("/api/v1/namespaces/{namespace}"), patch);
        }
        patches
    }

    /// A network without endpoints says the number too: so the networks change each time, and istiod looks at gateways
    /// again. Those that DNS clusters use it renews only where the others stay as they are (`istio:
    /// pilot/pkg/model/network.go: reload`), and so one change late.
    fn mesh_patch(&self, wanted: &Objects, generation: u32) -> Value {
        let mut mesh = wanted.mesh_config.clone();
        mesh["connectTimeout"] = sentinel::timeout(generation).into();
        let mut networks = wanted.mesh_networks.clone();
        networks["networks"][format!("mark-{generation}")] = json!({"endpoints": [], "gateways": []});
        json!({"data": {"mesh": self.installed.mesh_with(&mesh), "meshNetworks": networks.to_string()}})
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
        self.api.merge(&mesh_path(), &self.mesh_patch(wanted, generation)).await
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
            if let Some(made) = self.made.get(&path_of(&object)?) {
                object["metadata"]["creationTimestamp"] = made.created.clone();
                object["metadata"]["labels"] = made.labels.clone();
            }
            tree.push(object);
        }
        Ok(tree)
    }
}

fn mesh_path() -> String {
    format!("{SYSTEM}/configmaps/istio")
}

fn by_path(wanted: &Objects) -> Result<BTreeMap<String, Value>> {
    wanted.objects.iter().map(|object| Ok((path_of(object)?, object.clone()))).collect()
}

/// The Service of a slice.
fn service_path(object: &Value) -> Option<String> {
    let name = object["metadata"]["labels"]["kubernetes.io/service-name"].as_str()?;
    let namespace = object["metadata"]["namespace"].as_str()?;
    Some(format!("/api/v1/namespaces/{namespace}/services/{name}"))
}

/// A change that is made by deleting first: of a Service's address or type, which the API server refuses; and those
/// that an istiod does not see whole. It keeps a gateway whose last address is gone, and 1.30 keeps a WorkloadEntry
/// with the Service that selected it before. Server-side apply makes null of an object that loses its last field.
fn is_replaced(old: &Value, new: &Value) -> bool {
    let differs = |part: &str, key: &str| old[part][key] != new[part][key];
    match old["kind"].as_str() {
        Some("Service") => {
            differs("spec", "clusterIP")
                || differs("spec", "type")
                || (old["spec"]["type"] == "LoadBalancer" && old != new)
        }
        Some("WorkloadEntry") => old != new,
        Some("DestinationRule") => old != new && new.to_string().contains("{}"),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn service(address: &str, ingress: &[&str]) -> Value {
        json!({
            "kind": "Service", "spec": {"type": "LoadBalancer", "clusterIP": address}, "status": {"ingress": ingress},
        })
    }

    #[test]
    fn what_no_server_changes_or_no_istiod_sees_is_replaced() {
        assert!(is_replaced(&service("None", &[]), &service("", &[])));
        assert!(is_replaced(&service("", &["240.0.0.1"]), &service("", &[])));
        assert!(!is_replaced(&service("", &["240.0.0.1"]), &service("", &["240.0.0.1"])));
        let entry = |label: &str| json!({"kind": "WorkloadEntry", "spec": {"labels": {"app": label}}});
        assert!(is_replaced(&entry("a"), &entry("b")));
        let rule =
            |detection: Value| json!({"kind": "DestinationRule", "spec": {"outlierDetection": detection}});
        assert!(is_replaced(&rule(json!({"interval": "5s"})), &rule(json!({}))));
        assert!(!is_replaced(&rule(json!({})), &rule(json!({"interval": "5s"}))));
    }

    #[test]
    fn a_slice_leads_to_its_service() {
        let slice = json!({"metadata": {"namespace": "shop", "labels": {"kubernetes.io/service-name": "a"}}});
        assert_eq!(service_path(&slice).as_deref(), Some("/api/v1/namespaces/shop/services/a"));
        assert_eq!(service_path(&service("", &[])), None);
    }
}
