//! Who asks: the node that a sidecar's bootstrap holds (`istio: pkg/bootstrap`, `pkg/model/proxy.go: NodeMetadata`).

use std::collections::BTreeMap;

use envoy_types::pb::envoy::config::core::v3::{Locality, Node};
use envoy_types::pb::google::protobuf::{ListValue, Struct, Value, value::Kind};
use serde_json::{Value as Json, json};

/// A sidecar, as it tells istiod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeFact {
    /// `ISTIO_META_CLUSTER_ID`.
    pub cluster_id: String,
    /// `ISTIO_META_NETWORK`, empty without one.
    pub network: String,
    /// Namespace of its pod.
    pub namespace: String,
    /// Name of its pod.
    pub name: String,
    /// Its address.
    pub ip: String,
    /// Labels of its pod.
    pub labels: BTreeMap<String, String>,
    /// Region, zone and subzone that its agent tells; istiod looks at labels first.
    pub locality: [String; 3],
    /// Its node.
    pub node: String,
}

impl NodeFact {
    /// The message, of a proxy of a version of Istio.
    #[must_use]
    pub fn message(&self, version: &str) -> Node {
        let Self { cluster_id, network, namespace, name, ip, labels, locality, node } = self;
        let mut metadata = json!({
            "CLUSTER_ID": cluster_id, "NAMESPACE": namespace, "NAME": name, "LABELS": labels,
            "INSTANCE_IPS": ip, "ISTIO_VERSION": version, "MESH_ID": "cluster.local",
            "INTERCEPTION_MODE": "REDIRECT", "SERVICE_ACCOUNT": "default", "NODE_NAME": node,
            "PROXY_CONFIG": {},
        });
        if !network.is_empty() {
            metadata["NETWORK"] = Json::from(network.as_str());
        }
        let [region, zone, sub_zone] = locality.clone();
        Node {
            id: format!("sidecar~{ip}~{name}.{namespace}~{namespace}.svc.cluster.local"),
            cluster: format!("proof.{namespace}"),
            metadata: structure(&metadata),
            locality: Some(Locality { region, zone, sub_zone }),
            ..Node::default()
        }
    }
}

fn structure(json: &Json) -> Option<Struct> {
    let fields = json.as_object()?.iter().map(|(key, json)| (key.clone(), value(json)));
    Some(Struct { fields: fields.collect() })
}

fn value(json: &Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(*flag),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(items) => Kind::ListValue(ListValue { values: items.iter().map(value).collect() }),
        Json::Object(_) => Kind::StructValue(structure(json).unwrap_or_default()),
    };
    Value { kind: Some(kind) }
}
