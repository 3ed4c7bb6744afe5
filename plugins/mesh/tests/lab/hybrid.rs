//! The hybrid mesh end to end: a cloud and a machine room on two networks, an echo service in both, and a client in the
//! cloud. At each step three answers stand side by side: what `kubectl mesh endpoints` predicts, what istiod sends, and
//! what the client's real Envoy does with real calls. The table of the last run is `target/tmp/hybrid.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use mesh_lab::{Lab, eventually};
use serde_json::{Value, json};

use crate::through::{kubectl_mesh, report};

/// Calls for each step.
const CALLS: u32 = 4000;
/// The cluster of the client's Envoy that is looked at.
const ENVOY_CLUSTER: &str = "outbound|80||echo.hybrid.svc.cluster.local";
/// Where the client's sidecar listens.
const CLIENT: &str = "172.30.1.50:80";
/// The way into the other network.
const GATEWAY: &str = "172.30.2.20:15443";

/// Address that a host is called by, and its share of all calls, 0 to 1.
type Shares = BTreeMap<String, f64>;

#[test]
fn prediction_istiod_and_envoy_agree_at_every_step_of_the_hybrid_mesh() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("hybrid").unwrap();
    let pods = ["172.30.1.51", "172.30.1.52", "172.30.2.51", "172.30.2.52"];
    for address in pods {
        serve(address);
    }
    let proxy = |cluster, namespace, pod| lab.start_proxy(cluster, namespace, pod).unwrap();
    let _proxies = [
        proxy("west", "hybrid", "echo-1"),
        proxy("west", "hybrid", "echo-2"),
        proxy("east", "hybrid", "echo-1"),
        proxy("east", "hybrid", "echo-2"),
        proxy("east", "istio-system", "istio-eastwestgateway-1"),
        proxy("west", "hybrid", "client"),
    ];
    let mut steps = Steps { lab: &lab, table: String::new() };

    let all = ["172.30.1.51:8080", "172.30.1.52:8080", GATEWAY];
    let found = steps.step("no DestinationRule: calls go everywhere", &all);
    assert_eq!(percents(&found), [25, 25, 50], "two pods stand behind the gateway");

    apply(&lab, &rule());
    let found = steps.step("failover and outlierDetection: calls stay local", &all);
    assert_eq!(percents(&found), [50, 50, 0]);

    let restore = keep_local(&lab);
    let found = steps.step("clusterLocal: the gateway disappears", &all[..2]);
    assert_eq!(percents(&found), [50, 50]);
    apply(&lab, &restore);
    steps.step("clusterLocal taken back", &all);

    drain(&lab, "echo-1");
    let found = steps.step("one pod drained: calls stay local", &all[1..]);
    assert_eq!(percents(&found), [100, 0]);

    drain(&lab, "echo-2");
    let found = steps.step("both drained: calls go through the gateway", &all[2..]);
    assert_eq!(percents(&found), [100]);

    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/hybrid.txt"), steps.table).unwrap();
}

struct Steps<'l> {
    lab: &'l Lab,
    table: String,
}

impl Steps<'_> {
    /// Waits until istiod and Envoy have these addresses, compares the three answers, and returns the prediction.
    fn step(&mut self, what: &str, addresses: &[&str]) -> Shares {
        let wanted: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let sent = eventually(|| same(&wanted, istiod(self.lab)));
        eventually(|| same(&wanted, envoy(self.lab)));
        let predicted = self.predicted();
        let measured = measured();
        let _ = writeln!(self.table, "{what}");
        let names: BTreeSet<&String> = predicted.keys().chain(measured.keys()).collect();
        for address in names {
            let (share, seen) = (share(&predicted, address), share(&measured, address));
            let listed = if sent.contains(address) { "yes" } else { "no" };
            let percents = [share, seen].map(|share| share * 100.0);
            let _ = writeln!(
                self.table,
                "  {address:<18}  predicted {:>5.1}%  sent by istiod {listed:<3}  measured {:>5.1}%",
                percents[0], percents[1]
            );
            assert!(is_near(share, seen), "{what}: {address}\n{}", self.table);
        }
        assert_eq!(predicted.keys().cloned().collect::<Vec<_>>(), sent, "{what}\n{}", self.table);
        predicted
    }

    fn predicted(&self) -> Shares {
        let words =
            ["endpoints", "echo.hybrid:80", "--contexts", "west,east", "--from", "west/hybrid/client"];
        let words = [&words[..], &["-o", "json", "--request-timeout", "2m"]].concat();
        let found = report(&kubectl_mesh(self.lab, self.lab.kubeconfig(), &words), 0);
        let items = found["items"].as_array().unwrap().iter();
        let shares =
            items.filter_map(|item| Some((item["address"].as_str()?.to_owned(), item["share"].as_f64()?)));
        shares.collect()
    }
}

/// Calls one after the other; a pod of the other network was called through the gateway.
fn measured() -> Shares {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for call in 0..CALLS {
        let request = agent.get(format!("http://{CLIENT}/")).header("Host", "echo.hybrid.svc.cluster.local");
        let mut answer = request.call().unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "call {call}: {body}");
        let host = if body.starts_with("172.30.2.") { GATEWAY.to_owned() } else { format!("{body}:8080") };
        *counts.entry(host).or_default() += 1;
    }
    counts.into_iter().map(|(host, count)| (host, f64::from(count) / f64::from(CALLS))).collect()
}

fn share(shares: &Shares, address: &str) -> f64 {
    shares.get(address).copied().unwrap_or_default()
}

/// Within four sigmas of a binomial distribution; nothing and everything are exact.
fn is_near(predicted: f64, measured: f64) -> bool {
    let sigma = (predicted * (1.0 - predicted) / f64::from(CALLS)).sqrt();
    (predicted - measured).abs() <= 4.0 * sigma + 1e-9
}

fn percents(shares: &Shares) -> Vec<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "percents")]
    shares.values().map(|share| (share * 100.0).round() as i64).collect()
}

fn same(wanted: &[String], found: Vec<String>) -> Result<Vec<String>, String> {
    if found == wanted { Ok(found) } else { Err(format!("{found:?} instead of {wanted:?}")) }
}

/// Addresses that istiod sends to the client, sorted.
fn istiod(lab: &Lab) -> Vec<String> {
    let page = page(lab, "istio-system", "istiod-lab", 8080, "/debug/edsz?proxyID=client.hybrid");
    let clusters = page["configs"].as_array().cloned().unwrap_or_default();
    let cluster = clusters.iter().find(|cluster| cluster["clusterName"] == ENVOY_CLUSTER);
    let groups = cluster.and_then(|cluster| cluster["endpoints"].as_array()).into_iter().flatten();
    let hosts = groups.filter_map(|group| group["lbEndpoints"].as_array()).flatten();
    sorted(hosts.map(|host| {
        let socket = &host["endpoint"]["address"]["socketAddress"];
        format!("{}:{}", socket["address"].as_str().unwrap_or_default(), socket["portValue"])
    }))
}

/// Addresses that the client's Envoy has, sorted.
fn envoy(lab: &Lab) -> Vec<String> {
    let page = page(lab, "hybrid", "client", 15000, "/clusters?format=json");
    let clusters = page["cluster_statuses"].as_array().cloned().unwrap_or_default();
    let cluster = clusters.iter().find(|cluster| cluster["name"] == ENVOY_CLUSTER);
    let hosts = cluster.and_then(|cluster| cluster["host_statuses"].as_array()).into_iter().flatten();
    sorted(hosts.map(|host| {
        let socket = &host["address"]["socket_address"];
        format!("{}:{}", socket["address"].as_str().unwrap_or_default(), socket["port_value"])
    }))
}

fn page(lab: &Lab, namespace: &str, pod: &str, port: u16, path: &str) -> Value {
    let answer = lab.port_forward("west", namespace, pod, port).and_then(|forward| forward.get(path));
    answer.ok().and_then(|(_, body)| serde_json::from_str(&body).ok()).unwrap_or_default()
}

fn sorted(addresses: impl Iterator<Item = String>) -> Vec<String> {
    let mut addresses: Vec<String> = addresses.collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The application of a pod: it answers with its address.
fn serve(address: &'static str) {
    let listener = TcpListener::bind((address, 9000)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream, address));
        }
    });
}

fn answer(mut stream: &TcpStream, address: &str) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            let length = address.len();
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{address}");
            if stream.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn rule() -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "echo", "namespace": "hybrid"},
        "spec": {
            "host": "echo.hybrid.svc.cluster.local",
            "trafficPolicy": {
                "loadBalancer": {"localityLbSetting": {"failover": [{"from": "cloud", "to": "on-premises"}]}},
                "outlierDetection": {"consecutive5xxErrors": 5, "interval": "10s", "maxEjectionPercent": 100},
            },
        },
    })
}

/// Keeps the namespace's hosts within their cluster; returns the mesh config as it was.
fn keep_local(lab: &Lab) -> Value {
    let text = lab
        .kubectl_output("west", ["-n", "istio-system", "get", "configmap", "istio", "-o", "json"])
        .unwrap();
    let live: Value = serde_json::from_str(&text).unwrap();
    let map = |mesh: String| {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": mesh},
        })
    };
    let mesh = live["data"]["mesh"].as_str().unwrap().to_owned();
    let settings =
        "serviceSettings:\n- settings: {clusterLocal: true}\n  hosts: [\"*.hybrid.svc.cluster.local\"]\n";
    apply(lab, &map(format!("{}\n{settings}", mesh.trim_end())));
    map(mesh)
}

fn drain(lab: &Lab, pod: &str) {
    lab.kubectl_output("west", ["-n", "hybrid", "delete", "pod", pod, "--grace-period=0", "--force"])
        .unwrap();
}

fn apply(lab: &Lab, object: &Value) {
    let output = lab.apply("west", &object.to_string()).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
