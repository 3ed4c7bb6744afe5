//! JSON as API servers send it, lowered into rows.

use mesh_model::row::{Answer, ConfigMapFact, ConsistentHash, PolicyAction, TextMatch, TlsMode};
use mesh_model::{ClusterBuilder, Kind, Mesh, MeshBuilder, Note, Origin};
use mesh_wire::{Lower, lower_json, lower_page};
use serde_json::{Value, json};

fn mesh(objects: &[(Kind, Value)]) -> Mesh {
    let mut cluster = ClusterBuilder::new("west");
    let mut lower = Lower::new(&mut cluster);
    for (kind, object) in objects {
        let bytes = serde_json::to_vec(object).expect("a JSON value serialises");
        lower_json(*kind, &bytes, Origin::Live, &mut lower).expect("the object has its kind's shape");
    }
    MeshBuilder::default().with(cluster).finish()
}

#[test]
fn null_is_unset_and_an_empty_object_is_present() {
    let rule = |detection: Value| {
        let spec =
            json!({"host": "a", "trafficPolicy": {"outlierDetection": detection, "portLevelSettings": null}});
        json!({"metadata": {"name": "a", "namespace": "shop", "labels": null}, "spec": spec})
    };
    let detection = |object: Value| {
        let mesh = mesh(&[(Kind::DestinationRule, object)]);
        let row = mesh.clusters()[0].destination_rules.find("shop", "a").unwrap();
        row.fact.policy.as_ref().unwrap().blocks.outlier_detection.clone()
    };
    assert_eq!(detection(rule(Value::Null)), None);
    assert_eq!(detection(rule(json!({}))), Some(mesh_model::row::OutlierDetection::default()));
    let zero = detection(rule(json!({"consecutive5xxErrors": 0, "consecutiveGatewayErrors": null}))).unwrap();
    assert_eq!((zero.consecutive_5xx, zero.consecutive_gateway), (Some(0), None));
}

#[test]
fn unknown_fields_and_unknown_enum_values_do_no_harm() {
    let object = json!({
        "metadata": {"name": "a", "namespace": "shop", "managedFields": [{"manager": "x"}]},
        "spec": {"host": "a", "trafficPolicy": {"tls": {"mode": "QUANTUM"}, "newThing": {"deep": [1]}}}
    });
    let mesh = mesh(&[(Kind::DestinationRule, object)]);
    let row = mesh.clusters()[0].destination_rules.find("shop", "a").unwrap();
    let blocks = &row.fact.policy.as_ref().unwrap().blocks;
    assert_eq!(blocks.tls.as_ref().map(|tls| &tls.mode), Some(&TlsMode::Other("QUANTUM".into())));
}

#[test]
fn a_consistent_hash_is_by_ring_unless_it_says_maglev() {
    let hash = |hash: Value| {
        let spec = json!({"host": "a", "trafficPolicy": {"loadBalancer": {"consistentHash": hash}}});
        let object = json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": spec});
        let mesh = mesh(&[(Kind::DestinationRule, object)]);
        let row = mesh.clusters()[0].destination_rules.find("shop", "a").unwrap();
        row.fact.policy.as_ref().unwrap().blocks.load_balancer.as_ref().unwrap().consistent_hash
    };
    assert_eq!(hash(Value::Null), None);
    assert_eq!(hash(json!({"useSourceIp": true})), Some(ConsistentHash::RingHash));
    assert_eq!(hash(json!({"maglev": {}, "httpHeaderName": "x"})), Some(ConsistentHash::Maglev));
}

#[test]
fn one_broken_object_does_not_cost_the_page() {
    let page = json!({
        "kind": "ServiceList",
        "metadata": {"continue": "next"},
        "items": [
            {"metadata": {"name": "good", "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}},
            {"metadata": {"name": "bad", "namespace": "shop"}, "spec": {"ports": [{"port": "eighty"}]}},
        ]
    });
    let mut cluster = ClusterBuilder::new("west");
    let read = lower_page(Kind::Service, &serde_json::to_vec(&page).unwrap(), &mut Lower::new(&mut cluster))
        .unwrap();
    assert_eq!((read.items, read.next.as_deref()), (2, Some("next")));
    let mesh = MeshBuilder::default().with(cluster).finish();
    assert_eq!(mesh.clusters()[0].services.rows().len(), 1);
    assert!(mesh.clusters()[0].gaps.of(Kind::Service).is_some_and(mesh_model::Gap::is_partial));
    let [Note::Unreadable { object: Some(object), message, .. }] = mesh.notes() else {
        panic!("one note: {:?}", mesh.notes());
    };
    assert_eq!(object.to_string(), "Service shop/bad");
    assert!(message.starts_with("spec.ports[0].port: invalid type"), "{message}");
}

#[test]
fn what_is_no_list_is_an_error_without_its_content() {
    let mut cluster = ClusterBuilder::new("west");
    let error = lower_page(Kind::Service, b"\x00\xff garbage", &mut Lower::new(&mut cluster)).unwrap_err();
    assert!(!error.to_string().contains("garbage"), "{error}");
}

#[test]
fn values_of_secrets_and_copies_of_objects_are_never_held() {
    let canary = "canary-7f3a";
    let applied = format!("{{\"data\":{{\"token\":\"{canary}\"}}}}");
    let object = json!({
        "metadata": {
            "name": "istio-remote-secret-east", "namespace": "istio-system",
            "annotations": {
                "networking.istio.io/cluster": "east",
                "kubectl.kubernetes.io/last-applied-configuration": applied,
            }
        },
        "data": {"east": canary}, "stringData": {"other": canary}
    });
    let mesh = mesh(&[(Kind::Secret, object)]);
    let row = mesh.clusters()[0].secrets.find("istio-system", "istio-remote-secret-east").unwrap();
    assert_eq!(row.fact.keys, ["east".into(), "other".into()]);
    assert!(!format!("{mesh:?}").contains(canary));
}

#[test]
fn a_secret_of_the_wrong_shape_is_named_and_not_quoted() {
    let canary = "canary-91be";
    let page = json!({"items": [{"metadata": {"name": "bad", "namespace": "a"}, "data": canary}]});
    let mut cluster = ClusterBuilder::new("west");
    lower_page(Kind::Secret, &serde_json::to_vec(&page).unwrap(), &mut Lower::new(&mut cluster)).unwrap();
    let mesh = MeshBuilder::default().with(cluster).finish();
    let told = format!("{:?}", mesh.notes());
    assert!(told.contains("bad") && !told.contains(canary), "{told}");
}

#[test]
fn the_control_plane_is_read_from_its_deployment_and_config_maps() {
    let deployment = json!({
        "metadata": {"name": "istiod-1-31", "namespace": "istio-system"},
        "spec": {"template": {
            "metadata": {"labels": {"app": "istiod", "istio.io/rev": "1-31"}},
            "spec": {"containers": [{
                "name": "discovery", "image": "docker.io/istio/pilot:1.31.0-distroless",
                "env": [{"name": "CLUSTER_ID", "value": "west-1"}, {"name": "REVISION", "value": "1-31"}]
            }]}
        }}
    });
    let config = |name: &str, key: &str, value: &str| json!({"metadata": {"name": name, "namespace": "istio-system"}, "data": {key: value}});
    let mesh_text = "trustDomain: acme\nlocalityLbSetting:\n  enabled: false\ndefaultConfig:\n  meshId: m1\n";
    let values = r#"{"global":{"network":"net-a","meshID":"m2","multiCluster":{"clusterName":"west-1"}}}"#;
    let namespace =
        json!({"metadata": {"name": "istio-system", "labels": {"topology.istio.io/network": "net-b"}}});
    let mesh = mesh(&[
        (Kind::Deployment, deployment),
        (Kind::ConfigMap, config("istio-1-31", "mesh", mesh_text)),
        (Kind::ConfigMap, config("istio-sidecar-injector-1-31", "values", values)),
        (Kind::ConfigMap, config("kube-root-ca.crt", "ca.crt", "")),
        (Kind::Namespace, namespace),
    ]);
    let plane = &mesh.clusters()[0].control_plane;
    assert_eq!(plane.cluster_id(), Some("west-1"));
    assert_eq!(plane.version.map(|version| version.to_string()).as_deref(), Some("1.31.0"));
    assert_eq!((plane.mesh_id(), plane.network().as_str()), (Some("m1"), "net-b"));
    assert!(!plane.mesh_config.as_ref().unwrap().1.locality.is_enabled());
}

#[test]
fn a_mesh_config_that_is_no_yaml_says_so_and_costs_nothing_else() {
    let object =
        json!({"metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": "a: [b"}});
    let mesh = mesh(&[(Kind::ConfigMap, object)]);
    let row = &mesh.clusters()[0].config_maps.rows()[0];
    assert!(matches!(&row.fact, ConfigMapFact::MeshConfig(Err(message)) if !message.is_empty()));
}

#[test]
fn a_network_knows_its_registries_and_whether_it_has_a_gateway() {
    let networks = "networks:\n  east:\n    endpoints:\n    - fromRegistry: c-east\n    - fromCidr: 10.0.0.0/8\n    gateways:\n    - {address: 192.0.2.1, port: 15443}\n  bare:\n";
    let object = json!({
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": "", "meshNetworks": networks}
    });
    let mesh = mesh(&[(Kind::ConfigMap, object)]);
    let (_, config) = mesh.clusters()[0].control_plane.mesh_config.clone().unwrap();
    let [bare, east] = config.mesh_networks.as_slice() else { panic!("{:?}", config.mesh_networks) };
    assert_eq!((bare.name.as_str(), bare.gateways.len()), ("bare", 0));
    assert_eq!((east.name.as_str(), east.gateways.len()), ("east", 1));
    assert_eq!(east.registries, ["c-east".into()]);
}

#[test]
fn a_service_without_status_is_told_from_one_without_an_address() {
    let service = |name: &str, status: Value| json!({"metadata": {"name": name, "namespace": "a"}, "spec": {"ports": [{"port": 80}]}, "status": status});
    let mesh = mesh(&[
        (Kind::Service, service("live", json!({"loadBalancer": {}}))),
        (Kind::Service, service("manifest", Value::Null)),
    ]);
    let known = |name: &str| mesh.clusters()[0].services.find("a", name).unwrap().fact.has_status;
    assert!(known("live"));
    assert!(!known("manifest"));
}

#[test]
fn a_route_keeps_what_it_asks_of_a_call_and_where_it_sends_it() {
    let route = json!({
        "match": [{
            "uri": {"prefix": "/v2"}, "ignoreUriCase": true, "method": {"exact": "GET"},
            "headers": {"X-Canary": {}}, "withoutHeaders": {"x-old": {"regex": ".*"}}, "queryParams": null,
            "port": 80, "sourceLabels": {"app": "web"}, "sourceNamespace": "shop", "gateways": ["mesh"]
        }],
        "route": [
            {"destination": {"host": "echo", "subset": "v2", "port": {"number": 81}}, "weight": "90"},
            {"destination": {"host": "old.shop"}, "weight": 10}
        ],
        "rewrite": {"uri": "/"}, "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 0.5}}},
        "retries": {"attempts": 2, "retryRemoteLocalities": true}, "mirror": {"host": "shadow"}
    });
    let object = json!({
        "metadata": {"name": "a", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "hosts": ["echo"], "exportTo": ["."],
            "http": [route, {"redirect": {}, "directResponse": {"status": 503}}, {"delegate": {"name": "d"}}],
            "tls": [{"match": [{"sniHosts": ["*.x"], "destinationSubnets": ["10.0.0.1"]}], "route": []}]
        }
    });
    let mesh = mesh(&[(Kind::VirtualService, object)]);
    let fact = &mesh.clusters()[0].virtual_services.find("shop", "a").unwrap().fact;
    let [first, redirect, delegating] = fact.http.as_slice() else { panic!("{:?}", fact.http) };
    let entry = &first.matches[0];
    assert_eq!(entry.uri, Some(TextMatch::Prefix("/v2".into())));
    assert_eq!(entry.headers, [("x-canary".into(), TextMatch::Present)]);
    assert_eq!(entry.without_headers, [("x-old".into(), TextMatch::Regex(".*".into()))]);
    assert_eq!((entry.source.port, &*entry.source.namespace), (80, "shop"));
    assert!(entry.source.labels.is("app", "web") && entry.ignore_uri_case);
    let targets: Vec<_> =
        first.targets.iter().map(|to| (to.host.as_str(), &*to.subset, to.port, to.weight)).collect();
    assert_eq!(targets, [("echo.shop.svc.cluster.local", "v2", 81, 90), ("old.shop", "", 0, 10)]);
    assert_eq!(first.aborts, 5000);
    let retries = first.retries.as_ref().unwrap();
    assert!(retries.remote_localities && retries.attempts == 2);
    assert_eq!(redirect.answer, Some(Answer::Redirect));
    assert_eq!(delegating.delegate.as_ref().map(|delegate| &*delegate.name), Some("d"));
    assert_eq!(&*fact.tls[0].matches[0].destination_subnets[0], "10.0.0.1");
    assert_eq!(fact.destinations.len(), 3, "the mirror counts");
}

#[test]
fn an_authorization_policy_without_action_allows() {
    let policy = |spec: Value| json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": spec});
    let lowered = |spec: Value| {
        let mesh = mesh(&[(Kind::AuthorizationPolicy, policy(spec))]);
        mesh.clusters()[0].authorization_policies.find("shop", "a").unwrap().fact.clone()
    };
    let rule = json!({
        "from": [{"source": {"namespaces": ["web"], "notPrincipals": ["*/sa/bad"]}}],
        "to": [{"operation": {"methods": ["GET"], "notPaths": ["/admin*"]}}],
        "when": [{"key": "request.headers[x]", "notValues": ["1"]}]
    });
    let fact = lowered(json!({"selector": {"matchLabels": {"app": "echo"}}, "rules": [rule, {}]}));
    assert_eq!(fact.action, PolicyAction::Allow);
    assert!(fact.selector.is("app", "echo") && !fact.has_targets);
    assert_eq!(fact.rules[0].from[0].principals.none_of, ["*/sa/bad".into()]);
    assert_eq!(fact.rules[0].to[0].paths.none_of, ["/admin*".into()]);
    assert_eq!(&*fact.rules[0].when[0].key, "request.headers[x]");
    assert!(fact.rules[1].from.is_empty() && fact.rules[1].to.is_empty() && fact.rules[1].when.is_empty());
    let other = lowered(json!({"action": "QUARANTINE", "targetRef": {"kind": "Gateway", "name": "w"}}));
    assert_eq!(other.action, PolicyAction::Other("QUARANTINE".into()));
    assert!(other.has_targets);
}
