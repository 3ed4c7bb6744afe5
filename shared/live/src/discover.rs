//! Clusters that the remote secrets of a cluster name, and the contexts they are likely to be.
//!
//! Remote secrets are listed as metadata: the cluster ID is in an annotation, the kubeconfig in the content is
//! never read. A cluster ID is matched to a context by name: equal, or the tail behind the last `_`, as GKE
//! names contexts (`gke_PROJECT_ZONE_NAME`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use form_urlencoded::byte_serialize;
use mesh_model::Gap;
use serde::Deserialize;

use crate::contexts::{Target, target};
use crate::list::METADATA;
use crate::request::{Failure, Requests};

/// Label of remote secrets (`istio: pkg/kube/multicluster/secretcontroller.go`).
const SELECTOR: &str = "labelSelector=istio%2FmultiCluster%3Dtrue";

/// What came of following remote secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteClusters {
    /// Cluster IDs without a context, sorted.
    pub unmatched: Vec<Unmatched>,
    /// Why the remote secrets could not be listed, if so.
    pub gap: Option<Gap>,
}

/// A cluster that a remote secret names and no context stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmatched {
    /// Cluster ID as the secret names it; `--contexts ID=CONTEXT` adds it.
    pub cluster_id: String,
    /// Contexts that could be meant; empty, or more than one.
    pub candidates: Vec<String>,
}

/// Lists the cluster IDs of the remote secrets.
pub(crate) async fn cluster_ids(requests: &Requests, namespace: &str) -> Result<BTreeSet<String>, Failure> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow, default)]
        metadata: ListMeta<'a>,
        #[serde(borrow)]
        items: Option<Vec<Item<'a>>>,
    }
    #[derive(Default, Deserialize)]
    struct ListMeta<'a> {
        #[serde(borrow, default, rename = "continue")]
        next: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(borrow)]
        metadata: Meta<'a>,
    }
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow, default)]
        annotations: Option<Annotations<'a>>,
    }
    #[derive(Deserialize)]
    struct Annotations<'a> {
        #[serde(borrow, default, rename = "networking.istio.io/cluster")]
        cluster: Option<Cow<'a, str>>,
    }

    let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let first = format!("/api/v1/namespaces/{}/secrets?{SELECTOR}&limit=500", escaped(namespace));
    let (mut ids, mut path) = (BTreeSet::new(), first.clone());
    loop {
        let body = requests.get(&path, METADATA).await?;
        let list: List<'_> =
            serde_json::from_slice(&body).map_err(|error| Failure::NoList(without_values(&error)))?;
        let annotations = list.items.into_iter().flatten().filter_map(|item| item.metadata.annotations);
        ids.extend(annotations.filter_map(|annotations| annotations.cluster).map(Cow::into_owned));
        if list.metadata.next.is_empty() {
            return Ok(ids);
        }
        path = format!("{first}&continue={}", escaped(&list.metadata.next));
    }
}

/// What is wrong with an answer. The error itself quotes what stands where something else should, which of a list
/// of Secrets may be a Secret.
fn without_values(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "something of another shape" } else { "no JSON" };
    format!("{what} in line {} column {}", error.line(), error.column())
}

/// Contexts for these cluster IDs; a context that is read already is not added again.
pub(crate) fn match_contexts(
    ids: BTreeSet<String>,
    contexts: &[String],
    known: &Target,
) -> (Vec<Target>, Vec<Unmatched>) {
    let (mut targets, mut unmatched): (Vec<Target>, _) = (Vec::new(), Vec::new());
    for id in ids {
        let tail = format!("_{id}");
        let equal: Vec<_> = contexts.iter().filter(|context| **context == id).collect();
        let like: Vec<_> = contexts.iter().filter(|context| context.ends_with(&tail)).collect();
        match (equal.as_slice(), like.as_slice()) {
            ([context], _) | ([], [context]) => {
                let read = targets.iter().chain([known]).any(|target| target.context == **context);
                if !read && id != *known.name {
                    targets.push(target(&id, context));
                }
            }
            _ => {
                unmatched.push(Unmatched { cluster_id: id, candidates: like.into_iter().cloned().collect() });
            }
        }
    }
    (targets, unmatched)
}
