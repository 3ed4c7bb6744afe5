//! Mesh configs and networks.

use serde_json::json;

use super::services::NAMES;
use super::{CLUSTERS, Dice, NAMESPACES, Objects, host, policy};

pub(super) fn draw(dice: &mut Dice, used: &[usize], clusters: &mut [Objects]) {
    let first = one(dice);
    for &at in used {
        // One config for the whole mesh, most often.
        clusters[at].mesh_config = if dice.chance(75) { first.clone() } else { one(dice) };
    }
}

pub(super) fn draw_networks(dice: &mut Dice, clusters: &mut [Objects]) {
    let networks = networks(dice);
    for cluster in clusters {
        cluster.mesh_networks = networks.clone();
    }
}

fn one(dice: &mut Dice) -> serde_json::Value {
    let mut config = json!({});
    if dice.chance(25) {
        config["localityLbSetting"] = policy::locality(dice);
    }
    if dice.chance(5) {
        config["zoneAwareLbSetting"] = policy::zone_aware(dice);
    }
    if dice.chance(20) {
        let of_namespace = format!("*.{}.svc.cluster.local", dice.pick(&NAMESPACES));
        let mut settings = vec![json!({"settings": {"clusterLocal": true}, "hosts": [of_namespace]})];
        if dice.chance(50) {
            let one = host(dice.pick(&NAMES), dice.pick(&NAMESPACES));
            settings.push(json!({"settings": {"clusterLocal": dice.chance(50)}, "hosts": [one]}));
        }
        config["serviceSettings"] = settings.into();
    }
    if let Some(list) = dice.maybe(5, &[["."], ["*"]]) {
        config["defaultDestinationRuleExportTo"] = json!(list);
    }
    if let Some(list) = dice.maybe(4, &[["."], ["*"]]) {
        config["defaultServiceExportTo"] = json!(list);
    }
    if dice.chance(10) {
        config["defaultTrafficPolicy"] = json!({"outlierDetection": policy::outlier_detection(dice)});
    }
    config
}

fn networks(dice: &mut Dice) -> serde_json::Value {
    if !dice.chance(20) {
        return json!({});
    }
    let network = dice.pick(&["n1", "n2", "n3"]);
    let registry = dice.pick(&CLUSTERS);
    let mut endpoints = vec![json!({"fromRegistry": registry})];
    if dice.chance(30) {
        endpoints.push(json!({"fromCidr": dice.pick(&["10.90.0.0/16", "10.210.0.0/16"])}));
    }
    let gateways = match dice.number(0, 2) {
        0 => json!([]),
        1 => json!([{"address": "241.0.0.1", "port": 15443}]),
        _ => json!([{"registryServiceName": "gateway-0.istio-system.svc.cluster.local", "port": 443}]),
    };
    json!({"networks": {network: {"endpoints": endpoints, "gateways": gateways}}})
}
