//! What istiod would send, as files for an Envoy: a bootstrap with one cluster by CDS's fields, and the endpoints of
//! EDS. Fields that istiod leaves out are left out.

use std::path::Path;

use mesh_traffic::{Assignment, Health, HostPolicy, Outlier, Sent, Settings};
use serde_json::{Value, json};

/// Header in which the caller finds the host that Envoy picked. Envoy leaves it out where it picked none.
pub const HOST_HEADER: &str = "x-host";
/// Header with Envoy's flags; `UH` is a request without a candidate.
pub const FLAGS_HEADER: &str = "x-flags";
/// Header over which `RING_HASH` and `MAGLEV` hash.
pub const HASH_HEADER: &str = "x-hash";

/// A bootstrap with admin pages and a listener on any free ports, and the cluster.
#[must_use]
pub fn bootstrap(endpoints: &Path, assignment: &Assignment<'_>, settings: &Settings) -> Value {
    json!({
        "admin": {"address": any_port()},
        "static_resources": {
            "listeners": [listener(&assignment.name)],
            "clusters": [cluster(&assignment.name, endpoints, settings)],
        },
    })
}

/// The file that Envoy reads for EDS.
#[must_use]
pub fn endpoints(assignment: &Assignment<'_>) -> Value {
    let groups: Vec<Value> = assignment.groups.iter().map(|group| {
        let endpoints: Vec<Value> = group.endpoints.iter().map(endpoint).collect();
        let place = &group.locality;
        let locality = json!({
            "region": place.region.as_str(), "zone": place.zone.as_str(), "sub_zone": place.subzone.as_str(),
        });
        let mut value = json!({"locality": locality, "priority": group.priority, "lb_endpoints": endpoints});
        if group.weight > 0 {
            value["load_balancing_weight"] = group.weight.into();
        }
        value
    }).collect();
    json!({"version_info": "1", "resources": [{
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": assignment.name,
        "endpoints": groups,
    }]})
}

fn endpoint(sent: &Sent<'_>) -> Value {
    let health = match sent.health {
        Health::Healthy => "HEALTHY",
        Health::Unhealthy => "UNHEALTHY",
        Health::Draining | Health::Terminating => "DRAINING",
    };
    let address = json!({"socket_address": {"address": &*sent.address, "port_value": sent.port}});
    json!({"endpoint": {"address": address}, "health_status": health, "load_balancing_weight": sent.weight})
}

fn cluster(name: &str, endpoints: &Path, settings: &Settings) -> Value {
    let source = json!({"path_config_source": {"path": endpoints}, "resource_api_version": "V3"});
    let mut common = json!({});
    if settings.locality_weights.value {
        common["locality_weighted_lb_config"] = json!({});
    }
    if let Some(percent) = settings.panic_threshold {
        common["healthy_panic_threshold"] = json!({"value": percent});
    }
    let mut cluster = json!({
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": source},
        "lb_policy": policy(settings.policy.value),
        "common_lb_config": common,
    });
    if let Some(outlier) = &settings.outlier.value {
        cluster["outlier_detection"] = outlier_detection(outlier);
    }
    cluster
}

const fn policy(policy: HostPolicy) -> &'static str {
    match policy {
        HostPolicy::LeastRequest => "LEAST_REQUEST",
        HostPolicy::RoundRobin => "ROUND_ROBIN",
        HostPolicy::Random => "RANDOM",
        HostPolicy::RingHash => "RING_HASH",
        HostPolicy::Maglev => "MAGLEV",
        HostPolicy::Provided => "CLUSTER_PROVIDED",
    }
}

fn outlier_detection(outlier: &Outlier) -> Value {
    let seconds = |milliseconds: u64| format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000);
    let fields = [
        ("consecutive_5xx", outlier.consecutive_5xx.map(Value::from)),
        ("enforcing_consecutive_5xx", outlier.enforcing_5xx.map(Value::from)),
        ("consecutive_gateway_failure", outlier.consecutive_gateway.map(Value::from)),
        ("enforcing_consecutive_gateway_failure", outlier.enforcing_gateway.map(Value::from)),
        ("consecutive_local_origin_failure", outlier.consecutive_local_origin.map(Value::from)),
        ("enforcing_consecutive_local_origin_failure", outlier.enforcing_local_origin.map(Value::from)),
        ("max_ejection_percent", outlier.max_ejection_percent.map(Value::from)),
        ("interval", outlier.interval.map(|time| seconds(time).into())),
        ("base_ejection_time", outlier.base_ejection_time.map(|time| seconds(time).into())),
    ];
    // istiod switches the detection by success rate off.
    let mut value = json!({"enforcing_success_rate": 0});
    for (name, field) in fields {
        if let Some(field) = field {
            value[name] = field;
        }
    }
    if outlier.split_local_origin {
        value["split_external_local_origin_errors"] = true.into();
    }
    value
}

fn listener(cluster: &str) -> Value {
    let header = |name: &str, value: &str| json!({"header": {"key": name, "value": value}});
    let headers = [header(HOST_HEADER, "%UPSTREAM_HOST%"), header(FLAGS_HEADER, "%RESPONSE_FLAGS%")];
    let hash = json!([{"header": {"header_name": HASH_HEADER}}]);
    let routes = json!({"virtual_hosts": [{
        "name": "all",
        "domains": ["*"],
        "response_headers_to_add": headers,
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": cluster, "hash_policy": hash}}],
    }]});
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": routes,
        "http_filters": [{"name": "router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        }}],
    });
    json!({
        "name": "in",
        "address": any_port(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    })
}

fn any_port() -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}})
}
