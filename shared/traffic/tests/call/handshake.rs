//! How two proxies begin to talk.

use mesh_traffic::{Applied, Handshake, Sends, Traffic, Truth, Via};

use crate::tree::{istiod, mesh, pod, service};

const SLICE: &str = "---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: echo-1, namespace: shop, labels: {kubernetes.io/service-name: echo}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.1.1], targetRef: {kind: Pod, name: echo, namespace: shop}}]
";

fn authentication(mode: &str) -> String {
    format!(
        "---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default, namespace: shop}}
spec: {{mtls: {{mode: {mode}}}}}
"
    )
}

fn rule(tls: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: echo, namespace: shop}}
spec: {{host: echo, trafficPolicy: {{tls: {{mode: {tls}}}}}}}
"
    )
}

/// Between web and the one endpoint of echo, whose pod has these labels.
fn handshake(labels: &str, proxy: bool, objects: &[String]) -> Handshake {
    let echo = pod("shop", "echo", &format!("app: echo{labels}"));
    let echo = if proxy { echo } else { echo.replace("name: istio-proxy", "name: app") };
    let parts =
        [istiod("west"), service("shop", "echo", ""), echo, pod("web", "web", "app: web"), SLICE.to_owned()];
    let mesh = mesh(&[("west", &format!("{}\n{}", parts.join("\n"), objects.join("\n")))]);
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let client = view.client_of(mesh.clusters()[0].pods.find("web", "web").expect("the client is there"));
    let service = view.service_for("echo.shop.svc.cluster.local", "web").expect("the service is there");
    let prediction = view.predict(&client, &service, 80, None);
    let policy = prediction.rule.as_ref().map_or_else(Applied::default, |rule| rule.effective(80, None));
    let Via::Direct(endpoint) = &prediction.assignment.groups[0].endpoints[0].via else {
        panic!("it is near")
    };
    view.handshake(&view, &client, &service, &policy, endpoint)
}

const INJECTED: &str = ", security.istio.io/tlsMode: istio";

#[test]
fn sidecars_talk_mutual_tls_by_themselves() {
    let found = handshake(INJECTED, true, &[]);
    assert_eq!((found.sends, found.holds), (Sends::Mutual, Truth::Yes));
    assert_eq!(handshake(INJECTED, true, &[authentication("STRICT")]).holds, Truth::Yes);
}

#[test]
fn plain_text_is_refused_where_mutual_tls_is_asked_for() {
    let disabled = [rule("DISABLE"), authentication("STRICT")];
    let refused = handshake(INJECTED, true, &disabled);
    assert_eq!((refused.sends, refused.holds), (Sends::Plain, Truth::No));
    assert_eq!(refused.cause.to_string(), "PeerAuthentication shop/default spec.mtls.mode");
    assert_eq!(handshake(INJECTED, true, &disabled[..1]).holds, Truth::Yes);
    assert_eq!(
        handshake("", false, &[authentication("STRICT")]).holds,
        Truth::Yes,
        "nobody asks without a proxy"
    );
}

#[test]
fn mutual_tls_needs_a_proxy_that_takes_it() {
    assert_eq!(handshake("", false, &[rule("ISTIO_MUTUAL")]).holds, Truth::No);
    let disabled = [rule("ISTIO_MUTUAL"), authentication("DISABLE")];
    assert_eq!(handshake(INJECTED, true, &disabled).holds, Truth::No);
    // By themselves clients do not try where the namespace takes plain text.
    let plain = handshake(INJECTED, true, &disabled[1..]);
    assert_eq!((plain.sends, plain.holds), (Sends::Plain, Truth::Yes));
}

#[test]
fn tls_of_the_user_is_for_the_application_to_take() {
    assert!(matches!(handshake(INJECTED, true, &[rule("SIMPLE")]).holds, Truth::Unknown(_)));
    let strict = [rule("SIMPLE"), authentication("STRICT")];
    assert_eq!(handshake(INJECTED, true, &strict).holds, Truth::No);
}
