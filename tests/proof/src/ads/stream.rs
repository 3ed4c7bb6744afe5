//! One stream to one istiod, and the newest state it was sent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::config::endpoint::v3::ClusterLoadAssignment;
use envoy_types::pb::envoy::service::discovery::v3::{
    DiscoveryRequest, DiscoveryResponse,
    aggregated_discovery_service_client::AggregatedDiscoveryServiceClient,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tonic::codegen::tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Endpoint;

use mesh_traffic::Discovery;

use super::facts::{self, State};
use super::node::NodeFact;

const CLUSTERS: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const ENDPOINTS: &str = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

/// An open stream. It ends with this value.
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: State,
    error: Option<String>,
}

impl Stream {
    /// Connects to `http://HOST:15010` as `node`, a proxy of a version of Istio, and subscribes to clusters and endpoints.
    pub async fn open(address: &str, node: &NodeFact, version: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(address.to_owned())
            .with_context(|| format!("{address} is no address of an istiod"))?
            .connect()
            .await
            .with_context(|| format!("cannot connect to the istiod at {address}"))?;
        let mut client = AggregatedDiscoveryServiceClient::new(channel).max_decoding_message_size(64 << 20);
        let (requests, receiver) = unbounded_channel();
        let mut asks = Asks { requests, node: Some(node.message(version)), names: BTreeSet::new() };
        asks.send(CLUSTERS, Vec::new(), None)?;
        let answers = client.stream_aggregated_resources(UnboundedReceiverStream::new(receiver)).await;
        let mut answers = answers.with_context(|| format!("{address} refuses a stream"))?.into_inner();
        let shared = Arc::new(Mutex::new(Shared { state: State::default(), error: None }));
        let into = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let end = loop {
                match answers.message().await {
                    Ok(Some(answer)) => {
                        if let Err(error) = asks.take(&answer, &into) {
                            break format!("{error:#}");
                        }
                    }
                    Ok(None) => break "istiod ended the stream".to_owned(),
                    Err(status) => break status.to_string(),
                }
            };
            lock(&into).error = Some(end);
        });
        Ok(Self { shared, task })
    }

    /// Waits until `is_settled` holds for the state; returns the state.
    ///
    /// # Errors
    /// If the stream ended, or nothing settled within `limit`.
    pub async fn settled(&self, limit: Duration, is_settled: impl Fn(&State) -> bool) -> Result<State> {
        let start = Instant::now();
        loop {
            {
                let shared = lock(&self.shared);
                if let Some(error) = &shared.error {
                    bail!("the stream ended: {error}");
                }
                if is_settled(&shared.state) {
                    return Ok(shared.state.clone());
                }
            }
            if start.elapsed() > limit {
                bail!("istiod had not settled after {} s", limit.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until istiod has answered both questions, for every cluster.
    ///
    /// # Errors
    /// If the stream ended, or an answer is missing after `limit`.
    pub async fn complete(&self, limit: Duration) -> Result<State> {
        self.settled(limit, |state| {
            let eds = state.clusters.iter().filter(|(_, cluster)| cluster.discovery == Some(Discovery::Eds));
            !state.clusters.is_empty()
                && eds.into_iter().all(|(name, _)| state.assignments.contains_key(name))
        })
        .await
    }

    /// What it was sent so far.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.shared).state.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What was asked for.
struct Asks {
    requests: UnboundedSender<DiscoveryRequest>,
    /// Told once: the first request of a stream carries the node.
    node: Option<Node>,
    names: BTreeSet<String>,
}

impl Asks {
    /// Keeps an answer and acknowledges it; new EDS clusters are asked for.
    fn take(&mut self, answer: &DiscoveryResponse, shared: &Mutex<Shared>) -> Result<()> {
        match answer.type_url.as_str() {
            CLUSTERS => {
                let clusters = decode::<Cluster>(answer)?;
                let names: BTreeSet<String> = clusters.iter().filter_map(facts::eds_name).collect();
                {
                    let mut shared = lock(shared);
                    shared.state.clusters = clusters
                        .iter()
                        .map(|cluster| (cluster.name.clone(), facts::cluster(cluster)))
                        .collect();
                    shared.state.assignments.retain(|name, _| names.contains(name));
                }
                self.send(CLUSTERS, Vec::new(), Some(answer))?;
                if names != self.names {
                    self.names = names;
                    // A request with other names is a new subscription, with the nonce of the last answer or none.
                    self.send(ENDPOINTS, self.names.iter().cloned().collect(), None)?;
                }
            }
            ENDPOINTS => {
                let assignments = decode::<ClusterLoadAssignment>(answer)?;
                {
                    let mut shared = lock(shared);
                    for assignment in &assignments {
                        let found = facts::assignment(assignment);
                        shared.state.assignments.insert(assignment.cluster_name.clone(), found);
                    }
                }
                self.send(ENDPOINTS, self.names.iter().cloned().collect(), Some(answer))?;
            }
            other => bail!("istiod sent {other}, which nobody asked for"),
        }
        Ok(())
    }

    fn send(&mut self, kind: &str, names: Vec<String>, seen: Option<&DiscoveryResponse>) -> Result<()> {
        let request = DiscoveryRequest {
            node: self.node.take(),
            type_url: kind.to_owned(),
            resource_names: names,
            version_info: seen.map(|answer| answer.version_info.clone()).unwrap_or_default(),
            response_nonce: seen.map(|answer| answer.nonce.clone()).unwrap_or_default(),
            ..DiscoveryRequest::default()
        };
        self.requests.send(request).context("the stream to istiod is closed")
    }
}

fn decode<M: Default + prost::Message>(answer: &DiscoveryResponse) -> Result<Vec<M>> {
    let all = answer.resources.iter().map(|any| M::decode(any.value.as_slice()));
    all.collect::<Result<_, _>>().with_context(|| format!("istiod sent a broken {}", answer.type_url))
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
