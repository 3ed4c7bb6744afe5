//! Pages of Envoy and istiod as they write them, cut to what tells something.

use mesh_model::actual::{Assignment, HostHealth, RequestCounts, SyncState};
use mesh_wire::{DecodeError, admin};
use serde_json::{Value, json};

const ECHO: &str = "outbound|80||echo.shop.svc.cluster.local";

fn assignments(page: &Value) -> Result<Vec<Assignment>, DecodeError> {
    admin::assignments(page.to_string().as_bytes(), &|_| true)
}

/// `priority locality weight: address health weight cluster, ...` of each group.
fn told(assignment: &Assignment) -> Vec<String> {
    let groups = assignment.groups.iter().map(|group| {
        let endpoints = group.endpoints.iter().map(|endpoint| {
            let cluster = endpoint.cluster.as_deref().unwrap_or("-");
            format!("{} {:?} {:?} {cluster}", endpoint.address, endpoint.health, endpoint.weight)
        });
        let endpoints: Vec<_> = endpoints.collect();
        format!("{} {} {:?}: {}", group.priority, group.locality, group.weight, endpoints.join(", "))
    });
    groups.collect()
}

/// As Envoy writes it.
fn of_envoy() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": ECHO,
        "policy": {"overprovisioning_factor": 140},
        "endpoints": [
            {
                "locality": {"region": "east", "zone": "east-a"}, "priority": 2, "load_balancing_weight": 1,
                "lb_endpoints": [{
                    "endpoint": {"address": {"socket_address": {"address": "172.30.2.20", "port_value": 15443}}, "health_check_config": {}},
                    "health_status": "HEALTHY", "load_balancing_weight": 2,
                    "metadata": {"filter_metadata": {"istio": {"workload": ";;;;east"}, "envoy.transport_socket_match": {"tlsMode": "istio"}}},
                }],
            },
            {
                "locality": {"region": "west", "zone": "west-a", "sub_zone": "rack-7"},
                "lb_endpoints": [
                    {
                        "endpoint": {"address": {"envoy_internal_address": {"server_listener_name": "connect_originate", "endpoint_id": "10.0.0.9:80"}}},
                        "health_status": "UNHEALTHY",
                        "metadata": {"filter_metadata": {"istio": {"workload": "a;b"}}},
                    },
                    {
                        "endpoint": {"address": {"socket_address": {"address": "172.30.1.31", "port_value": 8080}}},
                        "health_status": "DEGRADED",
                        "metadata": {"filter_metadata": {"istio": {"workload": "echo-1;shop;echo;;west"}}},
                    },
                    {"endpoint": {"address": {"kind_of_next_year": {}}}},
                ],
            },
        ],
    })
}

#[test]
fn a_dump_of_envoy_gives_groups_by_priority_with_the_cluster_of_each_endpoint() {
    let narrowed = json!({"configs": [{
        "@type": "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump.DynamicEndpointConfig",
        "endpoint_config": of_envoy(),
    }]});
    let found = assignments(&narrowed).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].cluster, found[0].overprovisioning), (ECHO, Some(140)));
    assert_eq!(
        told(&found[0]),
        [
            "0 west/west-a/rack-7 None: 172.30.1.31:8080 Degraded None west, \
             envoy://connect_originate/10.0.0.9:80 Unhealthy None -",
            "2 east/east-a/ Some(1): 172.30.2.20:15443 Healthy Some(2) east",
        ]
    );
}

#[test]
fn a_whole_dump_gives_the_same_and_nothing_of_its_secrets_is_kept() {
    let canary = "canary-key-9d02";
    let whole = json!({"configs": [
        {"@type": "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump", "dynamic_endpoint_configs": [{"endpoint_config": of_envoy()}]},
        {"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump", "dynamic_active_secrets": [
            {"name": "default", "secret": {"tls_certificate": {"private_key": {"inline_bytes": canary}}}},
        ]},
    ]});
    let found = assignments(&whole).unwrap();
    assert_eq!(found, assignments(&json!({"configs": [of_envoy()]})).unwrap());
    assert!(!format!("{found:?}").contains(canary));
}

#[test]
fn istiod_writes_camel_case_and_keeps_groups_without_endpoints() {
    let page = json!({"configs": [{
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "clusterName": ECHO,
        "endpoints": [
            {"locality": {"region": "west", "zone": "west-b", "subZone": "s"}, "loadBalancingWeight": 1, "priority": 1},
            {
                "locality": {"region": "west", "zone": "west-a"}, "loadBalancingWeight": 3,
                "lbEndpoints": [{
                    "endpoint": {"address": {"socketAddress": {"address": "172.30.2.20", "portValue": 15443}}},
                    "metadata": {"filterMetadata": {"istio": {"workload": ";;;;east"}}}, "loadBalancingWeight": 3,
                }],
            },
        ],
    }]});
    let found = assignments(&page).unwrap();
    assert_eq!(
        told(&found[0]),
        ["0 west/west-a/ Some(3): 172.30.2.20:15443 Unknown Some(3) east", "1 west/west-b/s Some(1): "]
    );
}

#[test]
fn only_wanted_clusters_are_kept_and_they_are_sorted() {
    let named = |name: &str| json!({"cluster_name": name});
    let page = json!({"configs": [named("c"), named("a"), named("b")]}).to_string();
    let found = admin::assignments(page.as_bytes(), &|name| name != "b").unwrap();
    assert_eq!(found.iter().map(|one| &*one.cluster).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn hosts_carry_their_state_and_counters() {
    let host = |address: &str, rest: Value| {
        let mut host =
            json!({"address": {"socket_address": {"address": address, "port_value": 8080}}, "weight": 1});
        host.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        host
    };
    let page = json!({"cluster_statuses": [{
        "name": ECHO, "added_via_api": true, "circuit_breakers": {"thresholds": [{"max_retries": 4_294_967_295_u32}]},
        "host_statuses": [
            host("10.0.0.2", json!({"priority": 1, "health_status": {"eds_health_status": "DRAINING"}})),
            host("10.0.0.1", json!({
                "locality": {"region": "r", "zone": "z"},
                "health_status": {"eds_health_status": "HEALTHY", "failed_outlier_check": true},
                "stats": [
                    {"name": "rq_error", "value": "7"}, {"name": "rq_success", "value": "18446744073709551615"},
                    {"name": "rq_total"}, {"name": "cx_active", "type": "GAUGE", "value": "3"},
                ],
            })),
            {"address": {"pipe": {"path": "/run/echo"}}, "priority": 1},
        ],
    }]});
    let found = admin::hosts(page.to_string().as_bytes(), &|name| name == ECHO).unwrap();
    let [first, second, third] = found[0].hosts.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (first.address.to_string(), first.locality.to_string()),
        ("10.0.0.1:8080".into(), "r/z/".into())
    );
    assert_eq!((first.health, first.failed_outlier_check), (HostHealth::Healthy, true));
    assert_eq!(first.requests, RequestCounts { total: 0, success: u64::MAX, error: 7 });
    assert_eq!((second.health, second.priority, second.weight), (HostHealth::Draining, 1, Some(1)));
    assert_eq!((third.address.to_string(), third.weight), ("unix:///run/echo".to_owned(), None));
}

#[test]
fn istiods_tell_clusters_gateways_and_proxies() {
    let clusters = admin::read_clusters(
        br#"[{"id":"west","secretName":"","syncStatus":"synced"},{"id":"east","secretName":"istio-system/s","syncStatus":"timeout"}]"#,
    )
    .unwrap();
    assert_eq!(
        (&*clusters[0].id, &*clusters[0].secret, &*clusters[0].status),
        ("east", "istio-system/s", "timeout")
    );
    let gateways = admin::known_gateways(
        br#"[{"Network":"n","Cluster":"east","Addr":"172.30.2.20","Port":15443,"HBONEPort":15008,"ServiceAccount":{"Namespace":"","Name":""}}]"#,
    )
    .unwrap();
    assert_eq!((&*gateways[0].network, gateways[0].port, gateways[0].hbone_port), ("n", 15443, 15008));
    let proxy = |sent: &str, acked: &str| json!({"cluster_id": "west", "proxy": format!("{sent}{acked}.shop"), "endpoint_sent": sent, "endpoint_acked": acked});
    let page = json!([proxy("2", "2"), proxy("3", "2"), proxy("", "")]).to_string();
    let proxies = admin::proxy_syncs(page.as_bytes()).unwrap();
    let states: Vec<_> = proxies.iter().map(|proxy| (&*proxy.id, proxy.endpoints)).collect();
    assert_eq!(
        states,
        [(".shop", SyncState::NotSent), ("22.shop", SyncState::Synced), ("32.shop", SyncState::Stale)]
    );
    assert!(admin::proxy_syncs(b"null").unwrap().is_empty(), "Go writes so when there are none");
}

#[test]
fn an_error_names_the_field_and_quotes_nothing() {
    let page = json!({"configs": [{"endpoint_config": {"cluster_name": {"a": "canary-51"}}}]});
    let error = assignments(&page).unwrap_err();
    assert_eq!(error.path, "configs[0].endpoint_config.cluster_name");
    let page = json!({"cluster_statuses": [{"name": ECHO, "host_statuses": [{"weight": "canary-52"}]}]});
    let error = admin::hosts(page.to_string().as_bytes(), &|_| true).unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[test]
fn a_page_that_is_cut_off_or_is_none_is_an_error() {
    let page = json!({"configs": [{"endpoint_config": of_envoy()}]}).to_string();
    for end in 0..page.len() {
        assert!(admin::assignments(&page.as_bytes()[..end], &|_| true).is_err(), "{end}");
    }
    for text in ["", "7", "upstream connect error", "\u{0}"] {
        assert!(admin::hosts(text.as_bytes(), &|_| true).is_err(), "{text}");
    }
}
