//! What an east-west gateway does with a server name.

use mesh_model::Mesh;
use mesh_traffic::{Cause, Destination, Passage, Traffic, Truth};

use crate::tree::{istiod, mesh, service};

const ECHO: &str = "echo.shop.svc.cluster.local";

const GATEWAY: &str = "---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: istio-system, labels: {topology.istio.io/network: east}}
spec: {selector: {istio: gw}, ports: [{name: tls, port: 15443, targetPort: 15443}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gw-1, namespace: istio-system, labels: {istio: gw}}
spec:
  containers:
  - name: istio-proxy
    args: [proxy, router]
    env: [{name: ISTIO_META_REQUESTED_NETWORK_VIEW, value: east}]
status: {phase: Running, podIP: 10.2.0.1}
";

fn servers(spec: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: cross, namespace: istio-system}}
spec: {{selector: {{istio: gw}}, servers: [{spec}]}}
"
    )
}

const PASSING: &str =
    "{port: {number: 15443, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: ['*.local']}";

fn rule(export_to: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: echo, namespace: shop}}
spec: {{host: echo, exportTo: [{export_to}], subsets: [{{name: v1, labels: {{version: v1}}}}]}}
"
    )
}

fn east(objects: &[String]) -> Mesh {
    let echo = service("shop", "echo", ", {name: dns, port: 53, protocol: UDP}");
    mesh(&[("east", &format!("{}\n{GATEWAY}\n{echo}\n{}", istiod("east"), objects.join("\n")))])
}

fn passage(objects: &[String], host: &str, port: u16, subset: &str) -> Passage {
    let mesh = east(objects);
    let traffic = Traffic::new(&mesh);
    let service = mesh.clusters()[0].services.find("istio-system", "gw").expect("the gateway is there");
    let gateway =
        traffic.gateway(&Cause::field(&service.obj, mesh_model::FieldPath::root())).expect("it is one");
    assert_eq!(gateway.network_view(), Some(vec!["east"]));
    let destination = Destination::only(host.into(), port, subset.into());
    traffic.view(gateway.cluster).passage(&gateway, 15443, &destination)
}

#[test]
fn a_server_with_auto_passthrough_has_a_chain_for_every_port_of_a_service() {
    let objects = [servers(PASSING)];
    let open = passage(&objects, ECHO, 80, "");
    assert_eq!(
        (open.open, open.cause.to_string()),
        (Truth::Yes, "Gateway istio-system/cross spec.servers[0]".to_owned())
    );
    assert_eq!(passage(&objects, ECHO, 81, "").open, Truth::No);
    assert_eq!(passage(&objects, ECHO, 53, "").open, Truth::No, "not for UDP");
    let strange = passage(&objects, "ledger.shop.svc.cluster.local", 80, "");
    assert_eq!(strange.text, "the istiod of cluster east does not know ledger.shop.svc.cluster.local");
}

#[test]
fn another_mode_port_selector_or_host_has_none() {
    for spec in [
        PASSING.replace("AUTO_PASSTHROUGH", "PASSTHROUGH"),
        PASSING.replace("15443", "443"),
        PASSING.replace("*.local", "*.example"),
    ] {
        assert_eq!(passage(&[servers(&spec)], ECHO, 80, "").open, Truth::No, "{spec}");
    }
    let elsewhere = servers(PASSING).replace("{istio: gw}", "{istio: ingress}");
    assert_eq!(passage(&[elsewhere], ECHO, 80, "").open, Truth::No);
    assert_eq!(
        passage(&[servers(&PASSING.replace("*.local", "shop/*.local"))], ECHO, 80, "").open,
        Truth::Yes
    );
}

#[test]
fn a_subset_needs_a_rule_that_the_gateway_sees() {
    let with = |rule: String| passage(&[servers(PASSING), rule], ECHO, 80, "v1");
    let open = with(rule("'*'"));
    assert_eq!(
        (open.open, open.cause.to_string()),
        (Truth::Yes, "DestinationRule shop/echo spec.subsets[0].labels".to_owned())
    );
    assert_eq!(with(rule("'.'")).open, Truth::No);
    assert_eq!(with(rule("istio-system")).open, Truth::Yes);
    let other = passage(&[servers(PASSING), rule("'*'")], ECHO, 80, "v2");
    assert_eq!(
        (other.open, other.cause.to_string()),
        (Truth::No, "DestinationRule shop/echo spec.subsets".to_owned())
    );
}
