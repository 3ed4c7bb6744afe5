//! An istiod of an older version beside a cluster's own, so that both can be asked about the same objects.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{Lab, build, istio, namespace::Server, programs, run, state::Cluster};

/// A running istiod; it ends with this value.
#[derive(Debug)]
pub struct SecondIstiod {
    server: Server,
    address: String,
}

impl SecondIstiod {
    pub(crate) fn start(lab: &Lab, cluster: &Cluster) -> Result<Self> {
        let program = build::extra(&programs::ISTIO_130)?.join("pilot-discovery");
        let secrets = RemoteSecrets::take(lab, cluster)?;
        let server = istio::start_second_istiod(lab.directory(), &lab.state, cluster, &program)?;
        let mut second = Self { server, address: cluster.second_istiod_address() };
        second.wait_for(lab, cluster, &cluster.name)?;
        for (name, secret) in &secrets.0 {
            let output = lab.apply(&cluster.name, &secret.to_string())?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
            second.wait_for(lab, cluster, name)?;
        }
        Ok(second)
    }

    /// Waits until this istiod and the cluster's own have read a cluster.
    fn wait_for(&mut self, lab: &Lab, cluster: &Cluster, read: &str) -> Result<()> {
        let istiods = [cluster.istiod_loopback(), cluster.second_istiod_loopback()];
        // An istiod that does not listen yet has read nothing.
        let has_read = |inside: &String| istio::has_read(&lab.state, inside, read).unwrap_or(false);
        self.server.wait_until("it had read all clusters", || istiods.iter().all(has_read))
    }

    /// Where it answers: plaintext XDS on port 15010.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// The remote Secrets of a cluster by the clusters they lead to, taken away.
///
/// An istiod that starts reads its remote clusters in any order, and the first that has a host decides about its
/// Service. Both istiods see the Secrets come one after another instead, and so in the same order.
struct RemoteSecrets(BTreeMap<String, Value>);

impl RemoteSecrets {
    fn take(lab: &Lab, cluster: &Cluster) -> Result<Self> {
        let list = ["-n", "istio-system", "get", "secrets", "-l", "istio/multiCluster=true", "-o", "json"];
        let list: Value = serde_json::from_str(&lab.kubectl_output(&cluster.name, list)?)?;
        let mut secrets = BTreeMap::new();
        for secret in list["items"].as_array().into_iter().flatten() {
            let read = secret["data"].as_object().and_then(|data| data.keys().next());
            let read = read.context("a remote Secret has no key")?;
            let metadata = &secret["metadata"];
            let name = metadata["name"].as_str().context("a Secret has no name")?;
            let copy = json!({
                "apiVersion": "v1", "kind": "Secret", "type": secret["type"], "data": secret["data"],
                "metadata": {
                    "name": name, "namespace": "istio-system",
                    "labels": metadata["labels"], "annotations": metadata["annotations"],
                },
            });
            secrets.insert(read.clone(), copy);
            lab.kubectl_output(&cluster.name, ["-n", "istio-system", "delete", "secret", name])?;
        }
        Ok(Self(secrets))
    }
}

impl Drop for SecondIstiod {
    fn drop(&mut self) {
        if let Err(error) = self.server.kill() {
            run::say(&format!("lab: {error:#}"));
        }
    }
}
