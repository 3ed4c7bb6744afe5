//! Clusters: a plan from the arguments, and what they said.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_live::{Discover, Impersonate, KubeconfigSource, Plan};
use mesh_model::{Cluster, Mesh, MeshBuilder};
use tokio::sync::mpsc;

use super::actual::Asking;
use super::loaded::{Read, Reading};
use super::runtime::Impatient;
use super::{Session, Wanted, beyond};
use crate::Failure;
use crate::args::Discover as DiscoverArg;
use crate::progress::Progress;

pub(super) fn load(session: &Session, wanted: &Wanted<'_>) -> Result<Read, Failure> {
    let runtime = Impatient::start()?;
    let plan = plan(wanted);
    let loaded = runtime.block_on(follow(&plan, Progress::start(session.shows_progress(wanted.notes))))?;
    tell(session, wanted, &loaded);
    let beyond = beyond::gaps(&loaded.remote, &loaded.readings);
    let readings = loaded
        .readings
        .into_iter()
        .map(|reading| (reading.cluster, Reading { context: reading.context, took: reading.took }));
    let readings: BTreeMap<_, _> = readings.collect();
    let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
    none_answered(&mesh)?;
    let asking = Some(Asking { runtime, clients: loaded.clients });
    Ok(Read { mesh, readings, locate: Box::new(|_| None), namespace: loaded.namespace, beyond, asking })
}

/// Zero clusters are no result.
fn none_answered(mesh: &Mesh) -> Result<(), Failure> {
    let cause = |cluster: &Arc<Cluster>| {
        cluster.gaps.of_cluster().map(|gap| (cluster.name.to_string(), gap.to_string()))
    };
    let causes: Option<Vec<_>> = mesh.clusters().iter().map(cause).collect();
    causes.map_or(Ok(()), |causes| Err(Failure::NoneAnswered(causes)))
}

/// What came of choosing clusters, where the user did not name them all.
fn tell(session: &Session, wanted: &Wanted<'_>, loaded: &mesh_live::Loaded) {
    if wanted.clusters.typed().is_none() && loaded.readings.len() > 1 {
        let names: Vec<_> = loaded.readings.iter().map(|reading| reading.context.as_str()).collect();
        session.note(wanted.notes, &format!("remote secrets lead to contexts {}", names.join(", ")));
    }
    for (context, cluster) in &loaded.same {
        session.note(
            wanted.notes,
            &format!("context \"{context}\" is the same cluster as \"{cluster}\" and is read once"),
        );
    }
}

async fn follow(plan: &Plan, mut progress: Progress) -> Result<mesh_live::Loaded, mesh_live::LiveError> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut loading = std::pin::pin!(mesh_live::load(plan, Some(sender)));
    loop {
        tokio::select! {
            loaded = &mut loading => return loaded,
            Some(event) = events.recv() => progress.on(event),
        }
    }
}

fn plan(wanted: &Wanted<'_>) -> Plan {
    let args = wanted.clusters;
    Plan {
        kubeconfig: KubeconfigSource::new(args.kubeconfig.clone()),
        contexts: args.contexts.clone(),
        context: args.context.clone(),
        all_contexts: args.all_contexts,
        discover: match args.discover {
            DiscoverArg::Auto => Discover::Auto,
            DiscoverArg::None => Discover::None,
        },
        kinds: wanted.kinds,
        istio_namespace: args.istio_namespace.clone(),
        request_timeout: args.request_timeout,
        timeout: Some(wanted.time.timeout),
        parallel: args.parallel.get(),
        impersonate: Impersonate { user: args.impersonate.clone(), groups: args.impersonate_groups.clone() },
    }
}
