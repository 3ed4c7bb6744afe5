//! The real `kubectl port-forward`, and plain HTTP through it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Stdio},
};

use anyhow::{Context as _, Result};

use crate::Lab;

/// A port-forward that ends with this value.
#[derive(Debug)]
pub struct PortForward {
    child: Child,
    port: u16,
    /// Held open: kubectl writes a line per connection, and one that cannot be written ends it.
    said: BufReader<ChildStdout>,
}

impl PortForward {
    pub(crate) fn start(lab: &Lab, cluster: &str, namespace: &str, pod: &str, port: u16) -> Result<Self> {
        let mut command = lab.kubectl_command(cluster)?;
        command.args(["-n", namespace, "port-forward", "--address=127.0.0.1", pod, &format!(":{port}")]);
        let log = lab.directory().join("logs/port-forward.log");
        let errors = File::options().create(true).append(true).open(&log);
        let errors = errors.with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().context("cannot run kubectl")?;
        let said = BufReader::new(child.stdout.take().context("kubectl has no stdout")?);
        // Made before the reading, so that a child that says something else is ended too.
        let mut forward = Self { child, port: 0, said };
        let mut line = String::new();
        forward.said.read_line(&mut line).context("cannot read what kubectl says")?;
        let number = line.strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split(' ').next());
        forward.port = number.and_then(|number| number.parse().ok()).with_context(|| {
            format!("kubectl port-forward {pod} :{port} in {cluster} said {line:?}, see {}", log.display())
        })?;
        Ok(forward)
    }

    /// Local port on 127.0.0.1 of the lab's network.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Status code and body of `GET path`. The caller must run in the lab's network.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        // By lengths, as HTTP/1.1 says: the end of a forwarded connection does not always come through.
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut response = agent.get(&url).call().with_context(|| format!("no answer from {url}"))?;
        let body =
            response.body_mut().read_to_string().with_context(|| format!("no full answer from {url}"))?;
        Ok((response.status().as_u16(), body))
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
