//! kwok plays the kubelets of all nodes of a cluster: nodes get ready, pods run, port-forwards work.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::{
    certs::Authority,
    kubectl::Kubectl,
    namespace::Server,
    programs::KUBERNETES_VERSION,
    servers,
    state::{Cluster, State},
};

/// Pods with this annotation have the status that somebody wrote; kwok leaves them alone.
pub(crate) const OWN_STATUS: &str = "lab.kubectl-mesh.io/status";

/// Ports of istiod at its pod address; all others it has on its loopback address only, as the debug pages
/// answer nobody else.
const ISTIOD_POD_PORTS: [u16; 3] = [15010, 15012, 15017];
const ISTIOD_LOOPBACK_PORTS: [u16; 2] = [8080, 15014];

/// Starts kwok for one cluster and makes the node that carries the control plane.
pub(crate) fn start(directory: &Path, state: &State, cluster: &Cluster, authority: &Authority) -> Result<()> {
    let files = servers::cluster_directory(directory, cluster)?;
    let (certificate, key) = (files.join("kubelet.pem"), files.join("kubelet.key"));
    authority.write_server(&[&cluster.address()], &certificate, &key)?;
    let configuration = files.join("kwok.yaml");
    fs::write(&configuration, configuration_of(state, cluster)?)
        .with_context(|| format!("cannot write {}", configuration.display()))?;
    let kubectl = Kubectl::new(state, &cluster.name)?;
    let definition = state.toolbox.share("kwok", "portforwards.yaml")?.display().to_string();
    kubectl.output(&["apply", "--server-side", "-f", &definition])?;
    kubectl.output(&["wait", "--for=condition=Established", "-f", &definition])?;
    let address = cluster.address();
    let name = format!("{}-kwok", cluster.name);
    let mut server =
        Server::start(directory, state.keeper, &name, state.toolbox.program("kwok")?, |command| {
            command.arg("--kubeconfig").arg(servers::context_kubeconfig(directory, cluster));
            command.args([
                "--manage-all-nodes=true".to_owned(),
                // Pods with a real Envoy come later than kwok; their forwards are objects in the cluster.
                "--enable-crds=PortForward".to_owned(),
                format!("--node-ip={address}"),
                "--node-port=10250".to_owned(),
                format!("--server-address={address}:10250"),
                format!("--cidr=172.30.{}.128/25", cluster.number),
            ]);
            command.arg("--tls-cert-file").arg(&certificate).arg("--tls-private-key-file").arg(&key);
            command.arg("--config").arg(&configuration);
        })?;
    kubectl.output_with_input(&["apply", "--server-side", "-f", "-"], &control_node(cluster).to_string())?;
    let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
    server.wait_until("its node was ready", || {
        kubectl
            .output(&["get", "node", &control_node_name(cluster), "-o", ready])
            .is_ok_and(|out| out == "True")
    })
}

/// Name of the node that carries the control plane.
pub(crate) fn control_node_name(cluster: &Cluster) -> String {
    format!("{}-control", cluster.name)
}

fn control_node(cluster: &Cluster) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": control_node_name(cluster),
            "labels": {
                "kubernetes.io/hostname": control_node_name(cluster),
                "topology.kubernetes.io/region": cluster.name,
                "topology.kubernetes.io/zone": format!("{}-a", cluster.name),
            },
        },
    })
}

fn configuration_of(state: &State, cluster: &Cluster) -> Result<String> {
    let mut documents = Vec::new();
    for stage in ["node-initialize", "pod-ready", "pod-complete", "pod-delete"] {
        let path = state.toolbox.share("kwok", &format!("{stage}.yaml"))?;
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        documents.push(match stage {
            "pod-ready" => except_own_status(&text)?,
            "node-initialize" => with_kubernetes_version(&text)?,
            _ => text,
        });
    }
    let mut forwards = String::new();
    let targets = [
        (cluster.istiod_address(), ISTIOD_POD_PORTS.as_slice()),
        (cluster.istiod_loopback(), &ISTIOD_LOOPBACK_PORTS),
    ];
    for (address, ports) in targets {
        for port in ports {
            write!(
                forwards,
                "  - ports: [{port}]\n    target:\n      address: {address}\n      port: {port}\n"
            )?;
        }
    }
    documents.push(format!(
        "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterPortForward\nmetadata:\n  name: istiod\nspec:\n  \
         selector:\n    matchNamespaces: [istio-system]\n    matchNames: [istiod-lab]\n  forwards:\n{forwards}"
    ));
    Ok(documents.join("\n---\n"))
}

/// Lets nodes report the API server's version: by it istiod chooses the kind of sidecar.
fn with_kubernetes_version(stage: &str) -> Result<String> {
    const VERSION: &str = "kubeletVersion: {{ or $nodeInfo.kubeletVersion $kwokVersion }}";
    ensure!(
        stage.matches(VERSION).count() == 1,
        "kwok's stage node-initialize has another shape than expected"
    );
    Ok(stage.replacen(VERSION, &format!("kubeletVersion: {KUBERNETES_VERSION}"), 1))
}

/// Adds a condition to the stage that makes pods run.
fn except_own_status(stage: &str) -> Result<String> {
    const CONDITIONS: &str = "    matchExpressions:\n";
    ensure!(stage.matches(CONDITIONS).count() == 1, "kwok's stage pod-ready has another shape than expected");
    let condition =
        format!("    - key: '.metadata.annotations[\"{OWN_STATUS}\"]'\n      operator: 'DoesNotExist'\n");
    Ok(stage.replacen(CONDITIONS, &format!("{CONDITIONS}{condition}"), 1))
}

#[cfg(test)]
mod tests {
    use super::except_own_status;

    #[test]
    fn a_stage_of_another_shape_is_refused() {
        assert!(except_own_status("spec:\n  selector: {}\n").is_err());
    }

    #[test]
    fn the_condition_comes_first_in_the_stage() {
        let stage = except_own_status("  selector:\n    matchExpressions:\n    - key: x\n").unwrap();
        assert!(stage.contains("matchExpressions:\n    - key: '.metadata.annotations"), "{stage}");
    }
}
