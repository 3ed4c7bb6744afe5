//! All clusters of a plan, a few at a time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{StreamExt, future, stream};
use mesh_model::{ClusterBuilder, ClusterName, Gap, Kind};
use mesh_wire::Lower;
use serde::Deserialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::client::{Connection, connect};
use crate::clients::Clients;
use crate::contexts::{Target, select};
use crate::discover::{RemoteClusters, cluster_ids, match_contexts};
use crate::event::{Event, Events};
use crate::kubeconfig::Contexts;
use crate::list::Lists;
use crate::request::{End, JSON, Requests};
use crate::version::{Choice, Served, kubernetes_version};
use crate::{Discover, LiveError, Plan};

/// Lists of one cluster that are in flight at a time.
const PARALLEL_KINDS: usize = 4;

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The clusters, sorted by name; those that did not answer are empty and lost.
    pub clusters: Vec<ClusterBuilder>,
    /// How each of them was read, in the same order.
    pub readings: Vec<Reading>,
    /// What remote secrets named, when they were followed.
    pub remote: RemoteClusters,
    /// Contexts that were left out because they are a cluster that is read under another one (`--all-contexts`).
    pub same: Vec<(String, ClusterName)>,
    /// Namespace of the context that was read first, if the kubeconfig gives it one.
    pub namespace: Option<String>,
    /// For further questions.
    pub clients: Clients,
}

/// How a cluster was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its context in the kubeconfig.
    pub context: String,
    /// How long it took.
    pub took: Duration,
    /// Kinds that were listed, with the version they were read in; a kind whose CRD is not installed is not
    /// among them.
    pub versions: Vec<(Kind, &'static str)>,
}

/// Reads the clusters of `plan`.
///
/// # Errors
/// Only for what was typed and for the kubeconfig as a whole; see [`LiveError`].
pub async fn load(plan: &Plan, events: Option<UnboundedSender<Event>>) -> Result<Loaded, LiveError> {
    let contexts = plan.kubeconfig.read()?;
    let mut targets = select(&contexts, plan)?;
    let namespace = targets.first().and_then(|first| contexts.namespace_of(&first.context));
    let run = Run { contexts: &contexts, plan, end: plan.timeout.map(End::in_time), events: Events(events) };
    let mut open = HashMap::new();
    let (mut remote, mut same) = (RemoteClusters::default(), Vec::new());
    if plan.all_contexts {
        (targets, same) = run.drop_same(targets, &mut open).await;
    } else if plan.contexts.is_empty() && plan.context.is_none() && plan.discover == Discover::Auto {
        remote = run.follow_remote_secrets(&mut targets, &mut open).await;
    }
    let reading = stream::iter(targets).map(|target| {
        let opened = open.remove(&target.context);
        run.read(target, opened)
    });
    let mut read: Vec<_> = reading.buffer_unordered(plan.parallel.max(1)).collect().await;
    read.sort_by(|(_, a, _), (_, b, _)| a.cluster.cmp(&b.cluster));
    let (mut clusters, mut readings, mut clients) = (Vec::new(), Vec::new(), Clients::default());
    for (builder, reading, client) in read {
        clients.0.extend(client.map(|client| (reading.cluster.clone(), client)));
        clusters.push(builder);
        readings.push(reading);
    }
    Ok(Loaded { clusters, readings, remote, same, namespace, clients })
}

/// Clients that were made before their cluster's turn, by context. A plugin that asks for a password asks once.
type Open = HashMap<String, Result<Requests, Gap>>;

pub(crate) struct Run<'a> {
    pub(crate) contexts: &'a Contexts,
    pub(crate) plan: &'a Plan,
    /// When everything ends.
    pub(crate) end: Option<End>,
    pub(crate) events: Events,
}

impl Run<'_> {
    async fn open(&self, context: &str) -> Result<Requests, Gap> {
        let connection = connect(&self.contexts.config, context, self.plan, self.end).await?;
        Ok(self.requests(connection))
    }

    pub(crate) const fn requests(&self, connection: Connection) -> Requests {
        Requests::new(connection, self.plan.request_timeout, self.end)
    }

    async fn follow_remote_secrets(&self, targets: &mut Vec<Target>, open: &mut Open) -> RemoteClusters {
        let current = targets[0].clone();
        let opened = self.open(&current.context).await;
        let found = match &opened {
            Ok(requests) => cluster_ids(requests, &self.plan.istio_namespace).await.map_err(Gap::from),
            Err(gap) => Err(gap.clone()),
        };
        open.insert(current.context.clone(), opened);
        match found {
            Ok(ids) => {
                let (more, unmatched) = match_contexts(ids, &self.contexts.names(), &current);
                targets.extend(more);
                RemoteClusters { unmatched, gap: None }
            }
            Err(gap) => RemoteClusters { unmatched: Vec::new(), gap: Some(gap) },
        }
    }

    /// Of contexts that are one cluster only the first by name is kept. Where the uid of `kube-system` cannot be
    /// read, nothing is known and the context is kept.
    async fn drop_same(
        &self,
        targets: Vec<Target>,
        open: &mut Open,
    ) -> (Vec<Target>, Vec<(String, ClusterName)>) {
        let asking = stream::iter(targets).map(|target| async {
            let opened = self.open(&target.context).await;
            let uid = match &opened {
                Ok(requests) => kube_system_uid(requests).await,
                Err(_) => None,
            };
            (target, opened, uid)
        });
        let mut asked: Vec<_> = asking.buffer_unordered(self.plan.parallel.max(1)).collect().await;
        asked.sort_by(|(a, ..), (b, ..)| a.name.cmp(&b.name));
        let (mut kept, mut same) = (Vec::new(), Vec::new());
        let mut first_of: HashMap<String, ClusterName> = HashMap::new();
        for (target, opened, uid) in asked {
            let first = uid.map(|uid| first_of.entry(uid).or_insert_with(|| target.name.clone()).clone());
            if let Some(first) = first.filter(|first| *first != target.name) {
                same.push((target.context, first));
            } else {
                open.insert(target.context.clone(), opened);
                kept.push(target);
            }
        }
        (kept, same)
    }

    pub(crate) async fn read(
        &self,
        target: Target,
        opened: Option<Result<Requests, Gap>>,
    ) -> (ClusterBuilder, Reading, Option<Requests>) {
        let started = Instant::now();
        let cluster = target.name;
        self.events.send(Event::ClusterStarted { cluster: cluster.clone() });
        let mut builder = ClusterBuilder::new(cluster.clone());
        let opened = match opened {
            Some(opened) => opened,
            None => self.open(&target.context).await,
        };
        let outcome = match &opened {
            Ok(requests) => self.fill(requests, &mut builder).await,
            Err(gap) => Err(gap.clone()),
        };
        let versions = outcome.unwrap_or_else(|gap| {
            self.events.send(Event::Gap { cluster: cluster.clone(), kind: None, gap: gap.clone() });
            builder.gaps_mut().lose_cluster(gap);
            Vec::new()
        });
        for kind in self.plan.kinds.kinds() {
            builder.saw(kind);
        }
        builder.lose_what_was_not_given();
        let took = started.elapsed();
        self.events.send(Event::ClusterDone { cluster: cluster.clone(), took });
        (builder, Reading { cluster, context: target.context, took, versions }, opened.ok())
    }

    /// Reads all kinds of one cluster.
    ///
    /// # Errors
    /// The gap of the whole cluster.
    async fn fill(
        &self,
        requests: &Requests,
        builder: &mut ClusterBuilder,
    ) -> Result<Vec<(Kind, &'static str)>, Gap> {
        let (version, served) = future::join(kubernetes_version(requests), Served::ask(requests)).await;
        let served = served?;
        // An answer to `/apis` shows that the cluster is there, whatever the other request met with meanwhile.
        requests.revive();
        if let Some(version) = version {
            builder.set_kubernetes_version(version);
        }
        let cluster = builder.name().clone();
        let mut outcomes: Vec<(Kind, Result<Option<&'static str>, Gap>)> = {
            let lower = Mutex::new(Lower::new(builder));
            let lists = Lists {
                requests,
                lower: &lower,
                cluster: cluster.clone(),
                istio_namespace: &self.plan.istio_namespace,
                events: &self.events,
            };
            let kinds = stream::iter(self.plan.kinds.kinds());
            let read = kinds.map(|kind| read_kind(&lists, &served, kind));
            read.buffer_unordered(PARALLEL_KINDS).collect().await
        };
        outcomes.sort_by_key(|(kind, _)| *kind);
        let mut versions = Vec::new();
        for (kind, outcome) in outcomes {
            match outcome {
                Ok(version) => versions.extend(version.map(|version| (kind, version))),
                Err(gap) => {
                    self.events.send(Event::Gap {
                        cluster: cluster.clone(),
                        kind: Some(kind),
                        gap: gap.clone(),
                    });
                    builder.gaps_mut().lose(kind, gap);
                }
            }
        }
        Ok(versions)
    }
}

async fn read_kind(
    lists: &Lists<'_, '_>,
    served: &Served,
    kind: Kind,
) -> (Kind, Result<Option<&'static str>, Gap>) {
    let outcome = match served.choose(kind) {
        Choice::Try(versions) => lists.read(kind, &versions).await,
        Choice::NotInstalled => Ok(None),
        Choice::NotServed => Err(Gap::NotServed),
    };
    (kind, outcome)
}

/// What makes a cluster this cluster.
async fn kube_system_uid(requests: &Requests) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        uid: String,
    }
    let body = requests.get("/api/v1/namespaces/kube-system", JSON).await.ok()?;
    serde_json::from_slice(&body).ok().map(|object: Object| object.metadata.uid)
}
