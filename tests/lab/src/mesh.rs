//! Applies fixture meshes to the lab and takes them away. The same trees are the input of tests on files, so
//! they hold nothing that only the lab would understand, and what the lab makes of them has the same names.

use std::{collections::BTreeMap, fs::File, path::Path, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    Lab, kwok, pods,
    run::say,
    state,
    tree::{self, is, name, namespace, service_of_slice},
};

/// A mesh in the lab. Other tests that apply one wait for the end of this value, which takes the mesh away.
#[derive(Debug)]
pub struct AppliedMesh {
    lab: Lab,
    objects: BTreeMap<String, Vec<Value>>,
    _lock: File,
}

impl AppliedMesh {
    pub(crate) fn apply(lab: &Lab, tree: &Path) -> Result<Self> {
        let objects = tree::read(tree)?;
        for cluster in objects.keys() {
            lab.cluster(cluster)?;
        }
        let lock = lab.exclusive()?;
        // Made first: a mesh that is half applied is taken away too.
        let mesh = Self { lab: lab.clone(), objects, _lock: lock };
        let names: Vec<_> = mesh.objects.keys().collect();
        state::each(&names, |cluster| {
            let objects = &mesh.objects[*cluster];
            apply(lab, cluster, objects)
                .with_context(|| format!("cannot apply {} to {cluster}", tree.display()))?;
            wait_for_endpoints(lab, cluster, objects)
        })?;
        Ok(mesh)
    }

    /// Leaves the mesh in the lab; [`reset`] takes it away.
    pub fn keep(mut self) {
        self.objects.clear();
    }
}

impl Drop for AppliedMesh {
    fn drop(&mut self) {
        if let Err(error) = delete_all(&self.lab, &self.objects) {
            say(&format!("lab: {error:#}"));
        }
    }
}

/// Deletes what a tree holds, except the namespaces that every cluster has.
pub fn reset(lab: &Lab, tree: &Path) -> Result<()> {
    delete_all(lab, &tree::read(tree)?)
}

/// Namespaces and nodes; then the rest; then pods; then every status that the tree holds.
fn apply(lab: &Lab, cluster: &str, objects: &[Value]) -> Result<()> {
    let (first, rest): (Vec<_>, Vec<_>) =
        objects.iter().partition(|object| is(object, "v1", &["Namespace", "Node"]));
    let (pods, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|object| is(object, "v1", &["Pod"]));
    let (slices, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|object| service_of_slice(object).is_some());
    server_side(lab, cluster, &[], first.into_iter().map(without_status))?;
    // A Service without a selector gets no EndpointSlices of the controllers' own naming.
    let has_slice = |service: &Value| {
        let mut services = slices.iter().map(|slice| (namespace(slice), service_of_slice(slice)));
        services.any(|owner| owner == (namespace(service), Some(name(service))))
    };
    server_side(
        lab,
        cluster,
        &[],
        rest.iter().map(|object| {
            let mut new = without_status(object);
            if is(object, "v1", &["Service"])
                && has_slice(object)
                && let Some(spec) = new["spec"].as_object_mut()
            {
                spec.remove("selector");
            }
            new
        }),
    )?;
    let owned = slices.iter().map(|slice| owned_slice(lab, cluster, slice)).collect::<Result<Vec<_>>>()?;
    server_side(lab, cluster, &[], owned.into_iter())?;
    wait_for_accounts(lab, cluster, &pods)?;
    // Pods of an earlier apply are replaced: what the injector made of them cannot be changed into itself again.
    delete_objects(lab, cluster, &pods)?;
    server_side(
        lab,
        cluster,
        &[],
        pods.iter().map(|pod| {
            let mut new = without_status(pod);
            if pod["status"].is_object() {
                new["metadata"]["annotations"][kwok::OWN_STATUS] = "tree".into();
            }
            new
        }),
    )?;
    let statuses = objects.iter().filter(|object| object["status"].is_object());
    let statuses = statuses.map(|object| status_only(lab, cluster, object)).collect::<Result<Vec<_>>>()?;
    server_side(lab, cluster, &["--subresource=status"], statuses.into_iter())?;
    let services = rest.iter().filter(|object| is(object, "v1", &["Service"]) && has_slice(object));
    server_side(lab, cluster, &[], services.map(|service| without_status(service)))
}

fn server_side(lab: &Lab, cluster: &str, flags: &[&str], objects: impl Iterator<Item = Value>) -> Result<()> {
    let items: Vec<_> = objects.collect();
    if items.is_empty() {
        return Ok(());
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager=mesh-lab", "-f", "-"];
    let output = lab.kubectl_with_input(cluster, arguments.iter().chain(flags), &list)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn without_status(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    object
}

/// The controllers take over a slice that belongs to the Service, and delete one that does not.
fn owned_slice(lab: &Lab, cluster: &str, slice: &Value) -> Result<Value> {
    let service = service_of_slice(slice).unwrap_or_default();
    let uid = lab.kubectl_output(
        cluster,
        ["-n", namespace(slice), "get", "service", service, "-o", "jsonpath={.metadata.uid}"],
    )?;
    let mut slice = slice.clone();
    slice["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "Service", "name": service, "uid": uid, "controller": true,
        "blockOwnerDeletion": true,
    }]);
    Ok(slice)
}

/// The tree's status; for a pod that is ready, with what a kubelet would report beside.
fn status_only(lab: &Lab, cluster: &str, object: &Value) -> Result<Value> {
    let mut status = object["status"].clone();
    if is(object, "v1", &["Pod"]) && pods::is_ready(&status) {
        let text =
            lab.kubectl_output(cluster, ["-n", namespace(object), "get", "pod", name(object), "-o", "json"])?;
        // The live pod: the injector may have added containers.
        let live = serde_json::from_str(&text).context("kubectl wrote no JSON")?;
        let address = status["podIP"].as_str().context("a ready pod of the tree has no status.podIP")?;
        let mut full = pods::running_status(&live, address, &lab.address(cluster)?);
        for (key, value) in status.as_object().into_iter().flatten().filter(|(key, _)| *key != "conditions") {
            full[key] = value.clone();
        }
        status = full;
    }
    let metadata = json!({"name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"]});
    Ok(json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": metadata, "status": status,
    }))
}

/// Pods are refused until the controllers have made their namespace's account.
fn wait_for_accounts(lab: &Lab, cluster: &str, pods: &[&Value]) -> Result<()> {
    let mut namespaces: Vec<_> = pods.iter().map(|pod| namespace(pod)).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        lab.kubectl_output(cluster, ["-n", namespace, "wait", "--for=create", "serviceaccount/default"])?;
    }
    Ok(())
}

/// Waits until the controllers have found every pod that a Service of the tree selects.
fn wait_for_endpoints(lab: &Lab, cluster: &str, objects: &[Value]) -> Result<()> {
    let pods: Vec<_> = objects.iter().filter(|object| is(object, "v1", &["Pod"])).collect();
    for service in objects.iter().filter(|object| is(object, "v1", &["Service"])) {
        let Some(selector) = service["spec"]["selector"].as_object() else { continue };
        let selected = |pod: &Value| {
            namespace(pod) == namespace(service)
                && pod["status"]["phase"] != "Pending"
                && selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
        };
        let expected = pods.iter().filter(|pod| selected(pod)).count();
        let label = format!("kubernetes.io/service-name={}", name(service));
        let mut waits = 0;
        while endpoints(lab, cluster, namespace(service), &label)? < expected {
            let owner = format!("{}/{}", namespace(service), name(service));
            ensure!(
                waits < 900,
                "{cluster}: Service {owner} has not all of its {expected} endpoints after 3 minutes"
            );
            waits += 1;
            thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

fn endpoints(lab: &Lab, cluster: &str, namespace: &str, label: &str) -> Result<usize> {
    let text =
        lab.kubectl_output(cluster, ["-n", namespace, "get", "endpointslices", "-l", label, "-o", "json"])?;
    let list: Value = serde_json::from_str(&text).context("kubectl wrote no JSON")?;
    let slices = list["items"].as_array().into_iter().flatten();
    Ok(slices.filter_map(|slice| slice["endpoints"].as_array()).map(Vec::len).sum())
}

/// Takes five seconds when there is a namespace: so long the controller waits before it empties one.
fn delete(lab: &Lab, cluster: &str, objects: &[Value]) -> Result<()> {
    let own = objects.iter().filter(|object| !belongs_to_the_cluster(object));
    // Nodes last: kwok plays the kubelet that ends a pod, and plays none for a node that is gone.
    let (nodes, rest): (Vec<_>, Vec<_>) = own.partition(|object| is(object, "v1", &["Node"]));
    delete_objects(lab, cluster, &rest)?;
    delete_objects(lab, cluster, &nodes)
}

fn delete_objects(lab: &Lab, cluster: &str, objects: &[&Value]) -> Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let output =
        lab.kubectl_with_input(cluster, ["delete", "--ignore-not-found", "--timeout=3m", "-f", "-"], &list)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn delete_all(lab: &Lab, objects: &BTreeMap<String, Vec<Value>>) -> Result<()> {
    let names: Vec<_> = objects.keys().collect();
    state::each(&names, |cluster| {
        delete(lab, cluster, &objects[*cluster]).with_context(|| format!("{cluster} keeps parts of a mesh"))
    })
}

/// Namespaces that every cluster has; a tree only labels them.
fn belongs_to_the_cluster(object: &Value) -> bool {
    let name = name(object);
    is(object, "v1", &["Namespace"])
        && (matches!(name, "default" | "istio-system") || name.starts_with("kube-"))
}
