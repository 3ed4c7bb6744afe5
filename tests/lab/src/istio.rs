//! Installs Istio as its users do, by the real charts and the real helm, and runs istiod as its Deployment says.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    certs::{self, Authority},
    kubectl::{self, Kubectl},
    kwok,
    namespace::{self, Server},
    pods,
    programs::ISTIO_VERSION,
    run, servers,
    state::{Cluster, State},
};

/// Name of the istiod pod. No Deployment controller runs, so no ReplicaSet's hash is in it.
pub(crate) const ISTIOD_POD: &str = "istiod-lab";

/// Packs the charts with the version a release would have: in the source tree they are all 1.0.0.
pub(crate) fn pack_charts(directory: &Path, state: &State) -> Result<()> {
    for chart in ["base", "istiod", "gateway"] {
        let mut helm = Command::new(state.toolbox.program("helm")?);
        helm.arg("package").arg(state.toolbox.share("istio", &format!("charts/{chart}"))?);
        helm.args(["--version", ISTIO_VERSION, "--app-version", ISTIO_VERSION, "--destination"]);
        run::checked(helm.arg(directory.join("charts")).env("HOME", directory))?;
    }
    Ok(())
}

/// Installs CRDs and charts and starts istiod.
pub(crate) fn install(directory: &Path, state: &State, cluster: &Cluster, root: &Authority) -> Result<()> {
    let kubectl = Kubectl::new(state, &cluster.name)?;
    let apply = |object: &Value| {
        kubectl.output_with_input(&["apply", "--server-side", "-f", "-"], &object.to_string())
    };
    apply(&json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "istio-system", "labels": {"topology.istio.io/network": cluster.network}},
    }))?;
    let files = servers::cluster_directory(directory, cluster)?;
    apply(&plugged_in_authority(&files, cluster, root)?)?;
    helm_install(directory, state, cluster, "istio-base", "base", &json!({"defaultRevision": "default"}))?;
    helm_install(directory, state, cluster, "istiod", "istiod", &istiod_values(cluster))?;
    let deployment = kubectl.output(&["-n", "istio-system", "get", "deployment", "istiod", "-o", "json"])?;
    let pod = istiod_pod(&serde_json::from_str(&deployment)?, cluster)?;
    let mut server = start_istiod(directory, state, cluster, &pod)?;
    apply(&pod)?;
    let status = json!({"status": pods::running_status(&pod, &cluster.istiod_address(), &cluster.address())});
    kubectl.output(&[
        "-n",
        "istio-system",
        "patch",
        "pod",
        ISTIOD_POD,
        "--subresource=status",
        "--type=merge",
        "-p",
        &status.to_string(),
    ])?;
    let ready =
        json!({"status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}});
    kubectl.output(&[
        "-n",
        "istio-system",
        "patch",
        "deployment",
        "istiod",
        "--subresource=status",
        "--type=merge",
        "-p",
        &ready.to_string(),
    ])?;
    // istiod turns its webhook on only after a call through the API server was refused by it.
    let policy = "jsonpath={.webhooks[*].failurePolicy}";
    server.wait_until("its validation webhook answered", || {
        kubectl
            .output(&["get", "validatingwebhookconfigurations", "istio-validator-istio-system", "-o", policy])
            .is_ok_and(|out| out == "Fail")
    })
}

/// Gives the istiod of `reader` access to the cluster `read`, by the Secret that istioctl makes.
pub(crate) fn add_remote_secret(state: &State, read: &Cluster, reader: &Cluster) -> Result<()> {
    let istioctl = state.toolbox.program("istioctl")?;
    let mut command = kubectl::in_context(state.keeper, istioctl, &state.kubeconfig, &read.name);
    command.args(["create-remote-secret", "--name", &read.name, "--server", &read.server()]);
    let secret = run::output(&mut command)?;
    Kubectl::new(state, &reader.name)?.output_with_input(&["apply", "--server-side", "-f", "-"], &secret)?;
    Ok(())
}

/// Waits until the istiod of `reader` has read all objects of the cluster `read`.
pub(crate) fn wait_for_sync(state: &State, reader: &Cluster, read: &Cluster) -> Result<()> {
    while !has_read(state, &reader.istiod_loopback(), &read.name)? {
        ensure!(state.is_alive(), "the lab ended before {} had read {}", reader.name, read.name);
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Whether the istiod inside the pod at `inside` has read all objects of a cluster.
pub(crate) fn has_read(state: &State, inside: &str, cluster: &str) -> Result<bool> {
    let url = format!("http://{inside}:8080/debug/clusterz");
    let page = debug_page(state, &url)?;
    let clusters: Value = serde_json::from_str(&page).with_context(|| format!("{url} is no JSON: {page}"))?;
    let synced = |entry: &Value| entry["id"] == cluster && entry["syncStatus"] == "synced";
    Ok(clusters.as_array().is_some_and(|all| all.iter().any(synced)))
}

fn debug_page(state: &State, url: &str) -> Result<String> {
    let script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())";
    let mut command = namespace::command(state.keeper, Path::new("python3"));
    run::output(command.args(["-c", script, url]))
}

fn plugged_in_authority(files: &Path, cluster: &Cluster, root: &Authority) -> Result<Value> {
    let own = root.intermediate(&format!("istio-{}", cluster.name))?;
    let entries = [
        ("ca-cert.pem", own.certificate()),
        ("ca-key.pem", own.key()),
        ("root-cert.pem", root.certificate()),
        ("cert-chain.pem", format!("{}{}", own.certificate(), root.certificate())),
    ];
    let mounted = files.join("cacerts");
    fs::create_dir_all(&mounted).with_context(|| format!("cannot create {}", mounted.display()))?;
    for (name, text) in &entries {
        certs::write(&mounted.join(name), text)?;
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cacerts", "namespace": "istio-system"},
        "stringData": serde_json::Map::from_iter(entries.map(|(name, text)| (name.to_owned(), Value::from(text)))),
    }))
}

fn istiod_values(cluster: &Cluster) -> Value {
    json!({
        "global": {
            "hub": "docker.io/istio",
            "tag": ISTIO_VERSION,
            "meshID": "mesh1",
            "multiCluster": {"clusterName": cluster.name},
            "network": cluster.network,
        },
        // The lab's Envoy is upstream's and rejects configuration that names Istio's own filters.
        "env": {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"},
        "telemetry": {"enabled": false},
    })
}

fn helm_install(
    directory: &Path,
    state: &State,
    cluster: &Cluster,
    release: &str,
    chart: &str,
    values: &Value,
) -> Result<()> {
    let file = servers::cluster_directory(directory, cluster)?.join(format!("{release}-values.json"));
    certs::write(&file, &format!("{values:#}\n"))?;
    let mut helm = namespace::command(state.keeper, state.toolbox.program("helm")?);
    helm.env("HOME", directory)
        .arg("--kubeconfig")
        .arg(&state.kubeconfig)
        .args(["--kube-context", &cluster.name]);
    helm.args(["upgrade", "--install", release, "--namespace", "istio-system", "--values"]).arg(&file);
    helm.arg(directory.join("charts").join(format!("{chart}-{ISTIO_VERSION}.tgz")));
    run::checked(&mut helm).with_context(|| format!("cannot install {release} in {}", cluster.name))?;
    Ok(())
}

/// The pod that the Deployment's controllers would make, bound to the lab's node.
fn istiod_pod(deployment: &Value, cluster: &Cluster) -> Result<Value> {
    let template = &deployment["spec"]["template"];
    ensure!(template["spec"].is_object(), "istiod's Deployment has no pod template");
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template["metadata"],
        "spec": template["spec"],
    });
    pod["metadata"]["name"] = ISTIOD_POD.into();
    pod["metadata"]["namespace"] = "istio-system".into();
    pod["metadata"]["annotations"][kwok::OWN_STATUS] = "lab".into();
    pod["spec"]["nodeName"] = kwok::control_node_name(cluster).into();
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        metadata.remove("creationTimestamp");
    }
    Ok(pod)
}

fn start_istiod(directory: &Path, state: &State, cluster: &Cluster, pod: &Value) -> Result<Server> {
    let instance = Instance {
        name: format!("{}-istiod", cluster.name),
        program: state.toolbox.program("pilot-discovery")?,
        address: cluster.istiod_address(),
        inside: cluster.istiod_loopback(),
        flags: &[],
    };
    instance.start(directory, state, cluster, pod)
}

/// Starts another istiod beside the cluster's own: the same flags, mesh config and remote secrets, at addresses of
/// its own. It follows in all elections and leaves the webhooks alone.
pub(crate) fn start_second_istiod(
    directory: &Path,
    state: &State,
    cluster: &Cluster,
    program: &Path,
) -> Result<Server> {
    let kubectl = Kubectl::new(state, &cluster.name)?;
    let deployment = kubectl.output(&["-n", "istio-system", "get", "deployment", "istiod", "-o", "json"])?;
    let mut pod = istiod_pod(&serde_json::from_str(&deployment)?, cluster)?;
    // The identity in elections.
    pod["metadata"]["name"] = "istiod-second".into();
    let instance = Instance {
        name: format!("{}-istiod-second", cluster.name),
        program,
        address: cluster.second_istiod_address(),
        inside: cluster.second_istiod_loopback(),
        flags: &[("INJECTION_WEBHOOK_CONFIG_NAME", ""), ("VALIDATION_WEBHOOK_CONFIG_NAME", "")],
    };
    instance.start(directory, state, cluster, &pod)
}

/// One istiod process.
struct Instance<'a> {
    name: String,
    program: &'a Path,
    /// Address of its pod.
    address: String,
    /// Loopback address that stands for the inside of the pod.
    inside: String,
    /// What its environment has beside that of the Deployment.
    flags: &'a [(&'static str, &'static str)],
}

impl Instance<'_> {
    fn start(self, directory: &Path, state: &State, cluster: &Cluster, pod: &Value) -> Result<Server> {
        let files = servers::cluster_directory(directory, cluster)?;
        let kubeconfig = files.join("istiod-kubeconfig");
        let text = istiod_kubeconfig(directory, state, cluster)?;
        certs::write(&kubeconfig, &text)?;
        let container = &pod["spec"]["containers"][0];
        let environment = environment(container, pod)?;
        let arguments = arguments(container, &self.address, &self.inside);
        Server::start(directory, state.keeper, &self.name, self.program, |command| {
            command.envs(environment).envs(self.flags.iter().copied());
            command.env("ROOT_CA_DIR", files.join("cacerts")).current_dir(&files);
            command.args(arguments).arg("--kubeconfig").arg(&kubeconfig);
        })
    }
}

fn istiod_kubeconfig(directory: &Path, state: &State, cluster: &Cluster) -> Result<String> {
    let token = Kubectl::new(state, &cluster.name)?.output(&[
        "-n",
        "istio-system",
        "create",
        "token",
        "istiod",
        "--duration=24h",
    ])?;
    Ok(servers::kubeconfig(directory, std::slice::from_ref(cluster), token.trim()))
}

/// The container's environment. Left out: the kubeconfig of an external control plane, and what stands for the
/// limits that the container does not have.
fn environment(container: &Value, pod: &Value) -> Result<Vec<(String, String)>> {
    let mut environment = Vec::new();
    for entry in container["env"].as_array().into_iter().flatten() {
        let name = entry["name"].as_str().context("an environment variable of istiod has no name")?;
        if name == "KUBECONFIG" || entry["valueFrom"]["resourceFieldRef"].is_object() {
            continue;
        }
        let value = match entry["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
            None => entry["value"].as_str().unwrap_or_default(),
            Some("metadata.name") => pod["metadata"]["name"].as_str().unwrap_or_default(),
            Some("metadata.namespace") => pod["metadata"]["namespace"].as_str().unwrap_or_default(),
            Some("spec.serviceAccountName") => pod["spec"]["serviceAccountName"].as_str().unwrap_or_default(),
            Some(other) => bail!("istiod's {name} comes from the field {other}, which the lab does not know"),
        };
        environment.push((name.to_owned(), value.to_owned()));
    }
    Ok(environment)
}

/// The container's arguments, with the addresses of this istiod: in a pod each listens on all of them.
fn arguments(container: &Value, pod: &str, inside: &str) -> Vec<String> {
    let given = container["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut arguments: Vec<_> =
        given.filter(|argument| !argument.starts_with("--monitoringAddr")).map(str::to_owned).collect();
    arguments.extend([
        format!("--httpAddr={inside}:8080"),
        format!("--monitoringAddr={inside}:15014"),
        format!("--grpcAddr={pod}:15010"),
        format!("--secureGRPCAddr={pod}:15012"),
        format!("--httpsAddr={pod}:15017"),
        format!("--ctrlz_address={inside}"),
    ]);
    arguments
}
