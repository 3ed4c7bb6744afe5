//! What a sidecar has, told by itself or by its istiod.

use mesh_lab::{Lab, eventually};
use mesh_live::istiods;
use mesh_model::Gap;
use mesh_model::actual::{Actual, ActualSource, Assignment, HostHealth, RequestCounts, SyncState};

use crate::{ECHO, HOST, Read, pod};

/// `priority locality address cluster` of every endpoint, in order.
fn told(assignment: &Assignment) -> Vec<String> {
    let groups = assignment.groups.iter();
    let endpoints = groups.flat_map(|group| group.endpoints.iter().map(move |endpoint| (group, endpoint)));
    endpoints
        .map(|(group, endpoint)| {
            let cluster = endpoint.cluster.as_deref().unwrap_or("-");
            format!("{} {} {} {cluster}", group.priority, group.locality, endpoint.address)
        })
        .collect()
}

/// The zone of the client, the other zone of its region, the gateway to the other network.
const EXPECTED: [&str; 3] = [
    "0 west/west-a/ 172.30.1.31:8080 west",
    "1 west/west-b/ 172.30.1.32:8080 west",
    "2 east/east-a/ 172.30.2.20:15443 east",
];

/// istiod sends the gateway once for each locality behind it; Envoy keeps it in the first.
const SENT: [&str; 4] = [EXPECTED[0], EXPECTED[1], EXPECTED[2], "2 east/east-b/ 172.30.2.20:15443 east"];

/// Asks until all endpoints are there: Envoy gets them some time after it is ready.
fn settled(read: &Read, hosts: &[&str]) -> Actual {
    eventually(|| {
        let actual = read.actual(&pod("west", "echo-1"), hosts).map_err(|gap| gap.to_string())?;
        let count = actual.assignment(ECHO).map(|assignment| told(assignment).len());
        if count == Some(EXPECTED.len()) { Ok(actual) } else { Err(format!("{actual:?}")) }
    })
}

#[test]
fn a_sidecar_tells_its_endpoints_with_locality_priority_and_cluster_and_the_state_of_its_hosts() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let _proxy = lab.start_proxy("west", "shop", "echo-1").unwrap();
    let read = Read::of(&lab);
    let actual = settled(&read, &[HOST]);
    assert_eq!(actual.source, ActualSource::Proxy);
    assert_eq!(told(actual.assignment(ECHO).unwrap()), EXPECTED);
    assert_eq!((actual.assignments.len(), actual.hosts.len()), (1, 1), "nothing but what was asked for");
    let hosts = actual.hosts(ECHO).unwrap();
    let addresses: Vec<_> = hosts.iter().map(|host| (host.priority, host.address.to_string())).collect();
    let expected = [(0, "172.30.1.31:8080"), (1, "172.30.1.32:8080"), (2, "172.30.2.20:15443")];
    assert_eq!(addresses, expected.map(|(priority, address)| (priority, address.to_owned())));
    for host in hosts {
        assert_eq!((host.health, host.failed_outlier_check), (HostHealth::Healthy, false), "{host:?}");
        assert_eq!(host.requests, RequestCounts::default(), "nothing was sent yet");
    }

    let none = read.actual(&pod("west", "echo-1"), &["nothing.shop.svc.cluster.local"]).unwrap();
    assert!(none.assignments.is_empty() && none.hosts.is_empty(), "{none:?}");
    let all = read.actual(&pod("west", "echo-1"), &[]).unwrap();
    assert!(all.assignments.len() > 1 && all.hosts("xds-grpc").is_some(), "{all:?}");
    assert_eq!(all.assignment(ECHO), actual.assignment(ECHO));
}

#[test]
fn where_a_sidecar_cannot_be_asked_its_istiod_tells_what_it_sends() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let _proxy = lab.start_proxy("west", "shop", "echo-1").unwrap();
    let read = Read::of(&lab);
    settled(&read, &[HOST]);
    lab.kubectl_output("west", ["-n", "shop", "delete", "portforwards.kwok.x-k8s.io", "echo-1"]).unwrap();
    let actual = eventually(|| {
        let actual = read.actual(&pod("west", "echo-1"), &[HOST]).map_err(|gap| gap.to_string())?;
        if actual.source == ActualSource::Proxy { Err("still forwarded".to_owned()) } else { Ok(actual) }
    });
    let ActualSource::Istiod { cluster, pod, instead } = &actual.source else { panic!("{actual:?}") };
    assert_eq!((&**cluster, &**pod), ("west", "istiod-lab"));
    assert!(instead.to_string().contains("port 15000 of pod \"shop/echo-1\""), "{instead}");
    assert_eq!(told(actual.assignment(ECHO).unwrap()), SENT);
    assert!(actual.hosts.is_empty(), "only a proxy knows the state of its hosts");
}

#[test]
fn a_pod_without_a_sidecar_and_a_pod_that_is_none_are_gaps() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let read = Read::of(&lab);
    let cause = |name| match read.actual(&pod("east", name), &[HOST]).unwrap_err() {
        Gap::Unreachable { cause } => cause,
        other => panic!("{other:?}"),
    };
    let told = cause("nobody");
    assert!(told.contains("404 Not Found: pods \"nobody\" not found"), "{told}");
    let told = cause("echo-2");
    assert!(told.starts_with("port 15000 of pod \"shop/echo-2\": "), "{told}");
}

#[test]
fn istiods_tell_clusters_gateways_and_proxies() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let _proxy = lab.start_proxy("east", "shop", "echo-1").unwrap();
    let read = Read::of(&lab);
    let states = read.runtime.block_on(istiods(&read.clients, &read.mesh));
    let from: Vec<_> = states.iter().map(|(pod, _)| pod.to_string()).collect();
    assert_eq!(from, ["east/istio-system/istiod-lab", "west/istio-system/istiod-lab"]);
    for (pod, state) in &states {
        let state = state.as_ref().unwrap();
        let clusters: Vec<_> = state.clusters.iter().map(|one| (&*one.id, &*one.status)).collect();
        assert_eq!(clusters, [("east", "synced"), ("west", "synced")], "{pod}");
        let own = state.clusters.iter().find(|one| one.id == pod.cluster).unwrap();
        assert_eq!(&*own.secret, "", "no secret leads to the own cluster");
        let gateways =
            state.gateways.iter().map(|one| format!("{} {}:{}", one.network, one.address, one.port));
        let expected = ["network-east 172.30.2.20:15443", "network-west 172.30.1.20:15443"];
        assert_eq!(gateways.collect::<Vec<_>>(), expected, "{pod}");
    }
    let synced = eventually(|| {
        let states = read.runtime.block_on(istiods(&read.clients, &read.mesh));
        let proxies = states[0].1.as_ref().map_err(Gap::to_string)?.proxies.clone();
        let synced = proxies.iter().any(|one| one.endpoints == SyncState::Synced);
        if synced { Ok(proxies) } else { Err(format!("{proxies:?}")) }
    });
    let proxies: Vec<_> = synced.iter().map(|one| (&*one.cluster, &*one.id)).collect();
    assert_eq!(proxies, [("east", "echo-1.shop")]);
}
