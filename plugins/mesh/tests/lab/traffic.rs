//! What a client sees of a service, computed from the lab's clusters and laid beside a running sidecar.

use std::process::Output;

use mesh_lab::{Lab, eventually};
use serde_json::Value;

use crate::through::{kubectl_mesh, report};

const ECHO: [&str; 2] = ["endpoints", "echo.shop:http"];

fn endpoints(lab: &Lab, words: &[&str]) -> Output {
    kubectl_mesh(lab, lab.kubeconfig(), &[&ECHO, words, &["-o", "json", "--request-timeout", "2m"]].concat())
}

/// `priority address actual` of every row.
fn rows(report: &Value) -> Vec<String> {
    let row = |item: &Value| {
        let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", item["priority"], text("address"), text("actual"))
    };
    report["items"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_running_sidecar_has_what_is_predicted() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let _proxy = lab.start_proxy("west", "shop", "echo-1").unwrap();
    let both = ["--contexts", "west,east", "--from", "west/shop/echo-1", "--actual"];
    // Envoy gets its endpoints some time after it is ready.
    let output = eventually(|| {
        let output = endpoints(&lab, &both);
        if output.status.code() == Some(0) { Ok(output) } else { Err(format!("{output:?}")) }
    });
    let found = report(&output, 0);
    assert_eq!(found["clients"][0]["actual"], "proxy");
    assert_eq!(
        rows(&found),
        [
            "0 172.30.1.31:8080 same",
            "1 172.30.1.32:8080 same",
            "2 172.30.2.20:15443 same",
            "2 172.30.2.20:15443 -",
        ]
    );

    // A cluster that was left out is in the proxy and not in the prediction.
    let found =
        report(&endpoints(&lab, &["--contexts", "west", "--from", "west/shop/echo-1", "--actual"]), 1);
    let differences = found["differences"].as_array().unwrap();
    let addresses: Vec<_> = differences.iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["172.30.2.20:15443"], "{found:#}");
}

#[test]
fn a_proxy_that_cannot_be_asked_makes_the_run_incomplete() {
    let lab = Lab::connect();
    let _mesh = lab.apply_mesh("two-networks").unwrap();
    let both = ["--contexts", "west,east", "--from", "east/shop/echo-2", "--actual"];
    let found = report(&endpoints(&lab, &both), 3);
    assert_eq!(found["clients"][0]["actual"], "unread");
    assert!(rows(&found).iter().all(|row| row.ends_with(" -")), "{found:#}");
}
