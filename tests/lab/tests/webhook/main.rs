//! The webhook behind real API servers, beside Istio's own.
//! Needs the running lab with the clusters west and east, and cargo, which builds the webhook.
//!
//! The manifests are applied as they are; the webhook runs with the options of its Deployment at the address of
//! a pod of that Deployment, and the API servers reach it through its Service.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a test of the lab: files are its work")]

mod install;

use std::process::Output;

use install::{NAMESPACE, Webhook};
use mesh_lab::Lab;

const FAILOVER: &str = "loadBalancer: {localityLbSetting: {failover: [{from: us-east, to: us-west}]}}";
const DISTRIBUTE: &str = "loadBalancer: {localityLbSetting: {distribute: [{from: us-east/*, to: {us-east/*: 80, us-west/*: 20}}]}}";
const DETECTION: &str = "outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 100}";
const REFUSED: &str = "admission webhook \"validate.kubectl-mesh.io\" denied the request: ";

/// A DestinationRule with these lines in its `trafficPolicy`.
fn rule(name: &str, policy: &[&str]) -> String {
    let lines = policy.join("\n    ");
    format!(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
         metadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec:\n  host: {name}\n  trafficPolicy:\n    {lines}\n"
    )
}

fn override_of(policy: &str) -> String {
    format!("portLevelSettings: [{{port: {{number: 8080}}, {policy}}}]")
}

/// `kubectl apply` as users call it.
fn apply(lab: &Lab, cluster: &str, yaml: &str, more: &[&str]) -> Output {
    lab.kubectl_with_input(cluster, [&["apply", "-f", "-"], more].concat(), yaml).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What kubectl said about an object that was refused and is not there.
fn refused(lab: &Lab, cluster: &str, name: &str, policy: &[&str]) -> String {
    let output = apply(lab, cluster, &rule(name, policy), &[]);
    let text = said(&output);
    assert!(!output.status.success(), "{cluster} admitted {name}: {text}");
    assert!(text.contains(REFUSED), "{text}");
    assert!(!exists(lab, cluster, name), "{name} is in {cluster}");
    text
}

/// What kubectl said about an object that was admitted and is there.
fn admitted(lab: &Lab, cluster: &str, name: &str, policy: &[&str]) -> String {
    let output = apply(lab, cluster, &rule(name, policy), &[]);
    let text = said(&output);
    assert!(output.status.success(), "{cluster} refused {name}: {text}");
    assert!(exists(lab, cluster, name));
    text
}

fn exists(lab: &Lab, cluster: &str, name: &str) -> bool {
    lab.kubectl(cluster, ["-n", NAMESPACE, "get", "destinationrule", name]).unwrap().status.success()
}

#[test]
fn kubectl_apply_is_refused_with_path_cause_and_remedy_beside_istios_own_webhook() {
    let lab = Lab::connect();
    let mut webhook = Webhook::prepare(&lab);
    for cluster in ["west", "east"] {
        admitted(&lab, cluster, "legacy", &[FAILOVER]);
    }
    webhook.install(&[]);
    for cluster in ["west", "east"] {
        failover_alone_is_refused(&lab, cluster);
        an_override_is_refused_by_its_path(&lab, cluster);
        distribute_has_its_own_text(&lab, cluster);
        what_was_bad_before_can_be_edited_and_mended_but_not_made_worse(&lab, cluster);
        istio_refuses_what_only_istio_refuses(&lab, cluster);
        assert!(webhook.metrics(cluster).contains("mesh_webhook_panics_total 0\n"));
    }
}

fn failover_alone_is_refused(lab: &Lab, cluster: &str) {
    let text = refused(lab, cluster, "payments", &[FAILOVER]);
    let expected = "[MESH201] spec.trafficPolicy: asks for locality failover but no outlierDetection reaches it, \
                    so it never happens; add spec.trafficPolicy.outlierDetection; explain: kubectl mesh explain \
                    MESH201";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("Error from server (Forbidden)"), "{text}");

    let older = rule("payments", &[FAILOVER]).replace("istio.io/v1\n", "istio.io/v1beta1\n");
    assert!(said(&apply(lab, cluster, &older, &[])).contains("[MESH201]"));
    let dry = apply(lab, cluster, &rule("payments", &[FAILOVER]), &["--dry-run=server"]);
    assert!(said(&dry).contains("[MESH201]"), "{}", said(&dry));

    let text = admitted(lab, cluster, "payments", &[FAILOVER, DETECTION]);
    assert!(!text.contains("MESH"), "{text}");
}

fn an_override_is_refused_by_its_path(lab: &Lab, cluster: &str) {
    let dropping = override_of(FAILOVER);
    let text = refused(lab, cluster, "orders", &[FAILOVER, DETECTION, &dropping]);
    assert!(text.contains("[MESH201] spec.trafficPolicy.portLevelSettings[0]: "), "{text}");

    let output = apply(lab, cluster, &rule("orders", &[FAILOVER, DETECTION, &dropping]), &["-v=8"]);
    let cause = r#""field":"spec.trafficPolicy.portLevelSettings[0]""#;
    assert!(
        said(&output).contains(r#""reason":"MESH201""#) && said(&output).contains(cause),
        "{}",
        said(&output)
    );

    let keeping = override_of(&format!("{FAILOVER}, {DETECTION}"));
    admitted(lab, cluster, "orders", &[FAILOVER, DETECTION, &keeping]);
}

fn distribute_has_its_own_text(lab: &Lab, cluster: &str) {
    let text = refused(lab, cluster, "search", &[DISTRIBUTE]);
    assert!(text.contains("[MESH238] spec.trafficPolicy: "), "{text}");
    assert!(text.contains("a dead locality keeps its share") && !text.contains("MESH201"), "{text}");
    admitted(lab, cluster, "search", &[DISTRIBUTE, DETECTION]);
}

fn what_was_bad_before_can_be_edited_and_mended_but_not_made_worse(lab: &Lab, cluster: &str) {
    let pool = "connectionPool: {tcp: {maxConnections: 10}}";
    let text = admitted(lab, cluster, "legacy", &[FAILOVER, pool]);
    assert!(text.contains("Warning: [MESH201] spec.trafficPolicy: "), "{text}");
    assert!(text.contains("(as before this change)"), "{text}");

    let output = apply(lab, cluster, &rule("legacy", &[FAILOVER, pool, &override_of(FAILOVER)]), &[]);
    assert!(!output.status.success() && said(&output).contains(REFUSED), "{}", said(&output));
    assert!(said(&output).contains("portLevelSettings[0]"), "{}", said(&output));

    let label = ["-n", NAMESPACE, "label", "destinationrule", "legacy", "team=a"];
    let output = lab.kubectl(cluster, label).unwrap();
    assert!(output.status.success() && !said(&output).contains("MESH"), "{}", said(&output));

    let text = admitted(lab, cluster, "legacy", &[FAILOVER, pool, DETECTION]);
    assert!(!text.contains("MESH"), "{text}");
    let output = apply(lab, cluster, &rule("legacy", &[FAILOVER, pool]), &[]);
    assert!(!output.status.success() && said(&output).contains("[MESH201]"), "{}", said(&output));
}

fn istio_refuses_what_only_istio_refuses(lab: &Lab, cluster: &str) {
    let invalid = rule("invalid", &[FAILOVER, DETECTION]).replace("host: invalid", "host: ''");
    let output = apply(lab, cluster, &invalid, &[]);
    let text = said(&output);
    assert!(!output.status.success());
    assert!(text.contains("admission webhook \"validation.istio.io\" denied the request"), "{text}");
    assert!(!text.contains("MESH"), "{text}");
}

#[test]
fn modes_and_the_author_turn_refusals_into_warnings() {
    let lab = Lab::connect();
    let mut webhook = Webhook::prepare(&lab);
    webhook.install(&["--mode=MESH238=warn"]);
    for cluster in ["west", "east"] {
        let text = admitted(&lab, cluster, "search", &[DISTRIBUTE]);
        assert!(text.contains("Warning: [MESH238] spec.trafficPolicy: "), "{text}");
        assert!(text.contains("a dead locality keeps its share"), "{text}");
        refused(&lab, cluster, "payments", &[FAILOVER]);

        let by_admiral = rule("fleet", &[FAILOVER])
            .replace("metadata: {", "metadata: {annotations: {app.kubernetes.io/created-by: admiral}, ");
        let output = apply(&lab, cluster, &by_admiral, &[]);
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("Warning: [MESH201]") && text.contains("Admiral"), "{text}");
        assert!(
            text.contains("outlier detection policy must be provided"),
            "Istio's webhook ran too: {text}"
        );
    }
}

#[test]
fn break_glass_is_a_verb_and_without_the_webhook_everything_is_admitted() {
    let lab = Lab::connect();
    let mut webhook = Webhook::prepare(&lab);
    webhook.install(&[]);
    let cluster = "west";
    webhook.add_break_glass(cluster);
    let policy = [FAILOVER];
    admitted(&lab, cluster, "payments", &policy);
    webhook.allow_editing(cluster, "alice");
    let output = apply(&lab, cluster, &rule("orders", &policy), &["--as=alice"]);
    assert!(!output.status.success() && said(&output).contains("[MESH201]"), "{}", said(&output));

    let cluster = "east";
    refused(&lab, cluster, "payments", &policy);
    assert_eq!(webhook.terminate(cluster), Some(0));
    let text = admitted(&lab, cluster, "payments", &policy);
    assert!(!text.contains("MESH"), "{text}");
}
