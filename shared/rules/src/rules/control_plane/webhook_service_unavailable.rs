//! MESH813.

use std::collections::BTreeMap;

use mesh_model::row::{DeploymentFact, ServiceFact, ServiceType, WebhookConfig, WebhookService};
use mesh_model::{Kind, Row, path};
use serde_json::{Value, json};

use super::revisions::REVISION;
use crate::rule::declare_rule;
use crate::shell;
use crate::sink::Draft;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Tags};

declare_rule! {
    "webhook_service_unavailable.md",
    pub static WEBHOOK_SERVICE_UNAVAILABLE = {
        code: 813, name: "webhook-service-unavailable", summary: "webhooks of the mesh reach a ready pod",
        severity: Error, tags: Tags::WEBHOOK,
        needs: [Deployment, MutatingWebhookConfiguration, ValidatingWebhookConfiguration, Service, EndpointSlice],
        closed: [MutatingWebhookConfiguration, ValidatingWebhookConfiguration, Service, EndpointSlice], after: [],
        check: Check::Cluster(check),
    };
}

fn check(_: &MeshView<'_>, cluster: &ClusterView<'_>, out: &mut Sink<'_>) {
    let mutating = cluster.mutating_webhooks().rows().iter();
    for row in mutating.chain(cluster.validating_webhooks().rows()).filter(|row| is_of_mesh(row)) {
        // The webhooks of one configuration mostly share their Service: one cause, one finding.
        let mut by_service: BTreeMap<(&str, &str, u16), (&WebhookService, Vec<usize>)> = BTreeMap::new();
        for (position, webhook) in row.fact.webhooks.iter().enumerate() {
            if let Some(service) = &webhook.service {
                let key = (&*service.namespace, &*service.name, service.port);
                by_service.entry(key).or_insert_with(|| (service, Vec::new())).1.push(position);
            }
        }
        for (service, positions) in by_service.into_values() {
            judge(cluster, row, service, &positions, out);
        }
    }
}

/// Webhooks of Istio and ours; foreign ones may be down for reasons that are not the mesh's.
fn is_of_mesh(row: &Row<WebhookConfig>) -> bool {
    let named = |name: &str| name.ends_with(".istio.io") || name.ends_with(".kubectl-mesh.io");
    row.labels.get(REVISION).is_some()
        || ["sidecar-injector", "istiod"].iter().any(|app| row.labels.is("app", app))
        || row.fact.webhooks.iter().any(|webhook| named(&webhook.name))
}

fn judge(
    cluster: &ClusterView<'_>,
    row: &Row<WebhookConfig>,
    at: &WebhookService,
    positions: &[usize],
    out: &mut Sink<'_>,
) {
    let found = cluster.services().find(&at.namespace, &at.name);
    let first = positions.first().copied().unwrap_or_default();
    let fails = if row.fact.webhooks.get(first).is_some_and(|webhook| webhook.ignores_failure) {
        "is never asked"
    } else {
        "refuses every request"
    };
    let path = path!["webhooks", first, "clientConfig", "service"];
    let message = |what: String| format!("{} \"{}\" {fails}: {what}", row.obj.kind, row.obj.name);
    let name = format!("Service \"{}/{}\"", at.namespace, at.name);
    let Some(service) = found else {
        out.report(row, path, message(format!("{name} does not exist"))).command(delete(row), false);
        return;
    };
    if service.fact.service_type == ServiceType::ExternalName {
        // kubernetes: staging/src/k8s.io/apiserver/pkg/util/proxy/proxy.go: ResolveCluster, ResolveEndpoint
        let text = format!(
            "{} \"{}\" may be out of reach: {name} is of type ExternalName, whose host is asked on port {} as it is",
            row.obj.kind, row.obj.name, at.port
        );
        let draft = out.report(row, path, text).severity(Severity::Warning);
        draft.evidence(service, path!["spec", "type"], "ExternalName").command(look(service), true);
        return;
    }
    if service.fact.port(at.port).is_none() {
        let draft = out.report(row, path, message(format!("{name} has no port {}", at.port)));
        let draft = draft.evidence(service, path!["spec", "ports"], ports(&service.fact));
        repoint(draft, service, positions);
        return;
    }
    let mut endpoints = cluster.slices_of(&at.namespace, &at.name).flat_map(|slice| &slice.fact.endpoints);
    if !endpoints.any(|endpoint| endpoint.ready) {
        let draft = out.report(row, path, message(format!("{name} has no ready endpoint")));
        match backend(cluster, service) {
            Some(backend) => {
                let ready =
                    format!("{} of {} replicas ready", backend.fact.ready_replicas, backend.fact.replicas);
                draft
                    .evidence(backend, path!["status", "readyReplicas"], ready)
                    .command(restart(backend), false);
            }
            None => {
                draft.command(look_at_slices(service), true);
            }
        }
    }
}

fn ports(service: &ServiceFact) -> String {
    let ports =
        service.ports.iter().map(|port| format!("{} {}", port.number, port.name).trim_end().to_owned());
    ports.collect::<Vec<_>>().join(", ")
}

/// Points the webhooks at the Service's only HTTPS port, if it is plain which one that is.
fn repoint(draft: Draft<'_>, service: &Row<ServiceFact>, positions: &[usize]) {
    let mut https = service.fact.ports.iter().filter(|port| port.name.contains("https"));
    let (Some(port), None) = (https.next(), https.next()) else {
        draft.command(look(service), true);
        return;
    };
    let operations: Vec<Value> = positions
        .iter()
        .map(|at| {
            let pointer = path!["webhooks", *at, "clientConfig", "service", "port"].to_pointer();
            // "add" of a member that is there replaces it, and an unset port is 443.
            json!({"op": "add", "path": pointer, "value": port.number})
        })
        .collect();
    draft.json_patch(Value::from(operations), false);
}

fn backend<'a>(cluster: &ClusterView<'a>, service: &Row<ServiceFact>) -> Option<&'a Row<DeploymentFact>> {
    let rows = cluster.deployments().in_namespace(&service.obj.namespace);
    rows.iter().find(|row| row.fact.template_labels.matched_by(&service.fact.selector))
}

fn delete(row: &Row<WebhookConfig>) -> String {
    let kind = match row.obj.kind {
        Kind::MutatingWebhookConfiguration => "mutatingwebhookconfiguration",
        _ => "validatingwebhookconfiguration",
    };
    format!("kubectl delete {kind} {}", shell::name(&row.obj.name))
}

fn restart(row: &Row<DeploymentFact>) -> String {
    let (namespace, name) = (shell::name(&row.obj.namespace), shell::name(&row.obj.name));
    if row.fact.replicas == 0 {
        format!("kubectl scale deployment {name} -n {namespace} --replicas=1")
    } else {
        format!("kubectl rollout restart deployment {name} -n {namespace}")
    }
}

fn look(service: &Row<ServiceFact>) -> String {
    format!(
        "kubectl get service {} -n {} -o yaml",
        shell::name(&service.obj.name),
        shell::name(&service.obj.namespace)
    )
}

fn look_at_slices(service: &Row<ServiceFact>) -> String {
    let (namespace, name) = (shell::name(&service.obj.namespace), shell::name(&service.obj.name));
    format!("kubectl get endpointslices -n {namespace} -l kubernetes.io/service-name={name}")
}
