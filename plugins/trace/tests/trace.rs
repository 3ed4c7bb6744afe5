//! What the program says of calls in the example meshes, and in small ones.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the program in the checkout, with this standard input.
fn run(args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-mesh-trace"));
    command.args(args).env_clear().env("HOME", "/nonexistent").env("LANG", "C.UTF-8");
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program was built");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    // A program that ends on a wrong argument closes the pipe early, which is no failure of the test.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("a child can be waited for");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// (step, what, result) of each hop of the table.
fn hops(stdout: &str) -> Vec<[String; 3]> {
    let rows = stdout.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    rows.filter(|line| line.contains("   "))
        .map(|line| {
            let cells: Vec<_> = line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let [_, step, what, result] = cells.as_slice() else { panic!("{line}") };
            [step, what, result].map(|cell| (*cell).to_owned())
        })
        .collect()
}

const GOOD: &str = "examples/two-clusters/good";

#[test]
fn a_call_into_another_network_passes_its_gateway() {
    let args = ["echo.shop:http", "-f", GOOD, "--from", "west", "--to", "east"];
    let (code, stdout, stderr) = run(&args, "");
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let found = hops(&stdout);
    let steps: Vec<_> = found.iter().map(|[step, ..]| step.as_str()).collect();
    let expected = ["NAME", "ROUTE", "POLICY", "ENDPOINT", "GATEWAY", "SNI", "MTLS", "AUTHZ", "POD"];
    assert_eq!(steps, expected);
    assert_eq!(found[4][1], "192.0.2.20:15443, network network-east");
    assert_eq!(found[5][1], "outbound_.80_._.echo.shop.svc.cluster.local, chain exists");
    assert_eq!(found[8][1], "2 pods ready: eu-east-a 1, eu-east-b 1");
    assert!(stdout.ends_with("The call succeeds.\n"), "{stdout}");
}

#[test]
fn a_call_that_fails_ends_at_its_hop_with_exit_1() {
    let args = ["echo.shop:80", "-f", "examples/two-clusters/broken", "--from", "west", "--to", "east"];
    let (code, stdout, _) = run(&args, "");
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("no endpoint fits --to east; shop/echo-1: "), "{stdout}");
    assert!(stdout.ends_with("The call fails at hop 4.\n"), "{stdout}");
}

#[test]
fn every_hop_names_what_decided_for_machines() {
    let args = ["echo.shop:http", "-f", GOOD, "--from", "west", "--to", "east", "-o", "yaml"];
    let (code, stdout, _) = run(&args, "");
    assert_eq!(code, Some(0));
    for text in
        ["kind: Trace", "step: SNI", "objectName: cross-network-gateway", "path: spec.servers[0]", "atHop"]
    {
        assert_eq!(stdout.contains(text), text != "atHop", "{text}: {stdout}");
    }
    assert!(stdout.contains("outcome: succeeds"), "{stdout}");
}

const SHOP: &str = "
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: shop}
spec: {clusterIP: 10.0.0.9, selector: {app: echo}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: echo-1, namespace: shop, labels: {kubernetes.io/service-name: echo}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.1.1], conditions: {ready: true}, targetRef: {kind: Pod, name: echo-1, namespace: shop}}]
---
apiVersion: v1
kind: Pod
metadata: {name: echo-1, namespace: shop, labels: {app: echo, security.istio.io/tlsMode: istio}}
spec: {serviceAccountName: echo, containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
status: {phase: Running, podIP: 10.0.1.1, conditions: [{type: Ready, status: 'True'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: web, labels: {app: web, security.istio.io/tlsMode: istio}}
spec: {serviceAccountName: web, containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
status: {phase: Running, podIP: 10.0.1.2, conditions: [{type: Ready, status: 'True'}]}
";

/// Runs over the shop with more objects, as the pod `web-1`.
fn in_shop(more: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let fixed = ["echo.shop", "-f", "west=-", "--from", "web-1.web", "--istio-version", "1.31"];
    run(&[&fixed, args].concat(), &format!("{SHOP}---\n{more}"))
}

#[test]
fn what_was_not_given_is_unknown_and_never_ok() {
    let (code, stdout, _) = in_shop("", &[]);
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.contains("virtualservices of cluster west are not known (not given)"), "{stdout}");
    assert_eq!(in_shop("", &["--complete"]).0, Some(0));
    assert_eq!(in_shop("", &["--allow-incomplete"]).0, Some(0));
}

#[test]
fn policies_are_asked_for_the_method_the_path_and_who_calls() {
    let policy = "
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec:
  rules:
  - from: [{source: {principals: [cluster.local/ns/web/sa/web]}}]
    to: [{operation: {methods: [GET], paths: ['/cart*']}}]
";
    let (code, stdout, _) = in_shop(policy, &["--complete", "--path", "/cart?id=1"]);
    assert_eq!(code, Some(0), "{stdout}");
    let (code, stdout, _) = in_shop(policy, &["--complete", "--path", "/cart", "--method", "POST"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("refused by AuthorizationPolicy shop/readers spec.rules"), "{stdout}");
    assert_eq!(in_shop(policy, &["--complete", "--fail-on", "never"]).0, Some(0));
}

#[test]
fn each_destination_of_a_route_is_followed_by_itself() {
    let routes = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: echo, namespace: shop}
spec:
  hosts: [echo]
  http: [{route: [{destination: {host: echo}, weight: 90}, {destination: {host: echo, subset: v2}, weight: 10}]}]
";
    let (code, stdout, _) = in_shop(routes, &["--complete"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(
        stdout.contains("90% of the calls: outbound|80||echo.shop.svc.cluster.local, cluster west\n"),
        "{stdout}"
    );
    assert!(stdout.contains("no DestinationRule in force has the subset, 503 (NC)"), "{stdout}");
    assert!(
        stdout.contains("The call succeeds.\n") && stdout.contains("The call fails at hop 2.\n"),
        "{stdout}"
    );
}

#[test]
fn a_request_is_checked_before_anything_is_read() {
    for (args, text) in
        [(["--path", "cart"], "a path begins with /"), (["--header", "x"], "write NAME=VALUE")]
    {
        let (code, _, stderr) = in_shop("", &args);
        assert_eq!(code, Some(2));
        assert!(stderr.contains(text), "{stderr}");
    }
}

#[test]
fn the_value_of_a_header_is_not_printed() {
    for format in ["", "wide", "json", "yaml", "jsonl"] {
        let (_, stdout, stderr) = in_shop("", &["--header", "authorization=canary-7f3a", "-o", format]);
        assert!(!stdout.contains("canary") && !stderr.contains("canary"), "{format}");
    }
}
