//! Which endpoints a client is given, and why not the others.

use mesh_traffic::{Discovery, HostPolicy, Traffic};

use crate::support::{
    Docs, ECHO, World, client, endpoint, excluded, lines, predict, predict_subset, ready, seen, seen_by,
};

fn one(docs: Docs) -> World {
    World::default().cluster("c1", docs)
}

fn two(first: Docs, second: Docs) -> World {
    World::default().cluster("c1", first).cluster("c2", second)
}

fn excluded_of(world: &World, node: &str) -> Vec<String> {
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let mut from = client(0, "", "");
    from.node = node.into();
    excluded(&predict(&traffic.view(0), &from))
}

#[test]
fn endpoints_of_other_clusters_are_found_by_the_name_of_the_port() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::default();
    other.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: echo, namespace: shop}\n\
         spec: {clusterIP: 10.0.0.2, ports: [{name: web, port: 80, targetPort: 8080}]}",
    );
    other.pod("web", "10.2.0.1", "b", "").slice("echo", "web", &[ready("10.2.0.1", "web")]);
    let world = two(own, other);
    assert_eq!(seen(&world, "", ""), ["// p0 w1: 10.1.0.1:8080*1"]);
    assert_eq!(
        excluded_of(&world, ""),
        ["10.2.0.1: it has no port of that name (Service shop/echo spec.ports[0].name)"]
    );
}

#[test]
fn a_cluster_without_a_remote_secret_gives_no_endpoints() {
    let mut own = Docs::primary("c1", &[]);
    own.service("echo", "").pods("10.1.0", "a", 1);
    let mut other = Docs::primary("c2", &["c1"]);
    other.service("echo", "").pods("10.2.0", "b", 1);
    let world = two(own, other);
    assert_eq!(seen(&world, "", ""), ["// p0 w1: 10.1.0.1:8080*1"]);
    let reason = "10.2.0.1: the client's istiod has no remote secret for its cluster \
                  (no remote secret of the client's istiod names its cluster)";
    assert_eq!(excluded_of(&world, ""), [reason]);
}

#[test]
fn unready_endpoints_are_sent_since_1_31_unless_panic_is_asked_for() {
    let unready = |rule: &str| {
        let mut own = Docs::primary("c1", &[]);
        own.service("echo", "").pod("a", "10.1.0.1", "a", "").pod("b", "10.1.0.2", "a", "");
        let not_ready = endpoint("10.1.0.2", "b", "ready: false, serving: false, terminating: false");
        own.slice("echo", "http", &[ready("10.1.0.1", "a"), not_ready]);
        if !rule.is_empty() {
            own.rule(rule);
        }
        one(own)
    };
    let both = "// p0 w2: 10.1.0.1:8080*1 10.1.0.2:8080*1!";
    let only = "// p0 w1: 10.1.0.1:8080*1";
    assert_eq!(seen(&unready(""), "", ""), [both]);
    assert_eq!(seen_by(&unready(""), "", "", Some("1.30")), [only]);
    let panics = unready(", trafficPolicy: {outlierDetection: {minHealthPercent: 10}}");
    assert_eq!(seen(&panics, "", ""), [only]);
    let cause = "10.1.0.2: not ready (DestinationRule shop/echo spec.trafficPolicy.outlierDetection.minHealthPercent)";
    assert_eq!(excluded_of(&panics, ""), [cause]);
}

#[test]
fn terminating_endpoints_are_never_sent_and_an_unset_condition_counts_as_terminating() {
    let mut own = Docs::primary("c1", &[]);
    own.service("echo", "").pod("a", "10.1.0.1", "a", "").pod("b", "10.1.0.2", "a", "");
    own.slice(
        "echo",
        "http",
        &[
            endpoint("10.1.0.1", "a", "ready: false, serving: true, terminating: true"),
            endpoint("10.1.0.2", "b", "ready: false"),
        ],
    );
    let world = one(own);
    assert!(seen(&world, "", "").is_empty());
    let reason =
        |ip: &str, at: usize| format!("{ip}: terminating (EndpointSlice shop/echo-http endpoints[{at}])");
    assert_eq!(excluded_of(&world, ""), [reason("10.1.0.1", 0), reason("10.1.0.2", 1)]);
}

#[test]
fn a_draining_endpoint_is_kept_for_persistent_sessions() {
    let draining = |labels: &str| {
        let mut own = Docs::primary("c1", &[]);
        own.add(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: echo, namespace: shop, labels: {{{labels}}}}}\n\
             spec: {{clusterIP: 10.0.0.1, ports: [{{name: http, port: 80}}]}}"
        ));
        own.pod("a", "10.1.0.1", "a", "");
        own.slice(
            "echo",
            "http",
            &[endpoint("10.1.0.1", "a", "ready: false, serving: true, terminating: true")],
        );
        one(own)
    };
    assert!(seen(&draining(""), "", "").is_empty());
    assert_eq!(seen(&draining("istio.io/persistent-session: id"), "", ""), ["// p0 w1: 10.1.0.1:8080*1~"]);
}

#[test]
fn a_cluster_local_host_keeps_its_endpoints_to_each_cluster() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.service("echo", "").pods("10.1.0", "a", 1);
    own.add(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n\
         data: {mesh: \"serviceSettings: [{settings: {clusterLocal: true}, hosts: ['*.shop.svc.cluster.local']}]\"}",
    );
    let mut other = Docs::default();
    other.service("echo", "").pods("10.2.0", "b", 1);
    let world = two(own, other);
    assert_eq!(seen(&world, "", ""), ["// p0 w1: 10.1.0.1:8080*1"]);
    let reason = "10.2.0.1: in another cluster, and the host is cluster-local \
                  (ConfigMap istio-system/istio data.mesh.serviceSettings)";
    assert_eq!(excluded_of(&world, ""), [reason]);
}

#[test]
fn internal_traffic_policy_local_keeps_the_own_node() {
    let mut own = Docs::primary("c1", &[]);
    own.service("echo", ", internalTrafficPolicy: Local")
        .pod("a", "10.1.0.1", "a", "")
        .pod("b", "10.1.0.2", "b", "");
    own.slice("echo", "http", &[ready("10.1.0.1", "a"), ready("10.1.0.2", "b")]);
    let reason = "10.1.0.2: on another node, and internalTrafficPolicy is Local (Service shop/echo spec.internalTrafficPolicy)";
    assert_eq!(excluded_of(&one(own), "a"), [reason]);
}

#[test]
fn a_subset_reads_labels_that_istiod_adds() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.service("echo", "").pods("10.1.0", "a", 1);
    own.rule(", subsets: [{name: there, labels: {topology.istio.io/cluster: c2}}]");
    let mut other = Docs::default();
    other.service("echo", "").pods("10.2.0", "b", 1);
    let mesh = two(own, other).mesh();
    let traffic = Traffic::new(&mesh);
    let prediction = predict_subset(&traffic.view(0), &client(0, "", ""), Some("there"));
    assert_eq!(lines(&prediction), ["// p0 w1: 10.2.0.1:8080*1"]);
    assert_eq!(prediction.assignment.name, format!("outbound|80|there|{ECHO}"));
    let reason =
        "10.1.0.1: its labels are not those of the subset (DestinationRule shop/echo spec.subsets[0].labels)";
    assert_eq!(excluded(&prediction), [reason]);
}

#[test]
fn priorities_follow_the_localities_of_nodes_and_pods() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.node("a", "r1/z1/").node("b", "r1/z2/");
    own.service("echo", "").pods("10.1.0", "a", 1).pods("10.1.1", "b", 1);
    own.rule(", trafficPolicy: {outlierDetection: {}}");
    let mut other = Docs::default();
    other.service("echo", "").pod("far", "10.2.0.1", "none", ", istio-locality: r2.z1");
    other.slice("echo", "http", &[ready("10.2.0.1", "far")]);
    let expected =
        ["r1/z1/ p0 w1: 10.1.0.1:8080*1", "r1/z2/ p1 w1: 10.1.1.1:8080*1", "r2/z1/ p2 w1: 10.2.0.1:8080*1"];
    assert_eq!(seen(&two(own, other), "", "r1/z1/"), expected);
}

#[test]
fn endpoints_of_a_service_entry_join_the_service_of_its_host() {
    let mut own = Docs::primary("c1", &[]);
    own.service("echo", ", selector: {app: echo}").pods("10.1.0", "a", 1);
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: more, namespace: shop}\n\
         spec: {hosts: [echo.shop.svc.cluster.local], resolution: STATIC, ports: [{number: 81, name: http}], \
         endpoints: [{address: 192.0.2.7, weight: 3, locality: r9/z9, ports: {http: 9080}}, {address: vm.example}]}",
    );
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop, labels: {app: echo}}\n\
         spec: {address: 192.0.2.8, labels: {app: other}}",
    );
    let world = one(own);
    assert_eq!(
        seen(&world, "", ""),
        ["// p0 w2: 10.1.0.1:8080*1 192.0.2.8:8080*1", "r9/z9/ p0 w3: 192.0.2.7:9080*3"]
    );
    let reason = "vm.example: a host name, which is not resolved for this service (ServiceEntry shop/more spec.endpoints[1])";
    assert_eq!(excluded_of(&world, ""), [reason]);
}

#[test]
fn a_service_entry_selects_pods_and_workloads_of_all_clusters() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: api, namespace: shop}\n\
         spec: {hosts: [api.example], resolution: STATIC, ports: [{number: 80, name: http, targetPort: 9090}], \
         workloadSelector: {labels: {app: api}}}",
    );
    own.pod("p", "10.1.0.1", "a", ", app: api").pod("q", "10.1.0.2", "a", ", app: other");
    let mut other = Docs::default();
    other.pod("r", "10.2.0.1", "a", ", app: api");
    other.add(
        "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop}\n\
         spec: {address: 192.0.2.8, weight: 2, labels: {app: api}}",
    );
    let mesh = two(own, other).mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let service = view.service("api.example").expect("the entry names it");
    let prediction = view.predict(&client(0, "", ""), &service, 80, None);
    assert_eq!(lines(&prediction), ["// p0 w4: 10.1.0.1:9090*1 10.2.0.1:9090*1 192.0.2.8:9090*2"]);
}

#[test]
fn a_service_entry_selects_no_pod_that_is_being_deleted() {
    let mut own = Docs::primary("c1", &[]);
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: api, namespace: shop}\n\
         spec: {hosts: [api.example], resolution: STATIC, ports: [{number: 80, name: http}], \
         workloadSelector: {labels: {app: api}}}",
    );
    own.add(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: gone, namespace: shop, labels: {app: api}, \
         deletionTimestamp: '2026-01-01T00:00:00Z'}\n\
         status: {phase: Running, podIP: 10.1.0.1, conditions: [{type: Ready, status: 'True'}]}",
    );
    let mesh = one(own).mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let service = view.service("api.example").expect("the entry names it");
    assert!(view.predict(&client(0, "", ""), &service, 80, None).assignment.groups.is_empty());
}

#[test]
fn a_workload_that_is_checked_counts_when_it_is_found_healthy() {
    let checked = |status: &str| {
        let mut own = Docs::primary("c1", &[]);
        own.service("echo", ", selector: {app: echo}");
        own.add(&format!(
            "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: vm, namespace: shop, \
             annotations: {{proxy.istio.io/health-checks-enabled: 'true'}}}}\n\
             spec: {{address: 192.0.2.8, labels: {{app: echo}}}}\nstatus: {{conditions: [{status}]}}"
        ));
        one(own)
    };
    assert_eq!(seen(&checked("{type: Healthy, status: 'True'}"), "", ""), ["// p0 w1: 192.0.2.8:8080*1"]);
    assert!(seen(&checked(""), "", "").is_empty());
    assert_eq!(
        excluded_of(&checked(""), ""),
        ["192.0.2.8: not ready (WorkloadEntry shop/vm status.conditions)"]
    );
}

#[test]
fn a_headless_service_is_called_by_address() {
    let mut own = Docs::primary("c1", &[]);
    own.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: echo, namespace: shop}\n\
         spec: {clusterIP: None, ports: [{name: http, port: 80}]}",
    );
    own.pods("10.1.0", "a", 1);
    let mesh = one(own).mesh();
    let traffic = Traffic::new(&mesh);
    let prediction = predict(&traffic.view(0), &client(0, "", ""));
    assert_eq!(prediction.settings.discovery, Discovery::OriginalDst);
    assert!(lines(&prediction).is_empty());
}

#[test]
fn a_service_of_the_config_cluster_decides_and_private_ones_are_not_seen_elsewhere() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.add(
        "apiVersion: v1\nkind: Service\nmetadata: {name: echo, namespace: shop, \
         annotations: {networking.istio.io/exportTo: .}}\nspec: {clusterIP: 10.0.0.1, trafficDistribution: PreferClose, \
         ports: [{name: http, port: 80}]}",
    );
    let mut other = Docs::default();
    other.service("echo", "");
    let mesh = two(own, other).mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(1);
    assert_eq!(view.config_cluster(), 0, "the remote cluster is served by the one with its secret");
    assert_eq!(view.service_for(ECHO, "shop").expect("its own namespace").services.len(), 2);
    assert!(view.service_for(ECHO, "other").is_none());
    let distribution = view.service(ECHO).expect("it is there").distribution;
    assert_eq!(distribution.cause.to_string(), "Service shop/echo spec.trafficDistribution");
}

#[test]
fn an_entry_of_the_clients_namespace_comes_before_an_older_one_and_before_a_service() {
    let entry = |namespace: &str, created: &str, address: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: api, namespace: {namespace}, \
             creationTimestamp: '{created}'}}\nspec: {{hosts: [api.example, {ECHO}], resolution: STATIC, \
             ports: [{{number: 80, name: http}}], endpoints: [{{address: {address}}}]}}"
        )
    };
    let mut own = Docs::primary("c1", &[]);
    own.service("echo", "");
    own.add(&entry("web", "2026-01-02T00:00:00Z", "192.0.2.2"));
    own.add(&entry("api", "2026-01-01T00:00:00Z", "192.0.2.1"));
    let mesh = one(own).mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let namespace = |host: &str, from: &str| view.service_for(host, from).map(|service| service.namespace);
    assert_eq!(namespace("api.example", "web"), Some("web"));
    assert_eq!(namespace("api.example", "other"), Some("api"));
    assert_eq!(namespace(ECHO, "web"), Some("web"));
    assert_eq!(namespace(ECHO, "other"), Some("shop"));
}

#[test]
fn a_workloads_own_network_label_is_read_before_its_field_and_that_of_its_cluster() {
    let mut own = Docs::primary("c1", &["c2"]);
    own.network("n1").service("echo", ", selector: {app: echo}");
    own.rule(
        ", subsets: [{name: n1, labels: {topology.istio.io/network: n1}}, \
         {name: n2, labels: {topology.istio.io/network: n2}}, {name: n3, labels: {topology.istio.io/network: n3}}]",
    );
    let workload = |name: &str, address: &str, labels: &str, spec: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{address: {address}, labels: {{app: echo{labels}}}{spec}}}"
        )
    };
    own.add(&workload("bare", "192.0.2.1", "", ""));
    own.add(&workload("field", "192.0.2.2", "", ", network: n2"));
    own.add(&workload("both", "192.0.2.3", ", topology.istio.io/network: n3", ", network: n2"));
    let mut other = Docs::default();
    other.network("n3").service("echo", ", selector: {app: echo}");
    other.add(&workload("remote", "192.0.2.4", "", ""));
    let mesh = two(own, other).mesh();
    let traffic = Traffic::new(&mesh);
    let of = |subset| lines(&predict_subset(&traffic.view(0), &client(0, "", ""), Some(subset)));
    // The controller of the config cluster does not know the cluster's network.
    assert!(of("n1").is_empty());
    assert_eq!(of("n2"), ["// p0 w1: 192.0.2.2:8080*1"]);
    assert_eq!(of("n3"), ["// p0 w2: 192.0.2.3:8080*1 192.0.2.4:8080*1"]);
}

#[test]
fn a_subset_passes_through_by_its_own_policy_or_that_of_the_port_even_where_a_port_entry_replaces_it() {
    let of = |rule: &str| {
        let mut own = Docs::primary("c1", &[]);
        own.service("echo", "").pods("10.1.0", "a", 1).rule(rule);
        let mesh = one(own).mesh();
        let traffic = Traffic::new(&mesh);
        let settings = predict_subset(&traffic.view(0), &client(0, "", ""), Some("all")).settings;
        (settings.discovery, settings.policy.value)
    };
    let passes = (Discovery::OriginalDst, HostPolicy::Provided);
    let own = ", subsets: [{name: all, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}, \
               portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}}]";
    assert_eq!(of(own), passes);
    let of_port = ", trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}, \
                   subsets: [{name: all, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]";
    assert_eq!(of(of_port), passes);
    let neither = ", subsets: [{name: all, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]";
    assert_eq!(of(neither), (Discovery::Eds, HostPolicy::Random));
}

#[test]
fn labels_of_endpoints_by_dns_count_without_a_subset_only() {
    let mut own = Docs::primary("c1", &[]);
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: api, namespace: shop}\n\
         spec: {hosts: [api.example], resolution: DNS, ports: [{number: 80, name: http}], endpoints: [\
         {address: a.example, labels: {app: client}}, {address: b.example, labels: {app: other}}]}",
    );
    own.add(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: api, namespace: shop}\n\
         spec: {host: api.example, subsets: [{name: all}], trafficPolicy: {outlierDetection: {}, \
         loadBalancer: {localityLbSetting: {failoverPriority: [app]}}}}",
    );
    let mesh = one(own).mesh();
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let service = view.service("api.example").expect("the entry names it");
    let of = |subset| lines(&view.predict(&client(0, "", ""), &service, 80, subset));
    assert_eq!(of(None), ["// p0 w1: a.example:80*1", "// p1 w1: b.example:80*1"]);
    assert_eq!(of(Some("all")), ["// p0 w2: a.example:80*1 b.example:80*1"]);
}
