//! An istiod of an older version beside a cluster's own, so that both can be asked about the same objects.

use anyhow::Result;

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
        let server = istio::start_second_istiod(lab.directory(), &lab.state, cluster, &program)?;
        let mut second = Self { server, address: cluster.second_istiod_address() };
        let inside = cluster.second_istiod_loopback();
        // An istiod that does not listen yet has read nothing.
        let has_read = |read: &Cluster| istio::has_read(&lab.state, &inside, &read.name).unwrap_or(false);
        second.server.wait_until("it had read all clusters", || lab.clusters().iter().all(has_read))?;
        Ok(second)
    }

    /// Where it answers: plaintext XDS on port 15010.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for SecondIstiod {
    fn drop(&mut self) {
        if let Err(error) = self.server.kill() {
            run::say(&format!("lab: {error:#}"));
        }
    }
}
