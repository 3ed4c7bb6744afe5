//! A kubeconfig over servers.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{DeadAddress, Server};

/// Contexts in the order they were given; the first is the current one unless another is named.
#[derive(Clone, Debug, Default)]
pub struct KubeconfigFile {
    current: Option<String>,
    clusters: Vec<Value>,
    contexts: Vec<Value>,
    users: Vec<Value>,
}

impl KubeconfigFile {
    /// No context at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A context for a running server.
    #[must_use]
    pub fn with(self, context: &str, server: &Server) -> Self {
        self.with_cluster(context, &server.url(), server.root())
    }

    /// A context for an address that refuses.
    #[must_use]
    pub fn with_dead(self, context: &str, address: &DeadAddress) -> Self {
        self.with_cluster(context, &address.url(), None)
    }

    /// A context for a URL, trusting this root in PEM.
    #[must_use]
    pub fn with_cluster(mut self, context: &str, url: &str, root: Option<&str>) -> Self {
        let mut cluster = json!({"server": url});
        if let Some(root) = root {
            cluster["certificate-authority-data"] = BASE64.encode(root).into();
        }
        self.clusters.push(json!({"name": context, "cluster": cluster}));
        self.contexts.push(json!({"name": context, "context": {"cluster": context, "user": context}}));
        self.users.push(json!({"name": context, "user": {"token": format!("canary-token-of-{context}")}}));
        if self.current.is_none() {
            self.current = Some(context.to_owned());
        }
        self
    }

    /// Lets the user of the last context be this, for example an exec plugin.
    ///
    /// # Panics
    /// If there is no context yet.
    #[must_use]
    pub fn with_user(mut self, user: Value) -> Self {
        self.users.last_mut().expect("a context was given before its user")["user"] = user;
        self
    }

    /// Lets the cluster of the last context be reached through this proxy.
    ///
    /// # Panics
    /// If there is no context yet.
    #[must_use]
    pub fn through(mut self, proxy: &str) -> Self {
        self.clusters.last_mut().expect("a context was given before its proxy")["cluster"]["proxy-url"] =
            proxy.into();
        self
    }

    /// Makes another context the current one; the empty string for none.
    #[must_use]
    pub fn current(mut self, context: &str) -> Self {
        self.current = Some(context.to_owned());
        self
    }

    /// Writes it as `FOLDER/config`.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[must_use]
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("config");
        let content = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": self.current.clone().unwrap_or_default(),
            "clusters": self.clusters, "contexts": self.contexts, "users": self.users,
        });
        #[expect(clippy::disallowed_methods, reason = "a test writes its kubeconfig")]
        std::fs::write(&path, content.to_string()).expect("the folder can be written");
        path
    }
}
