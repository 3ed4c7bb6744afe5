//! One API server of the lab: kept-alive connections, objects as they are.

use anyhow::{Context as _, Result, bail, ensure};
use http::{Method, Request, StatusCode};
use kube::config::{KubeConfigOptions, Kubeconfig};
use mesh_lab::Lab;
use serde_json::{Value, json};

/// Owner of the fields that the proof writes.
const MANAGER: &str = "mesh-proof";

/// A client of one API server.
#[derive(Clone)]
pub struct Api {
    client: kube::Client,
}

impl Api {
    /// The API server of a cluster of the lab.
    pub async fn connect(lab: &Lab, cluster: &str) -> Result<Self> {
        let kubeconfig = Kubeconfig::read_from(lab.kubeconfig()).context("the lab has no kubeconfig")?;
        let options = KubeConfigOptions { context: Some(cluster.to_owned()), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        Ok(Self { client: kube::Client::try_from(config)? })
    }

    /// Reads an object or a list.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, "application/json", None).await?.with_context(|| format!("no {path}"))
    }

    /// Makes an object what it says, its status too; returns it as the server has it.
    pub async fn apply(&self, object: &Value) -> Result<Value> {
        const APPLY: &str = "application/apply-patch+yaml";
        let path = path_of(object)?;
        let mut spec = object.clone();
        let status = spec.as_object_mut().and_then(|fields| fields.remove("status"));
        let query = format!("fieldManager={MANAGER}&force=true");
        let made = self.call(Method::PATCH, &format!("{path}?{query}"), APPLY, Some(&spec)).await?;
        if let Some(status) = status {
            let metadata =
                json!({"name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"]});
            let body = json!({
                "apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": metadata, "status": status,
            });
            self.call(Method::PATCH, &format!("{path}/status?{query}"), APPLY, Some(&body)).await?;
        }
        made.with_context(|| format!("{path} vanished while it was written"))
    }

    /// Changes some fields of an object that exists; `null` takes one away.
    pub async fn merge(&self, path: &str, change: &Value) -> Result<()> {
        self.call(Method::PATCH, path, "application/merge-patch+json", Some(change)).await?;
        Ok(())
    }

    /// Deletes an object at once; one that is gone is no error.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
        self.call(Method::DELETE, path, "application/json", Some(&options)).await?;
        Ok(())
    }

    /// `None` for 404.
    async fn call(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder().method(&method).uri(path).header("Content-Type", kind);
        let request = request.body(kube::client::Body::from(text.into_bytes()))?;
        let response = self.client.send(request).await.with_context(|| format!("cannot {method} {path}"))?;
        let status = response.status();
        let bytes = response.into_body().collect_bytes().await?;
        if status == StatusCode::NOT_FOUND && method != Method::PATCH {
            return Ok(None);
        }
        ensure!(status.is_success(), "{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes));
        Ok(Some(serde_json::from_slice(&bytes)?))
    }
}

/// Path of an object.
pub fn path_of(object: &Value) -> Result<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let (namespace, name) = (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
    let plural = match kind.as_str() {
        "Namespace" => "namespaces",
        "Node" => "nodes",
        "Pod" => "pods",
        "Service" => "services",
        "EndpointSlice" => "endpointslices",
        "DestinationRule" => "destinationrules",
        "ServiceEntry" => "serviceentries",
        "WorkloadEntry" => "workloadentries",
        "PeerAuthentication" => "peerauthentications",
        other => bail!("the proof writes no {other}"),
    };
    let root = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
    let namespaced = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
    Ok(format!("{root}{namespaced}/{plural}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(api: &str, kind: &str, namespace: &str) -> Option<String> {
        let metadata = json!({"name": "a", "namespace": namespace});
        path_of(&json!({"apiVersion": api, "kind": kind, "metadata": metadata})).ok()
    }

    #[test]
    fn a_path_has_the_group_and_the_namespace_where_there_is_one() {
        assert_eq!(path("v1", "Node", "").as_deref(), Some("/api/v1/nodes/a"));
        let slice = path("discovery.k8s.io/v1", "EndpointSlice", "shop");
        assert_eq!(slice.as_deref(), Some("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/a"));
        assert_eq!(path("v1", "Secret", "shop"), None);
    }
}
