//! MESH503.

use mesh_model::path;
use serde_json::json;

use super::unlabelled::{Reason, is_exposed, may_have_gateway, unlabelled};
use crate::facts::gateways::{NETWORK_LABEL, NetworkGateway, PORT_LABEL, SIDECAR_PORT};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Tags};

declare_rule! {
    "gateway_service_unlabelled.md",
    pub static GATEWAY_SERVICE_UNLABELLED = {
        code: 503, name: "gateway-service-unlabelled", summary: "the Service of a gateway names its network",
        severity: Error, tags: Tags::empty(),
        needs: [Service, Pod, Gateway, Secret, ServiceEntry], closed: [Service, ConfigMap], after: [],
        check: Check::Cluster(check),
    };
}

fn check(mesh: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    let Some(network) = mesh.networks().get(view.name()) else { return };
    let several = mesh.networks().are_several_for(mesh, view.name());
    if !several.is_possible() {
        return;
    }
    let near = |other: &ClusterView<'_>| {
        other.name() == view.name() || mesh.membership().joined(view.name(), other.name()).is_possible()
    };
    let has_another = NetworkGateway::all(view).any(|gateway| *network == *gateway.network);
    if !has_another && may_have_gateway(mesh, network, &near) {
        return;
    }
    for (service, reason) in unlabelled(view) {
        let mut labels = json!({NETWORK_LABEL: network.as_str()});
        let why = match reason {
            // The network has its gateway, and this is something else that knows the port.
            Reason::Port if has_another => continue,
            Reason::Server(_) if has_another && !is_exposed(service) => continue,
            Reason::Port => "exposes port 15443",
            Reason::Server(number) => {
                if number != SIDECAR_PORT {
                    labels[PORT_LABEL] = json!(number.to_string());
                }
                "leads to an AUTO_PASSTHROUGH server"
            }
        };
        let effect = if has_another {
            "so nothing uses it".to_owned()
        } else {
            format!("so network \"{network}\" has no gateway")
        };
        let message = format!(
            "Service \"{}\" {why} and lacks the label {NETWORK_LABEL}, {effect}",
            service.obj.qualified_name(),
        );
        let path = if service.labels.is_empty() {
            path!["metadata", "labels"]
        } else {
            path!["metadata", "labels", NETWORK_LABEL]
        };
        let draft = out.report(service, path, message);
        let draft = if has_another { draft.severity(Severity::Warning) } else { draft };
        let _ = draft.unless_sure(several).patch(json!({"metadata": {"labels": labels}}), true);
    }
}
