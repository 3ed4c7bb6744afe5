//! The log: a line for what users hear of, and never a word of the object.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use super::common::{create, detection, failover, review, rule, shared, update};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn start() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn denials_and_warnings_have_one_line_and_admissions_none() {
    let (log, _guard) = start();
    let shared = shared(&[]);
    let bad = rule(json!({"trafficPolicy": {"loadBalancer": failover()}}));
    let good = rule(json!({"trafficPolicy": {"loadBalancer": failover(), "outlierDetection": detection()}}));
    review(&shared, &create(&good)).await;
    assert_eq!(log.text(), "");
    review(&shared, &create(&bad)).await;
    review(&shared, &update(&bad, &bad)).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 2);
    for (line, decision) in lines.iter().zip(["Denied", "Warned"]) {
        assert_eq!(line["decision"], decision);
        assert_eq!(
            (&line["namespace"], &line["name"], &line["codes"]),
            (&json!("shop"), &json!("payments"), &json!("MESH201"))
        );
        assert_eq!((&line["user"], &line["uid"]), (&json!("alice"), &json!(super::common::UID)));
    }
}

#[tokio::test]
async fn no_content_of_an_object_is_logged() {
    const CANARY: &str = "canary-f00d";
    let (log, _guard) = start();
    let shared = shared(&[]);
    let mut object =
        rule(json!({"trafficPolicy": {"loadBalancer": failover()}, "subsets": [{"name": CANARY}]}));
    object["spec"]["host"] = CANARY.into();
    object["metadata"]["annotations"] = json!({CANARY: CANARY});
    let mut unreadable = object.clone();
    unreadable["spec"]["subsets"] = CANARY.into();
    let mut odd = create(&object);
    odd["request"]["dryRun"] = CANARY.into();
    for one in [create(&object), update(&object, &object), create(&unreadable), odd] {
        review(&shared, &one).await;
    }
    assert_eq!(log.lines().len(), 4);
    assert!(!log.text().contains(CANARY), "{}", log.text());
}
