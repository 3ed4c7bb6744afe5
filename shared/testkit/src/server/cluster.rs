//! One fake cluster: its objects, what it serves, its faults and the requests it saw.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use mesh_model::Kind;
use serde_json::Value;

use super::{Fault, Server, When, answer};

/// A resource that is served.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) group: String,
    pub(super) versions: Vec<String>,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) served: Vec<Served>,
    pub(super) objects: Vec<Value>,
    pub(super) git_version: String,
    pub(super) page: usize,
    pub(super) aggregated: bool,
    pub(super) faults: Vec<(When, Fault)>,
    pub(super) requests: Vec<String>,
}

/// A cluster that answers as the test wants. A clone is the same cluster.
#[derive(Clone, Debug)]
pub struct FakeCluster(Arc<Mutex<State>>);

impl Default for FakeCluster {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeCluster {
    /// An empty cluster that serves every kind of the model: Kubernetes' own in `v1`, Istio's in `v1`,
    /// `v1beta1` and `v1alpha3`. It has a `kube-system` namespace, whose uid differs from that of every
    /// other fake cluster.
    #[must_use]
    pub fn new() -> Self {
        let served = Kind::ALL.iter().map(|&kind| served(kind)).collect();
        let cluster = Self(Arc::new(Mutex::new(State {
            served,
            objects: Vec::new(),
            git_version: "v1.35.0".to_owned(),
            page: usize::MAX,
            aggregated: true,
            faults: Vec::new(),
            requests: Vec::new(),
        })));
        let uid = format!("uid-{:p}", Arc::as_ptr(&cluster.0));
        cluster.with(serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": uid},
        }))
    }

    /// Adds an object. Objects of one name replace each other.
    ///
    /// # Panics
    /// If the object has no `apiVersion`, `kind` and `metadata.name`, or its kind is not served.
    #[must_use]
    pub fn with(self, object: Value) -> Self {
        {
            let mut state = self.state();
            let of = answer::identity(&object);
            assert!(
                state.served.iter().any(|served| served.group == of.group && served.kind == of.kind),
                "{of:?} is not served"
            );
            state.objects.retain(|other| answer::identity(other) != of);
            state.objects.push(object);
        }
        self
    }

    /// Adds the documents of a YAML text.
    ///
    /// # Panics
    /// As [`with`](Self::with), and if the text is not YAML.
    #[must_use]
    pub fn with_yaml(self, text: &str) -> Self {
        let documents: Vec<Value> = serde_yaml::from_multiple(text).expect("the fixture is YAML");
        documents.into_iter().filter(|document| !document.is_null()).fold(self, Self::with)
    }

    /// Adds the `.yaml` files of a folder and of the folders below it.
    ///
    /// # Panics
    /// As [`with_yaml`](Self::with_yaml), and if the folder cannot be read.
    #[must_use]
    pub fn with_folder(self, folder: &Path) -> Self {
        let mut entries: Vec<_> = folder
            .read_dir()
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("the folder can be walked").path())
            .collect();
        entries.sort();
        entries.into_iter().fold(self, |cluster, path| {
            if path.is_dir() {
                cluster.with_folder(&path)
            } else if path.extension().is_some_and(|end| end == "yaml") {
                #[expect(clippy::disallowed_methods, reason = "fixtures of tests are files")]
                let text = std::fs::read_to_string(&path).expect("the fixture can be read");
                cluster.with_yaml(&text)
            } else {
                cluster
            }
        })
    }

    /// Serves `kind` in these versions only; in none of them means that its CRD is not installed.
    #[must_use]
    pub fn serving(self, kind: Kind, versions: &[&str]) -> Self {
        {
            let mut state = self.state();
            state.served.retain(|served| served.group != kind.group() || served.plural != kind.plural());
            if !versions.is_empty() {
                let versions = versions.iter().map(|&version| version.to_owned()).collect();
                state.served.push(Served { versions, ..served(kind) });
            }
        }
        self
    }

    /// Gives at most `size` objects a page to a client that asks for pages.
    #[must_use]
    pub fn with_pages_of(self, size: usize) -> Self {
        self.state().page = size;
        self
    }

    /// Answers `/apis` as servers before Kubernetes 1.26 do: groups without resources.
    #[must_use]
    pub fn without_aggregated_discovery(self) -> Self {
        self.state().aggregated = false;
        self
    }

    /// Lets these requests fail. The first fault that fits a request is taken.
    #[must_use]
    pub fn failing(self, when: When, fault: Fault) -> Self {
        self.state().faults.push((when, fault));
        self
    }

    /// The requests so far, in order of arrival: path and query, ` (metadata)` behind those that asked for
    /// metadata only.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// Requests of this path so far, whatever their query.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        let of_path = |request: &&String| request.split(['?', ' ']).next() == Some(path);
        self.state().requests.iter().filter(of_path).count()
    }

    /// The cluster as a service, to be called without a socket.
    pub fn router(&self) -> Router {
        answer::router(self.clone())
    }

    /// Serves it over HTTP on a free port of `127.0.0.1`.
    #[must_use]
    pub fn serve(&self) -> Server {
        Server::start(self.router(), false)
    }

    /// Serves it over HTTPS on a free port of `127.0.0.1`, under a root of its own.
    #[must_use]
    pub fn serve_tls(&self) -> Server {
        Server::start(self.router(), true)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

fn served(kind: Kind) -> Served {
    let versions: &[&str] = match kind.group() {
        "networking.istio.io" => &["v1", "v1beta1", "v1alpha3"],
        "mesh.cloud.google.com" => &["v1beta1", "v1alpha1"],
        _ => &["v1"],
    };
    Served {
        group: kind.group().to_owned(),
        versions: versions.iter().map(|&version| version.to_owned()).collect(),
        plural: kind.plural().to_owned(),
        kind: kind.as_str().to_owned(),
        namespaced: kind.namespaced(),
    }
}
