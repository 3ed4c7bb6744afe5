//! The status of pods that the lab plays itself, in the shape that a kubelet reports.

use serde_json::{Value, json};

/// When all of the lab's containers started: a fixed time, so that two runs give equal objects.
const STARTED: &str = "2026-01-01T00:00:00Z";

/// Status of a pod whose containers all run, and whose other init containers are done.
pub(crate) fn running_status(pod: &Value, pod_address: &str, node_address: &str) -> Value {
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": STARTED}));
    let statuses = |list: &str| {
        pod["spec"][list].as_array().into_iter().flatten().map(container_status).collect::<Vec<_>>()
    };
    let mut status = json!({
        "phase": "Running",
        "podIP": pod_address,
        "podIPs": [{"ip": pod_address}],
        "hostIP": node_address,
        "hostIPs": [{"ip": node_address}],
        "startTime": STARTED,
        "conditions": conditions,
        "containerStatuses": statuses("containers"),
    });
    let initial = statuses("initContainers");
    if !initial.is_empty() {
        status["initContainerStatuses"] = initial.into();
    }
    for container in status["initContainerStatuses"].as_array_mut().into_iter().flatten() {
        let sidecar = pod["spec"]["initContainers"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["name"] == container["name"] && one["restartPolicy"] == "Always")
        });
        if !sidecar {
            container["started"] = false.into();
            container["state"] = json!({"terminated": {
                "exitCode": 0, "reason": "Completed", "startedAt": STARTED, "finishedAt": STARTED,
            }});
        }
    }
    status
}

/// Whether a status says that the pod takes traffic.
pub(crate) fn is_ready(status: &Value) -> bool {
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    status["phase"] == "Running" && status["conditions"].as_array().is_some_and(|all| all.iter().any(ready))
}

fn container_status(container: &Value) -> Value {
    json!({
        "name": container["name"],
        "image": container["image"],
        "imageID": container["image"],
        "ready": true,
        "started": true,
        "restartCount": 0,
        "state": {"running": {"startedAt": STARTED}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_pod_is_ready_with_its_sidecar_running_and_its_init_container_done() {
        let pod = json!({"spec": {
            "containers": [{"name": "app", "image": "a"}],
            "initContainers": [
                {"name": "istio-init", "image": "b"},
                {"name": "istio-proxy", "image": "b", "restartPolicy": "Always"},
            ],
        }});
        let status = running_status(&pod, "172.30.1.9", "172.30.1.1");
        assert!(is_ready(&status));
        assert_eq!(status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 0);
        assert_eq!(status["initContainerStatuses"][1]["state"]["running"]["startedAt"], STARTED);
        assert_eq!(status["podIPs"][0]["ip"], "172.30.1.9");
    }

    #[test]
    fn a_pod_that_runs_without_the_ready_condition_is_not_ready() {
        assert!(!is_ready(
            &json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})
        ));
        assert!(!is_ready(&json!({"phase": "Pending"})));
    }
}
