//! Real proxies: Envoy, started and configured by the real pilot-agent, in the place of a pod of a fixture mesh: a
//! sidecar, or a gateway where the arguments of the pod's `istio-proxy` say so.
//!
//! All pods of the lab share one network, so an Envoy may not listen on every address: what it binds to the
//! wildcard goes to the pod's address, and what it binds to localhost to the pod's loopback address.

use std::{fs, net::Ipv4Addr, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{Lab, certs, namespace::Server, run};

/// Port of Envoy's admin pages.
pub const ADMIN_PORT: u16 = 15000;

/// A running proxy; it ends with this value.
#[derive(Debug)]
pub struct Proxy(Server);

impl Proxy {
    /// Starts the sidecar of a running pod and returns when Envoy has its configuration; the pod's port 15000 then
    /// answers through `kubectl port-forward`.
    pub(crate) fn start(lab: &Lab, cluster: &str, namespace: &str, pod: &str) -> Result<Self> {
        let text = lab.kubectl_output(cluster, ["-n", namespace, "get", "pod", pod, "-o", "json"])?;
        let live: Value = serde_json::from_str(&text).context("kubectl wrote no JSON")?;
        let address =
            live["status"]["podIP"].as_str().with_context(|| format!("pod {pod} has no address"))?;
        let Some(rest) = address.strip_prefix("172.30.") else {
            bail!("{address} of pod {pod} is no address of the lab");
        };
        let inside = format!("127.30.{rest}");
        // A short name: the agent's sockets are below, and their paths may not exceed 107 bytes.
        let directory = lab.directory().join("proxies").join(address);
        prepare(lab, &directory, cluster, &live, &inside, address)?;
        forward_admin_port(lab, cluster, namespace, pod, &inside)?;
        let environment = environment(lab, &directory, cluster, &live, address)?;
        let name = format!("{cluster}-{namespace}-{pod}-proxy");
        let mut proxy = Self(lab.start_server(&name, "pilot-agent", |command| {
            command.args(["proxy", role(&live)]).envs(environment).current_dir(&directory);
        })?);
        // A forward does not outlive a connection that is refused, so each try has its own.
        let ready = || lab.port_forward(cluster, namespace, pod, ADMIN_PORT)?.get("/ready");
        proxy.0.wait_until("Envoy was ready", || ready().is_ok_and(|(code, _)| code == 200))?;
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // With what it started: an agent that is killed leaves its Envoy behind.
        if let Err(error) = self.0.kill() {
            run::say(&format!("lab: {error:#}"));
        }
    }
}

/// The container `istio-proxy` that stands among the others, as that of a gateway does.
fn proxy_container(pod: &Value) -> Option<&Value> {
    pod["spec"]["containers"].as_array()?.iter().find(|container| container["name"] == "istio-proxy")
}

fn role(pod: &Value) -> &'static str {
    let arguments = proxy_container(pod).and_then(|container| container["args"].as_array());
    let is_router = arguments.is_some_and(|arguments| arguments.iter().any(|argument| argument == "router"));
    if is_router { "router" } else { "sidecar" }
}

/// What a gateway's template tells the agent about networks.
fn network_view(pod: &Value) -> Option<String> {
    let variables = proxy_container(pod)?["env"].as_array()?;
    let view = variables.iter().find(|variable| variable["name"] == NETWORK_VIEW)?;
    view["value"].as_str().map(str::to_owned)
}

/// The variable by which a gateway between networks sees the endpoints of its own only.
const NETWORK_VIEW: &str = "ISTIO_META_REQUESTED_NETWORK_VIEW";

/// Files that a kubelet would mount.
fn prepare(
    lab: &Lab,
    directory: &Path,
    cluster: &str,
    pod: &Value,
    inside: &str,
    address: &str,
) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        let parent = path.parent().context("a file below a directory has a parent")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        certs::write(&path, text)
    };
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default");
    let token = ["-n", namespace, "create", "token", account, "--audience=istio-ca", "--duration=24h"];
    write("var/run/secrets/tokens/istio-token", lab.kubectl_output(cluster, token)?.trim())?;
    let root =
        ["-n", namespace, "get", "configmap", "istio-ca-root-cert", "-o", r"jsonpath={.data.root-cert\.pem}"];
    write("var/run/secrets/istio/root-cert.pem", &lab.kubectl_output(cluster, root)?)?;
    let template = lab.share("istio", "envoy_bootstrap_tmpl.json")?;
    let text =
        fs::read_to_string(&template).with_context(|| format!("cannot read {}", template.display()))?;
    ensure!(text.contains("{{ .localhost }}"), "Istio's bootstrap template has another shape than expected");
    let text = text.replace("{{ .localhost }}", inside).replace("{{ .wildcard }}", address);
    write("var/lib/istio/envoy/envoy_bootstrap_tmpl.json", &text)
}

fn environment(
    lab: &Lab,
    directory: &Path,
    cluster: &str,
    pod: &Value,
    address: &str,
) -> Result<Vec<(&'static str, String)>> {
    let istiod = lab.cluster(cluster)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let configuration = json!({
        "discoveryAddress": format!("{}:15012", istiod.istiod_address()),
        "binaryPath": lab.program("envoy")?,
        "configPath": directory.join("etc"),
        "statusPort": status_port(address)?,
        "concurrency": 1,
    });
    let view = network_view(pod).map(|view| (NETWORK_VIEW, view));
    let own = vec![
        ("POD_NAME", text(&pod["metadata"]["name"])),
        ("POD_NAMESPACE", text(&pod["metadata"]["namespace"])),
        ("SERVICE_ACCOUNT", text(&pod["spec"]["serviceAccountName"])),
        ("INSTANCE_IP", address.to_owned()),
        ("ISTIO_META_CLUSTER_ID", istiod.name.clone()),
        ("ISTIO_META_NETWORK", istiod.network.clone()),
        ("ISTIO_META_MESH_ID", "mesh1".to_owned()),
        ("ISTIO_META_NODE_NAME", text(&pod["spec"]["nodeName"])),
        ("ISTIO_METAJSON_LABELS", pod["metadata"]["labels"].to_string()),
        ("ISTIOD_SAN", "istiod.istio-system.svc".to_owned()),
        ("PROXY_CONFIG", configuration.to_string()),
    ];
    Ok(own.into_iter().chain(view).collect())
}

/// The agent's own port, which it opens on every address: one per pod of the lab.
fn status_port(address: &str) -> Result<u16> {
    let [.., cluster, host] =
        address.parse::<Ipv4Addr>().context("the pod's address is none of IPv4")?.octets();
    Ok(20000 + u16::from(cluster) * 256 + u16::from(host))
}

/// Makes kwok lead forwards of the admin port to the pod's loopback address.
fn forward_admin_port(lab: &Lab, cluster: &str, namespace: &str, pod: &str, inside: &str) -> Result<()> {
    let forward = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "PortForward",
        "metadata": {"name": pod, "namespace": namespace},
        "spec": {"forwards": [{"ports": [ADMIN_PORT], "target": {"address": inside, "port": ADMIN_PORT}}]},
    });
    let output = lab.apply(cluster, &forward.to_string())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
