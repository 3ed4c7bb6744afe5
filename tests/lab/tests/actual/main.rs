//! Real sidecars and istiods, asked through real API servers. Needs the running lab with the clusters west and east.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests that write a kubeconfig to read; a helper that fails fails its test"
)]

mod rights;
mod sidecar;

use std::path::Path;
use std::time::Duration;

use mesh_lab::Lab;
use mesh_live::{Clients, KubeconfigSource, Plan};
use mesh_model::actual::{Actual, ProxyRef};
use mesh_model::{Gap, Mesh, MeshBuilder};
use tokio::runtime::Runtime;

const HOST: &str = "echo.shop.svc.cluster.local";
const ECHO: &str = "outbound|80||echo.shop.svc.cluster.local";

/// Both clusters as they were read, and the means to ask them more.
struct Read {
    runtime: Runtime,
    mesh: Mesh,
    clients: Clients,
}

impl Read {
    fn of(lab: &Lab) -> Self {
        Self::with(lab.kubeconfig(), &["west", "east"])
    }

    fn with(kubeconfig: &Path, contexts: &[&str]) -> Self {
        let plan = Plan {
            kubeconfig: KubeconfigSource::File(kubeconfig.to_owned()),
            contexts: contexts.iter().map(|&context| context.to_owned()).collect(),
            // Never reached, however busy the machine is.
            request_timeout: Duration::from_mins(2),
            ..Plan::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let loaded = runtime.block_on(mesh_live::load(&plan, None)).unwrap();
        let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
        Self { runtime, mesh, clients: loaded.clients }
    }

    fn actual(&self, of: &ProxyRef, hosts: &[&str]) -> Result<Actual, Gap> {
        let asked = mesh_live::actual(&self.clients, &self.mesh, std::slice::from_ref(of), hosts);
        self.runtime.block_on(asked).remove(0)
    }
}

fn pod(cluster: &str, name: &str) -> ProxyRef {
    ProxyRef { cluster: cluster.into(), namespace: "shop".into(), pod: name.into() }
}
