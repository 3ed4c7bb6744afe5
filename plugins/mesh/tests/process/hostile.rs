//! Names and messages from files and clusters cannot steer a terminal, nor break a format.

use crate::program::{Ended, PROGRAM, command, finish};

/// Every place a rule or renderer may quote: names, namespaces, labels, hosts, cluster names.
const HOSTILE: &str = r#"
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: "pay\e[31mments\r\x07\u009b\u202e]]><script>::error::|`\"'"
  namespace: "shop\n::set-output name=x::y"
spec:
  host: "a\e]0;owned\x07.b"
  trafficPolicy:
    loadBalancer:
      localityLbSetting:
        failover:
        - {from: "us\e[2J", to: "eu\b\b"}
  subsets:
  - name: "v1\e[1m"
    trafficPolicy:
      loadBalancer: {localityLbSetting: {distribute: [{from: "*", to: {"a\t/b": 100}}]}}
"#;

fn check(format: &str, stdin: &str) -> Ended {
    finish(
        command(PROGRAM, &["check", "-f", "we\u{1b}[1mst=-", "-o", format, "--color", "never"]),
        stdin.as_bytes(),
    )
}

fn assert_harmless(text: &str, format: &str) {
    let bad = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(text.chars().find(bad), None, "-o {format:?}: {text:?}");
}

#[test]
fn no_format_lets_a_control_character_through() {
    for format in
        ["", "wide", "short", "name", "json", "yaml", "jsonl", "sarif", "junit", "github", "markdown"]
    {
        let ended = check(format, HOSTILE);
        assert_eq!(ended.code, Some(1), "-o {format:?}: {}", ended.stderr);
        assert!(
            ended.stdout.contains("pay"),
            "-o {format:?} does not show the object at all: {}",
            ended.stdout
        );
        assert_harmless(&ended.stdout, format);
        assert_harmless(&ended.stderr, format);
    }
}

#[test]
fn machine_formats_stay_well_formed_and_lose_nothing() {
    let name = "pay\u{1b}[31mments\r\u{7}\u{9b}\u{202e}]]><script>::error::|`\"'";
    let report: serde_json::Value = serde_json::from_str(&check("json", HOSTILE).stdout).unwrap();
    assert_eq!(report["items"][0]["objectName"], name);
    let lines = check("jsonl", HOSTILE).stdout;
    assert_eq!(lines.lines().count(), 1 + report["items"].as_array().unwrap().len());
    for line in lines.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let sarif: serde_json::Value = serde_json::from_str(&check("sarif", HOSTILE).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn a_line_per_finding_stays_a_line_per_finding() {
    let found: serde_json::Value = serde_json::from_str(&check("json", HOSTILE).stdout).unwrap();
    let short = check("short", HOSTILE).stdout;
    assert_eq!(short.lines().count(), found["items"].as_array().unwrap().len(), "{short}");
    let github = check("github", HOSTILE).stdout;
    let commands = github.lines().filter(|line| line.starts_with("::"));
    assert!(commands.clone().all(|line| line.contains("title=kubectl-mesh (MESH")), "{github}");
}
