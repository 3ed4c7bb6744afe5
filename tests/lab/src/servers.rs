//! etcd, API servers and their controllers. Owns their flags and files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    certs::{self, Authority},
    kubectl::Kubectl,
    namespace::Server,
    state::{self, Cluster, State},
};

/// Bearer token of the lab's administrator. The servers listen in the namespace only.
const ADMIN_TOKEN: &str = "lab-administrator";

/// The controllers that make what a mesh is judged by; no scheduler and no Deployment controller runs, so pods
/// name their node themselves.
const CONTROLLERS: &str = "endpointslice-controller,endpointslice-mirroring-controller,garbage-collector-controller,\
    namespace-controller,root-ca-certificate-publisher-controller,serviceaccount-controller,serviceaccount-token-controller";

/// Starts etcd and, for every cluster at once, API server and controllers; returns when all API servers answer.
pub(crate) fn start(directory: &Path, state: &State, authority: &Authority) -> Result<()> {
    certs::write(&directory.join("ca.pem"), &authority.certificate())?;
    write_kubeconfig(directory, state)?;
    let program = |name| state.toolbox.program(name);
    let mut etcd = Server::start(directory, state.keeper, "etcd", program("etcd")?, |command| {
        command.arg("--data-dir").arg(directory.join("etcd")).args([
            "--name=lab",
            "--unsafe-no-fsync",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=lab=http://127.0.0.1:2380",
            "--log-level=warn",
        ]);
    })?;
    etcd.wait_until("it had a data directory", || directory.join("etcd/member").is_dir())?;
    state::each(&state.clusters, |cluster| start_cluster(directory, state, cluster, authority))
}

fn start_cluster(directory: &Path, state: &State, cluster: &Cluster, authority: &Authority) -> Result<()> {
    let files = cluster_directory(directory, cluster)?;
    let address = cluster.address();
    let service = format!("10.{}.0.1", 96 + cluster.number);
    authority.write_server(
        &[&address, &service, "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
        &files.join("server.pem"),
        &files.join("server.key"),
    )?;
    certs::write_signing_key(&files.join("accounts.key"), &files.join("accounts.pub"))?;
    certs::write(&files.join("tokens.csv"), &format!("{ADMIN_TOKEN},admin,admin,system:masters\n"))?;
    let file = |name: &str| files.join(name).display().to_string();
    let name = format!("{}-apiserver", cluster.name);
    let mut server =
        Server::start(directory, state.keeper, &name, state.toolbox.program("kube-apiserver")?, |command| {
            command.args([
                "--etcd-servers=http://127.0.0.1:2379".to_owned(),
                format!("--etcd-prefix=/{}", cluster.name),
                format!("--bind-address={address}"),
                format!("--advertise-address={address}"),
                "--secure-port=6443".to_owned(),
                format!("--cert-dir={}", files.display()),
                format!("--tls-cert-file={}", file("server.pem")),
                format!("--tls-private-key-file={}", file("server.key")),
                format!("--token-auth-file={}", file("tokens.csv")),
                "--authorization-mode=RBAC".to_owned(),
                format!("--service-account-issuer=https://kubernetes.{}.lab", cluster.name),
                format!("--service-account-key-file={}", file("accounts.pub")),
                format!("--service-account-signing-key-file={}", file("accounts.key")),
                format!("--service-cluster-ip-range=10.{}.0.0/16", 96 + cluster.number),
                "--endpoint-reconciler-type=none".to_owned(),
                // No kube-proxy runs: webhooks are dialled at the addresses of their EndpointSlices.
                "--enable-aggregator-routing=true".to_owned(),
                "--kubelet-preferred-address-types=InternalIP".to_owned(),
                "--allow-privileged=true".to_owned(),
            ]);
        })?;
    let kubectl = Kubectl::new(state, &cluster.name)?;
    server.wait_until("it was ready", || kubectl.output(&["get", "--raw", "/readyz"]).is_ok())?;
    let name = format!("{}-controllers", cluster.name);
    Server::start(
        directory,
        state.keeper,
        &name,
        state.toolbox.program("kube-controller-manager")?,
        |command| {
            command.args([
                format!("--kubeconfig={}", context_kubeconfig(directory, cluster).display()),
                format!("--controllers={CONTROLLERS}"),
                format!("--service-account-private-key-file={}", file("accounts.key")),
                format!("--root-ca-file={}", directory.join("ca.pem").display()),
                "--leader-elect=false".to_owned(),
                "--secure-port=0".to_owned(),
            ]);
        },
    )?;
    Ok(())
}

/// Directory of one cluster's files, made when missing.
pub(crate) fn cluster_directory(directory: &Path, cluster: &Cluster) -> Result<PathBuf> {
    let files = directory.join("clusters").join(&cluster.name);
    fs::create_dir_all(&files).with_context(|| format!("cannot create {}", files.display()))?;
    Ok(files)
}

/// Kubeconfig whose only context is `cluster`, for servers that take no context.
pub(crate) fn context_kubeconfig(directory: &Path, cluster: &Cluster) -> PathBuf {
    directory.join("clusters").join(&cluster.name).join("kubeconfig")
}

fn write_kubeconfig(directory: &Path, state: &State) -> Result<()> {
    certs::write(&state.kubeconfig, &kubeconfig(directory, &state.clusters, ADMIN_TOKEN))?;
    for cluster in &state.clusters {
        cluster_directory(directory, cluster)?;
        let text = kubeconfig(directory, std::slice::from_ref(cluster), ADMIN_TOKEN);
        certs::write(&context_kubeconfig(directory, cluster), &text)?;
    }
    Ok(())
}

/// A kubeconfig (JSON is YAML) with one context per cluster and one bearer token for all.
pub(crate) fn kubeconfig(directory: &Path, clusters: &[Cluster], token: &str) -> String {
    let entries =
        |entry: &dyn Fn(&Cluster) -> serde_json::Value| clusters.iter().map(entry).collect::<Vec<_>>();
    let value = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": clusters.first().map(|cluster| &cluster.name),
        "clusters": entries(&|cluster| serde_json::json!({
            "name": cluster.name,
            "cluster": {"server": cluster.server(), "certificate-authority": directory.join("ca.pem")},
        })),
        "contexts": entries(&|cluster| serde_json::json!({
            "name": cluster.name,
            "context": {"cluster": cluster.name, "user": "admin"},
        })),
        "users": [{"name": "admin", "user": {"token": token}}],
    });
    format!("{value:#}\n")
}
