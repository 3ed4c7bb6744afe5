//! A running Envoy with one worker, on one scenario.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::config;
use crate::scenario::Scenario;

/// An Envoy; it ends with this value.
#[derive(Debug)]
pub struct Proxy {
    child: Child,
    directory: TempDir,
    /// Where it listens for requests.
    pub listener: SocketAddr,
}

impl Proxy {
    /// Starts Envoy and returns when it has its endpoints.
    pub fn start(program: &Path, scenario: &Scenario) -> Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for Envoy")?;
        let path = |name: &str| directory.path().join(name);
        let endpoints = config::endpoints(&scenario.assignment);
        fs::write(path("endpoints.json"), endpoints.to_string())?;
        let bootstrap = config::bootstrap(&path("endpoints.json"), &scenario.assignment, &scenario.settings);
        fs::write(path("bootstrap.json"), bootstrap.to_string())?;
        let log = File::create(path("log"))?;
        let child = Command::new(program)
            .args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"])
            .args(["--service-node", "client", "--service-cluster", "client", "--config-path"])
            .arg(path("bootstrap.json"))
            .arg("--admin-address-path")
            .arg(path("admin"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut proxy = Self { child, directory, listener: SocketAddr::from(([127, 0, 0, 1], 0)) };
        proxy.wait()?;
        proxy.listener = proxy.find_listener()?;
        Ok(proxy)
    }

    /// Addresses and ports that outlier detection keeps out.
    pub fn ejected(&self) -> Result<BTreeSet<String>> {
        let clusters = self.admin("/clusters?format=json")?;
        let hosts = clusters["cluster_statuses"][0]["host_statuses"].as_array().into_iter().flatten();
        let out = hosts.filter(|host| host["health_status"]["failed_outlier_check"] == true);
        out.map(|host| {
            let socket = &host["address"]["socket_address"];
            let address = socket["address"].as_str().context("Envoy names a host without an address")?;
            Ok(format!("{address}:{}", socket["port_value"]))
        })
        .collect()
    }

    fn wait(&mut self) -> Result<()> {
        loop {
            if self.admin("/server_info").is_ok_and(|info| info["state"] == "LIVE") {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                bail!("Envoy ended ({status}):\n{log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn find_listener(&self) -> Result<SocketAddr> {
        let listeners = self.admin("/listeners?format=json")?;
        let socket = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
        let address = format!("{}:{}", socket["address"].as_str().unwrap_or_default(), socket["port_value"]);
        address.parse().with_context(|| format!("Envoy listens on {address:?}"))
    }

    fn admin(&self, path: &str) -> Result<Value> {
        let address = fs::read_to_string(self.directory.path().join("admin"))?;
        let mut answer = ureq::get(format!("http://{address}{path}")).call()?;
        let body = answer.body_mut().read_to_string()?;
        serde_json::from_str(&body).with_context(|| format!("Envoy's {path}"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
