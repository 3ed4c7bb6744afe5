//! What users get for DestinationRules, from review to reply.

use super::common::{
    UID, create, detection, distribute, failover, failover_alone, failover_with_detection, review, rule,
    shared, update,
};
use serde_json::{Value, json};

fn message(response: &Value) -> &str {
    response["status"]["message"].as_str().unwrap()
}

/// Follows a path as the reply prints it.
fn resolve<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    object.pointer(&pointer)
}

#[tokio::test]
async fn failover_without_outlier_detection_is_refused() {
    let object = failover_alone();
    let response = review(&shared(&[]), &create(&object)).await;
    assert_eq!(response["allowed"], false);
    let text = "[MESH201] spec.trafficPolicy: asks for locality failover but no outlierDetection reaches it, so \
                it never happens; add spec.trafficPolicy.outlierDetection; explain: kubectl mesh explain MESH201";
    assert_eq!(
        response["status"],
        json!({
            "code": 403,
            "reason": "Forbidden",
            "message": text,
            "details": {
                "group": "networking.istio.io",
                "kind": "DestinationRule",
                "name": "payments",
                "causes": [{"reason": "MESH201", "field": "spec.trafficPolicy", "message": text}],
            },
        })
    );
    assert_eq!(response["auditAnnotations"], json!({"denied": "MESH201 spec.trafficPolicy"}));
    assert!(resolve(&object, "spec.trafficPolicy").is_some());
}

#[tokio::test]
async fn failover_with_outlier_detection_is_admitted_silently() {
    let response = review(&shared(&[]), &create(&failover_with_detection())).await;
    assert_eq!(response, json!({"uid": UID, "allowed": true}));
}

#[tokio::test]
async fn a_port_override_that_drops_the_detection_is_named_by_its_path() {
    let object = rule(json!({"trafficPolicy": {
        "loadBalancer": failover(),
        "outlierDetection": detection(),
        "portLevelSettings": [{"port": {"number": 8080}, "loadBalancer": failover()}],
    }}));
    let response = review(&shared(&[]), &create(&object)).await;
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0]["field"], "spec.trafficPolicy.portLevelSettings[0]");
    assert!(resolve(&object, "spec.trafficPolicy.portLevelSettings[0]").is_some());
    assert!(message(&response).contains("add spec.trafficPolicy.portLevelSettings[0].outlierDetection"));
}

#[tokio::test]
async fn a_subset_whose_detection_an_override_takes_away_names_both_places() {
    let object = rule(json!({
        "trafficPolicy": {
            "outlierDetection": detection(),
            "portLevelSettings": [{"port": {"number": 9080}, "connectionPool": {"tcp": {"maxConnections": 9}}}],
        },
        "subsets": [
            {"name": "v1", "labels": {"version": "v1"}},
            {"name": "v2", "labels": {"version": "v2"}, "trafficPolicy": {"loadBalancer": failover()}},
        ],
    }));
    let response = review(&shared(&[]), &create(&object)).await;
    let text = message(&response);
    assert!(text.starts_with("[MESH201] spec.subsets[1].trafficPolicy: "), "{text}");
    assert!(
        text.contains("on port 9080") && text.contains("(spec.trafficPolicy.portLevelSettings[0]: "),
        "{text}"
    );
}

#[tokio::test]
async fn distribute_is_refused_with_its_own_text_and_only_warned_of_on_demand() {
    let object = rule(json!({"trafficPolicy": {"loadBalancer": distribute()}}));
    let response = review(&shared(&[]), &create(&object)).await;
    let text = message(&response);
    assert!(text.starts_with("[MESH238] spec.trafficPolicy: "), "{text}");
    assert!(text.contains("a dead locality keeps its share") && !text.contains("MESH201"), "{text}");

    let response = review(&shared(&["MESH238=warn"]), &create(&object)).await;
    assert_eq!(response["allowed"], true);
    let warning = response["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("[MESH238] spec.trafficPolicy: "), "{warning}");
    assert_eq!(response["auditAnnotations"]["warned"], "MESH238 spec.trafficPolicy");
}

#[tokio::test]
async fn all_findings_are_in_one_reply_in_a_fixed_order() {
    let object = rule(json!({
        "trafficPolicy": {"loadBalancer": distribute()},
        "subsets": [{"name": "v1", "trafficPolicy": {"loadBalancer": failover()}}],
    }));
    let shared = shared(&[]);
    let response = review(&shared, &create(&object)).await;
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    let reasons: Vec<_> = causes.iter().map(|cause| cause["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["MESH201", "MESH238"]);
    assert!(message(&response).contains("[MESH201]") && message(&response).contains("[MESH238]"));
    assert_eq!(response, review(&shared, &create(&object)).await);
}

#[tokio::test]
async fn audit_only_annotates_and_off_does_nothing() {
    let object = failover_alone();
    let response = review(&shared(&["MESH201=audit"]), &create(&object)).await;
    assert_eq!(response["allowed"], true);
    assert!(response.get("warnings").is_none());
    assert_eq!(response["auditAnnotations"], json!({"audited": "MESH201 spec.trafficPolicy"}));
    let response = review(&shared(&["MESH201=off"]), &create(&object)).await;
    assert_eq!(response, json!({"uid": UID, "allowed": true}));
}

#[tokio::test]
async fn an_update_may_keep_what_was_bad_and_may_add_nothing_bad() {
    let old = failover_alone();
    let mut edited = old.clone();
    edited["spec"]["trafficPolicy"]["connectionPool"] = json!({"tcp": {"maxConnections": 10}});
    let shared = shared(&[]);
    let response = review(&shared, &update(&old, &edited)).await;
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("as before this change"), "{response}");

    let mut worse = edited.clone();
    worse["spec"]["subsets"] = json!([{"name": "v1", "trafficPolicy": {"loadBalancer": failover()}}]);
    let response = review(&shared, &update(&old, &worse)).await;
    assert_eq!(response["allowed"], false);
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0]["field"], "spec.subsets[0].trafficPolicy");
    assert_eq!(response["warnings"].as_array().unwrap().len(), 1);

    let response = review(&shared, &update(&failover_with_detection(), &old)).await;
    assert_eq!(response["allowed"], false);
}

#[tokio::test]
async fn a_subset_that_only_moved_is_nothing_new() {
    let bad = |name: &str| json!({"name": name, "trafficPolicy": {"loadBalancer": failover()}});
    let old = rule(json!({"subsets": [bad("v1")]}));
    let shared = shared(&[]);
    let moved = rule(json!({"subsets": [{"name": "v0"}, bad("v1")]}));
    let response = review(&shared, &update(&old, &moved)).await;
    assert_eq!(response["allowed"], true, "{response}");
    let replaced = rule(json!({"subsets": [bad("v2")]}));
    let response = review(&shared, &update(&old, &replaced)).await;
    assert_eq!(response["allowed"], false, "another subset is bad now: {response}");
}

#[tokio::test]
async fn what_admiral_writes_is_warned_of() {
    let mut object = failover_alone();
    object["metadata"]["annotations"] = json!({"app.kubernetes.io/created-by": "admiral"});
    let response = review(&shared(&[]), &create(&object)).await;
    assert_eq!(response["allowed"], true);
    assert!(response["warnings"][0].as_str().unwrap().contains("Admiral"), "{response}");
}

#[tokio::test]
async fn dry_run_gets_the_same_verdict() {
    let real = create(&failover_alone());
    let mut dry = real.clone();
    dry["request"]["dryRun"] = true.into();
    let shared = shared(&[]);
    assert_eq!(review(&shared, &real).await, review(&shared, &dry).await);
}

#[tokio::test]
async fn null_fields_and_unknown_fields_mean_what_istio_takes_them_for() {
    let shared = shared(&[]);
    let nulls = rule(json!({"trafficPolicy": {
        "outlierDetection": null,
        "portLevelSettings": null,
        "loadBalancer": {"localityLbSetting": {"enabled": null, "failover": null}},
        "newFieldOfIstio": {"deep": [1]},
    }, "subsets": null, "newest": true}));
    assert_eq!(review(&shared, &create(&nulls)).await["allowed"], false);
    for harmless in [
        rule(json!({"trafficPolicy": null})),
        rule(json!({"trafficPolicy": {"loadBalancer": {"localityLbSetting": {"enabled": false}}}})),
        rule(json!({"trafficPolicy": {"loadBalancer": {"localityLbSetting": null}}})),
    ] {
        assert_eq!(review(&shared, &create(&harmless)).await["allowed"], true, "{harmless}");
    }
}

#[tokio::test]
async fn every_served_version_is_judged_alike() {
    for version in ["v1", "v1beta1", "v1alpha3"] {
        let mut review_of = create(&failover_alone());
        review_of["request"]["kind"]["version"] = version.into();
        review_of["request"]["object"]["apiVersion"] = format!("networking.istio.io/{version}").into();
        assert_eq!(review(&shared(&[]), &review_of).await["allowed"], false, "{version}");
    }
}

#[tokio::test]
async fn name_and_namespace_of_the_request_fill_what_the_object_lacks() {
    let mut review_of = create(&failover_alone());
    review_of["request"]["object"]["metadata"] = json!({"generateName": "payments-"});
    review_of["request"].as_object_mut().unwrap().remove("name");
    let response = review(&shared(&[]), &review_of).await;
    assert_eq!(response["status"]["details"]["name"], "payments-");
    review_of["request"]["name"] = "payments".into();
    let response = review(&shared(&[]), &review_of).await;
    assert_eq!(response["status"]["details"]["name"], "payments");
}

#[tokio::test]
async fn a_finding_that_comes_to_cover_more_is_refused_as_new() {
    let object = |top: Value| {
        rule(json!({"trafficPolicy": top, "subsets": [
            {"name": "v1", "trafficPolicy": {"loadBalancer": failover()}},
        ]}))
    };
    let narrow = object(json!({
        "outlierDetection": detection(),
        "portLevelSettings": [{"port": {"number": 9080}, "loadBalancer": {"simple": "RANDOM"}}],
    }));
    let wide = object(json!({}));
    let widened = review(&shared(&[]), &update(&narrow, &wide)).await;
    assert_eq!(widened["allowed"], false, "{widened}");
    let narrowed = review(&shared(&[]), &update(&wide, &narrow)).await;
    assert_eq!(narrowed["allowed"], true, "{narrowed}");
    assert!(narrowed["warnings"][0].as_str().unwrap().contains("as before this change"), "{narrowed}");
}

#[tokio::test]
async fn a_port_entry_that_comes_to_lose_a_second_block_is_refused_as_new() {
    let object = |entry: Value| {
        rule(json!({"trafficPolicy": {
            "loadBalancer": {"simple": "RANDOM"},
            "outlierDetection": detection(),
            "portLevelSettings": [entry],
        }}))
    };
    let one = object(json!({"port": {"number": 9080}, "outlierDetection": detection()}));
    let both = object(json!({"port": {"number": 9080}}));
    let modes = shared(&["MESH206=deny"]);
    assert_eq!(review(&modes, &update(&one, &both)).await["allowed"], false);
    assert_eq!(review(&modes, &update(&both, &one)).await["allowed"], true);
}

#[tokio::test]
async fn a_subset_that_comes_to_hide_the_setting_on_more_ports_is_refused_as_new() {
    let object = |own_ports: Value| {
        rule(json!({
            "trafficPolicy": {"loadBalancer": failover(), "outlierDetection": detection()},
            "subsets": [{"name": "v1", "trafficPolicy":
                {"loadBalancer": {"simple": "RANDOM"}, "portLevelSettings": own_ports}}],
        }))
    };
    let entry =
        json!({"port": {"number": 9080}, "loadBalancer": failover(), "outlierDetection": detection()});
    let (few, more) = (object(json!([entry])), object(json!([])));
    let modes = shared(&["MESH205=deny"]);
    assert_eq!(review(&modes, &update(&few, &more)).await["allowed"], false);
    assert_eq!(review(&modes, &update(&more, &few)).await["allowed"], true);
}
