//! Networks and the gateways between them.

use mesh_traffic::{Exclusion, Families, Role, Traffic};

use crate::support::{Docs, ECHO, World, client, excluded, lines, predict, seen, seen_by};

/// Two clusters, two networks; an east-west gateway on each side.
fn two_networks() -> World {
    let mut west = Docs::primary("west", &["east"]);
    west.network("n1")
        .node("w", "r1/z1/")
        .service("echo", "")
        .pods("10.1.0", "w", 2)
        .gateway("n1", &["192.0.2.1"]);
    let mut east = Docs::primary("east", &["west"]);
    east.network("n2").node("e", "r2/z1/").service("echo", "").pods("10.2.0", "e", 4);
    east.gateway("n2", &["192.0.2.2", "192.0.2.3"]);
    World::default().cluster("east", east).cluster("west", west)
}

#[test]
fn pods_of_another_network_stand_behind_its_gateways() {
    let world = two_networks();
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let seen = lines(&predict(&traffic.view(1), &client(1, "n1", "r1/z1/")));
    let expected = [
        "r1/z1/ p0 w4: 10.1.0.1:8080*2 10.1.0.2:8080*2",
        "r2/z1/ p0 w8: @192.0.2.2:15443*4 @192.0.2.3:15443*4",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn weights_are_shared_by_the_least_common_multiple_of_the_gateways() {
    let mut own = Docs::primary("c1", &["c2", "c3"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 2).gateway("n1", &["192.0.2.1"]);
    let mut second = Docs::default();
    second
        .network("n2")
        .service("echo", "")
        .pods("10.2.0", "b", 4)
        .gateway("n2", &["192.0.2.2", "192.0.2.3"]);
    let mut third = Docs::default();
    third.network("n3").service("echo", "").pods("10.3.0", "c", 1);
    third.gateway("n3", &["192.0.2.4", "192.0.2.5", "192.0.2.6"]);
    let world = World::default().cluster("c1", own).cluster("c2", second).cluster("c3", third);
    let expected = "// p0 w42: 10.1.0.1:8080*6 10.1.0.2:8080*6 @192.0.2.2:15443*12 @192.0.2.3:15443*12 \
                    @192.0.2.4:15443*2 @192.0.2.5:15443*2 @192.0.2.6:15443*2";
    assert_eq!(seen(&world, "n1", ""), [expected]);
}

#[test]
fn without_any_gateway_addresses_of_other_networks_are_sent_as_they_are() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.network("n2").service("echo", "").pods("10.2.0", "b", 1);
    let world = World::default().cluster("c1", own).cluster("c2", other);
    assert_eq!(seen(&world, "n1", ""), ["// p0 w2: 10.1.0.1:8080*1 10.2.0.1:8080*1"]);
}

#[test]
fn a_client_without_a_network_goes_through_gateways_since_1_30() {
    let world = two_networks();
    let by = |version: &str| {
        let mesh = world.mesh();
        let traffic = Traffic::new(&mesh);
        let view = traffic.view(1).with_rules(mesh_traffic::RuleSet::of(version.parse().expect("a version")));
        lines(&predict(&view, &client(1, "", "r1/z1/")))
    };
    let direct = "r1/z1/ p0 w4: 10.1.0.1:8080*2 10.1.0.2:8080*2";
    assert_eq!(by("1.29")[0], direct);
    assert_eq!(by("1.30")[0], "r1/z1/ p0 w4: @192.0.2.1:15443*4");
}

#[test]
fn gateways_of_a_family_the_client_lacks_do_not_count_since_1_30() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.network("n2").service("echo", "").pods("10.2.0", "b", 1).gateway("n2", &["2001:db8::1"]);
    let world = World::default().cluster("c1", own).cluster("c2", other);
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let mut only_v4 = client(0, "n1", "");
    only_v4.families = Families { v4: true, v6: false };
    let prediction = predict(&traffic.view(0), &only_v4);
    assert_eq!(lines(&prediction), ["// p0 w1: 10.1.0.1:8080*1"]);
    let reason = "10.2.0.1: no gateway of its network has an IP family of the client \
                  (Service istio-system/eastwest metadata.labels[topology.istio.io/network])";
    assert_eq!(excluded(&prediction), [reason]);
    assert_eq!(
        seen_by(&world, "n1", "", Some("1.29")),
        ["// p0 w2: 10.1.0.1:8080*1 @[2001:db8::1]:15443*1".replace(['[', ']'], "")]
    );
}

#[test]
fn an_endpoint_without_mutual_tls_is_not_reached_across_networks() {
    let plain = |rule: &str| {
        let mut own = Docs::primary("c1", &["c2"]);
        own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
        if !rule.is_empty() {
            own.rule(rule);
        }
        let mut other = Docs::default();
        other.network("n2").service("echo", "").gateway("n2", &["192.0.2.2"]);
        other.add(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: shop}\nstatus: {podIP: 10.2.0.1}",
        );
        other.slice("echo", "http", &[crate::support::ready("10.2.0.1", "plain")]);
        World::default().cluster("c1", own).cluster("c2", other)
    };
    assert_eq!(seen(&plain(""), "n1", ""), ["// p0 w1: 10.1.0.1:8080*1"]);
    // A rule can only take mutual TLS away.
    let asked = plain(", trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}");
    assert_eq!(seen(&asked, "n1", ""), ["// p0 w1: 10.1.0.1:8080*1"]);
}

#[test]
fn a_gateway_by_host_name_is_unknown_and_said_to_be() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.network("n2").service("echo", "").pods("10.2.0", "b", 1);
    other.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: eastwest, namespace: istio-system, \
         labels: {topology.istio.io/network: n2}}\nspec: {type: LoadBalancer, ports: [{port: 15443}]}\n\
         status: {loadBalancer: {ingress: [{hostname: gw.example}]}}",
    );
    let mesh = World::default().cluster("c1", own).cluster("c2", other).mesh();
    let traffic = Traffic::new(&mesh);
    let prediction = predict(&traffic.view(0), &client(0, "n1", ""));
    let unknown: Vec<&str> = prediction.assignment.unknown.iter().map(|of| &*of.what).collect();
    assert_eq!(unknown, ["what istiod resolves gw.example to, a gateway into network n2"]);
}

#[test]
fn a_gateway_passes_on_to_endpoints_with_mutual_tls_of_the_networks_it_asks_for() {
    let world = two_networks();
    let mut east = world.clusters[0].1.clone();
    east.push_str("---\napiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: shop}\nstatus: {podIP: 10.2.0.9}\n");
    east.push_str(
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: echo-plain, namespace: shop, \
         labels: {kubernetes.io/service-name: echo}}\nports: [{name: http, port: 8080}]\n\
         endpoints: [{addresses: [10.2.0.9], targetRef: {kind: Pod, name: plain}}]\n",
    );
    let world = World { clusters: vec![("east".to_owned(), east), world.clusters[1].clone()] };
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let mut gateway = client(0, "n2", "r2/z1/");
    gateway.role = Role::Router;
    gateway.network_view = Some(vec!["n2".into()]);
    let service = view.service(ECHO).expect("the service is there");
    let prediction = view.predict_passed_on(&gateway, &service, 80, None);
    assert_eq!(prediction.assignment.name, format!("outbound_.80_._.{ECHO}"));
    let own = "r2/z1/ p0 w8: 10.2.0.1:8080*2 10.2.0.2:8080*2 10.2.0.3:8080*2 10.2.0.4:8080*2";
    // The locality of the pod without mutual TLS stays, empty.
    assert_eq!(lines(&prediction), ["// p0 w0:", own]);
    let reasons: Vec<_> = prediction.assignment.excluded.iter().map(|out| out.reason).collect();
    assert_eq!(reasons, [Exclusion::NetworkView, Exclusion::NetworkView, Exclusion::NoMutualTls]);
}

#[test]
fn a_node_port_gateway_has_the_addresses_of_the_nodes_its_annotation_selects() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.network("n2").service("echo", "").pods("10.2.0", "b", 1);
    other.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: eastwest, namespace: istio-system, \
         labels: {topology.istio.io/network: n2}, annotations: {traffic.istio.io/nodeSelector: '{\"edge\": \"yes\"}'}}\n\
         spec: {type: NodePort, ports: [{port: 15443, nodePort: 30443}]}",
    );
    for (node, edge, ip) in [("edge", "yes", "192.0.2.7"), ("inner", "no", "192.0.2.8")] {
        other.add(&format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {node}, labels: {{edge: '{edge}'}}}}\n\
             status: {{addresses: [{{type: ExternalIP, address: {ip}}}]}}"
        ));
    }
    let world = World::default().cluster("c1", own).cluster("c2", other);
    assert_eq!(seen(&world, "n1", ""), ["// p0 w2: 10.1.0.1:8080*1 @192.0.2.7:30443*1"]);
}

#[test]
fn mesh_networks_name_networks_by_registry_and_address_and_gateways_by_service_and_address() {
    let mut own = Docs::primary("c1", &["c2", "c3"]);
    own.service("echo", "").pods("10.1.0", "a", 1);
    own.add(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  \
         mesh: '{}'\n  meshNetworks: |\n    networks:\n      n2:\n        endpoints: [{fromRegistry: c2}]\n        \
         gateways: [{registryServiceName: edge.istio-system.svc.cluster.local, port: 443}]\n      \
         n3:\n        endpoints: [{fromCidr: 10.3.0.0/16}]\n        gateways: [{address: 192.0.2.3, port: 15443}]\n",
    );
    let mut second = Docs::default();
    second.service("echo", "").pods("10.2.0", "b", 1);
    second.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: edge, namespace: istio-system}\n\
         spec: {type: LoadBalancer, ports: [{port: 443}]}\nstatus: {loadBalancer: {ingress: [{ip: 192.0.2.2}]}}",
    );
    let mut third = Docs::default();
    third.service("echo", "").pods("10.3.0", "c", 1).pods("10.4.0", "d", 1);
    let world = World::default().cluster("c1", own).cluster("c2", second).cluster("c3", third);
    // 10.4.0.1 is in no network, and so in that of every client.
    let expected = "// p0 w4: 10.1.0.1:8080*1 10.4.0.1:8080*1 @192.0.2.2:443*1 @192.0.2.3:15443*1";
    assert_eq!(seen(&world, "n1", ""), [expected]);
}

#[test]
fn a_labelled_service_without_a_gateway_port_is_none_since_1_29() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.network("n2").service("echo", "").pods("10.2.0", "b", 1);
    other.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: eastwest, namespace: istio-system, \
         labels: {topology.istio.io/network: n2}}\nspec: {type: LoadBalancer, ports: [{port: 443}]}\n\
         status: {loadBalancer: {ingress: [{ip: 192.0.2.2}]}}",
    );
    let world = World::default().cluster("c1", own).cluster("c2", other);
    let by = |version| seen_by(&world, "n1", "", Some(version));
    assert_eq!(by("1.28"), ["// p0 w2: 10.1.0.1:8080*1 @192.0.2.2:15443*1"]);
    assert_eq!(by("1.29"), ["// p0 w2: 10.1.0.1:8080*1 10.2.0.1:8080*1"]);
}

#[test]
fn a_workload_entry_is_put_behind_a_gateway_by_its_field_alone() {
    let with = |network: &str| {
        let mut own = Docs::primary("c1", &["c2"]);
        own.network("n1").service("echo", ", selector: {app: echo}").pods("10.1.0", "a", 1);
        own.add(&format!(
            "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: vm, namespace: shop, \
             labels: {{app: echo, topology.istio.io/network: n2}}}}\n\
             spec: {{address: 198.51.100.1, serviceAccount: vm{network}}}"
        ));
        let mut other = Docs::default();
        other.gateway("n2", &["192.0.2.2"]);
        World::default().cluster("c1", own).cluster("c2", other)
    };
    assert_eq!(seen(&with(""), "n1", ""), ["// p0 w2: 10.1.0.1:8080*1 198.51.100.1:8080*1"]);
    assert_eq!(seen(&with(", network: n2"), "n1", ""), ["// p0 w2: 10.1.0.1:8080*1 @192.0.2.2:15443*1"]);
}

#[test]
fn a_peer_authentication_that_disables_mutual_tls_hides_endpoints_of_other_networks() {
    let with = |spec: &str| {
        let mut west = Docs::default();
        west.add(&format!(
            "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: p, namespace: shop}}\n\
             spec: {{{spec}}}"
        ));
        let world = two_networks().cluster("west", west);
        let mesh = world.mesh();
        let traffic = Traffic::new(&mesh);
        let prediction = predict(&traffic.view(1), &client(1, "n1", ""));
        (
            prediction.assignment.groups[1].endpoints.len(),
            excluded(&prediction).first().cloned().unwrap_or_default(),
        )
    };
    assert_eq!(with("mtls: {mode: STRICT}").0, 2);
    let (sent, reason) = with("mtls: {mode: DISABLE}");
    assert_eq!(sent, 0);
    assert!(reason.ends_with("(PeerAuthentication shop/p spec.mtls.mode)"), "{reason}");
    let (sent, reason) = with(
        "selector: {matchLabels: {topology.istio.io/cluster: east}}, portLevelMtls: {8080: {mode: DISABLE}}",
    );
    assert_eq!(sent, 0);
    assert!(reason.ends_with("(PeerAuthentication shop/p spec.portLevelMtls)"), "{reason}");
}

#[test]
fn a_locality_that_the_filter_of_networks_emptied_still_takes_a_share_of_distribute() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").node("a", "r1/z1/").node("b", "r1/z2/");
    own.service("echo", "").pods("10.1.0", "a", 2).pods("10.1.1", "b", 1);
    own.rule(
        ", trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: '*', to: {'*': 100}}]}}}",
    );
    let mut other = Docs::default();
    other.network("n2").node("c", "r2/z1/").service("echo", "").gateway("n2", &["192.0.2.2"]);
    other.add("apiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: shop}\nspec: {nodeName: c}\nstatus: {podIP: 10.2.0.1}");
    other.slice("echo", "http", &[crate::support::ready("10.2.0.1", "plain")]);
    let world = World::default().cluster("c1", own).cluster("c2", other);
    let expected = [
        "r1/z1/ p0 w50: 10.1.0.1:8080*1 10.1.0.2:8080*1",
        "r1/z2/ p0 w25: 10.1.1.1:8080*1",
        "r2/z1/ p0 w25:",
    ];
    assert_eq!(seen(&world, "n1", "r1/z1/"), expected);
}
