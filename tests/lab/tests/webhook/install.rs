//! Installs the webhook into all clusters of the lab and takes it away again.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use mesh_lab::{Lab, run, state::Cluster};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where the tests' DestinationRules live.
pub(crate) const NAMESPACE: &str = "webhook-test";

const OWN_NAMESPACE: &str = "mesh-webhook";
const CONFIGURATION: &str = "mesh-webhook";
const SERVICE_NAME: &str = "mesh-webhook.mesh-webhook.svc";

/// The webhook in the lab, gone when dropped. Other tests that put objects into the lab wait for that.
pub(crate) struct Webhook<'l> {
    lab: &'l Lab,
    processes: Vec<(String, Child)>,
    files: TempDir,
    _alone: File,
}

impl<'l> Webhook<'l> {
    /// Makes the namespace of the tests; nothing is installed yet.
    pub(crate) fn prepare(lab: &'l Lab) -> Self {
        let alone = lab.exclusive().unwrap();
        remove(lab);
        let files = TempDir::new().unwrap();
        let webhook = Self { lab, processes: Vec::new(), files, _alone: alone };
        for cluster in lab.clusters() {
            webhook.kubectl(cluster, &["create", "namespace", NAMESPACE]);
        }
        webhook
    }

    /// Installs it everywhere, with these options beside those of the Deployment, and waits until it refuses.
    pub(crate) fn install(&mut self, options: &[&str]) {
        let program = build();
        let bundle = self.write_certificates();
        for cluster in self.lab.clusters() {
            let base = manifests().join("base").display().to_string();
            self.kubectl(cluster, &["apply", "--server-side", "-k", &base]);
            let (certificate, key) = (self.file("tls.crt"), self.file("tls.key"));
            let secret = ["-n", OWN_NAMESPACE, "create", "secret", "tls", "mesh-webhook-tls"];
            let pair = [format!("--cert={certificate}"), format!("--key={key}")];
            self.kubectl(cluster, &[&secret[..], &[&pair[0], &pair[1]]].concat());
            let patch = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}]);
            self.patch_configuration(cluster, &["-p", &patch.to_string()]);

            let deployment = self.get(cluster, &["-n", OWN_NAMESPACE, "get", "deployment", "mesh-webhook"]);
            self.start(cluster, &program, &deployment, options);
            self.run_pod(cluster, &deployment);
        }
        for cluster in self.lab.clusters() {
            self.wait_for_endpoint(cluster);
            self.wait_until(cluster, |webhook| !webhook.admits_failover_alone(cluster));
        }
    }

    /// Lets those pass who have the verb for it, and waits until the administrator does.
    pub(crate) fn add_break_glass(&mut self, cluster: &str) {
        let cluster = self.lab.cluster(cluster).unwrap();
        let file = manifests().join("break-glass/match-condition.yaml").display().to_string();
        self.patch_configuration(cluster, &["--patch-file", &file]);
        self.wait_until(cluster, |webhook| webhook.admits_failover_alone(cluster));
    }

    /// Gives a user the verbs of an editor of DestinationRules.
    pub(crate) fn allow_editing(&self, cluster: &str, user: &str) {
        let cluster = self.lab.cluster(cluster).unwrap();
        let resource = "--resource=destinationrules.networking.istio.io";
        let verbs = "--verb=get,list,create,update,patch,delete";
        self.kubectl(cluster, &["-n", NAMESPACE, "create", "role", "editor", verbs, resource]);
        let user = format!("--user={user}");
        let binding = ["-n", NAMESPACE, "create", "rolebinding", "editor", "--role=editor", &user];
        self.kubectl(cluster, &binding);
    }

    /// Ends the process as a kubelet does; its exit code.
    pub(crate) fn terminate(&mut self, cluster: &str) -> Option<i32> {
        let at = self.processes.iter().position(|(name, _)| name == cluster).unwrap();
        let (_, mut process) = self.processes.remove(at);
        let sent = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        process.wait().unwrap().code()
    }

    /// What its admin port tells Prometheus.
    pub(crate) fn metrics(&self, cluster: &str) -> String {
        let admin = SocketAddr::new(address(self.lab.cluster(cluster).unwrap()).parse().unwrap(), 9080);
        let response = ureq::get(format!("http://{admin}/metrics")).call().unwrap();
        response.into_body().read_to_string().unwrap()
    }

    /// A pair for the Service's name; returns what the API server is to trust.
    fn write_certificates(&self) -> String {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf =
            CertificateParams::new([SERVICE_NAME.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        fs::write(self.file("tls.crt"), leaf.pem()).unwrap();
        fs::write(self.file("tls.key"), key.serialize_pem()).unwrap();
        BASE64_STANDARD.encode(issuer.pem())
    }

    fn file(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    /// Starts the program with the options of the container, at the addresses and with the files of the lab.
    fn start(&mut self, cluster: &Cluster, program: &Path, deployment: &Value, options: &[&str]) {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let here = |option: &str| match option.split_once('=') {
            Some(("--listen", _)) => format!("--listen={}:9443", address(cluster)),
            Some(("--admin-listen", _)) => format!("--admin-listen={}:9080", address(cluster)),
            Some(("--tls-cert-file", _)) => format!("--tls-cert-file={}", self.file("tls.crt")),
            Some(("--tls-private-key-file", _)) => format!("--tls-private-key-file={}", self.file("tls.key")),
            _ => option.to_owned(),
        };
        let given = container["args"].as_array().unwrap().iter().map(|option| here(option.as_str().unwrap()));
        let log =
            File::create(self.lab.directory().join(format!("logs/{}-webhook.log", cluster.name))).unwrap();
        let mut command = Command::new(program);
        command.args(given).args(options).stdin(Stdio::null()).stdout(log);
        self.processes.push((cluster.name.clone(), command.spawn().unwrap()));
    }

    /// A pod as the Deployment's controllers would make it; the API server holds it to the namespace's pod
    /// security standard.
    fn run_pod(&self, cluster: &Cluster, deployment: &Value) {
        let template = &deployment["spec"]["template"];
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"],
        });
        pod["metadata"]["name"] = "mesh-webhook-lab".into();
        pod["metadata"]["namespace"] = OWN_NAMESPACE.into();
        // kwok leaves the status of such pods alone.
        pod["metadata"]["annotations"] = json!({"lab.kubectl-mesh.io/status": "lab"});
        pod["spec"]["nodeName"] = format!("{}-control", cluster.name).into();
        pod["metadata"].as_object_mut().unwrap().remove("creationTimestamp");
        let output = self.lab.apply(&cluster.name, &pod.to_string()).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let address = address(cluster);
        let status = json!({"status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }});
        let pod = ["-n", OWN_NAMESPACE, "patch", "pod", "mesh-webhook-lab", "--subresource=status"];
        self.kubectl(cluster, &[&pod[..], &["--type=merge", "-p", &status.to_string()]].concat());
    }

    /// Waits until the controllers have put the pod behind the Service.
    fn wait_for_endpoint(&mut self, cluster: &Cluster) {
        let selector = "kubernetes.io/service-name=mesh-webhook";
        self.wait_until(cluster, |webhook| {
            let slices = ["-n", OWN_NAMESPACE, "get", "endpointslices", "-l", selector];
            let slices = webhook.get(cluster, &slices)["items"].clone();
            let mut endpoints = slices
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten());
            endpoints.any(|one| {
                one["addresses"][0] == address(cluster).as_str() && one["conditions"]["ready"] == true
            })
        });
    }

    /// Waits for what needs a running webhook that API servers can talk to. The number of tries only keeps a
    /// webhook that cannot be reached from being waited for without end: its calls fail open, in silence.
    fn wait_until(&mut self, cluster: &Cluster, mut done: impl FnMut(&Self) -> bool) {
        let mut tries = 0;
        while !done(self) {
            tries += 1;
            assert!(tries < 600, "the API server of {} does not reach the webhook", cluster.name);
            let (name, process) = self.processes.iter_mut().find(|(name, _)| *name == cluster.name).unwrap();
            let status = process.try_wait().unwrap();
            assert!(status.is_none(), "the webhook of {name} ended: {status:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn admits_failover_alone(&self, cluster: &Cluster) -> bool {
        let rule = super::rule("probe", &[super::FAILOVER]);
        let output = super::apply(self.lab, &cluster.name, &rule, &["--dry-run=server"]);
        let refused = super::said(&output).contains(super::REFUSED);
        assert!(refused || output.status.success(), "{}", super::said(&output));
        !refused
    }

    fn patch_configuration(&self, cluster: &Cluster, patch: &[&str]) {
        let target = ["patch", "validatingwebhookconfiguration", CONFIGURATION, "--type=json"];
        self.kubectl(cluster, &[&target[..], patch].concat());
    }

    fn get(&self, cluster: &Cluster, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(cluster, &[arguments, &["-o", "json"]].concat())).unwrap()
    }

    fn kubectl(&self, cluster: &Cluster, arguments: &[&str]) -> String {
        self.lab.kubectl_output(&cluster.name, arguments).unwrap()
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        remove(self.lab);
        for (_, process) in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Takes away what an installation leaves, also one whose test was killed.
fn remove(lab: &Lab) {
    let delete = |cluster: &Cluster, what: &[&str]| {
        let _ = lab.kubectl(&cluster.name, [&["delete", "--ignore-not-found"], what].concat());
    };
    thread::scope(|scope| {
        for cluster in lab.clusters() {
            scope.spawn(move || {
                // First, so that at no time a configuration calls a webhook that is gone.
                delete(cluster, &["validatingwebhookconfiguration", CONFIGURATION]);
                delete(
                    cluster,
                    &["-n", OWN_NAMESPACE, "pod", "mesh-webhook-lab", "--grace-period=0", "--force"],
                );
                delete(cluster, &["namespace", OWN_NAMESPACE, NAMESPACE]);
            });
        }
    });
}

/// Address of the webhook's pod; kwok gives out the upper half of the network only.
fn address(cluster: &Cluster) -> String {
    format!("172.30.{}.60", cluster.number)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifests() -> PathBuf {
    workspace().join("manifests")
}

/// Builds the program from this checkout and returns its path.
fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    run::forget_package(&mut cargo);
    cargo.current_dir(workspace()).args(["build", "--locked", "--offline", "--package=mesh-webhook"]);
    let output =
        cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the webhook cannot be built");
    let messages = String::from_utf8(output.stdout).unwrap();
    let built = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let program = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    program.expect("cargo names the program it built")
}
