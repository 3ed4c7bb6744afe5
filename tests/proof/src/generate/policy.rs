//! Traffic policies: what the admission of istiod lets through.

use serde_json::{Value, json};

use super::Dice;

/// Where a policy stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Top,
    Subset,
    Port,
}

pub(super) fn draw(dice: &mut Dice, level: Level) -> Value {
    let mut policy = json!({});
    if dice.chance(50) {
        policy["outlierDetection"] = outlier_detection(dice);
    }
    if dice.chance(55) {
        policy["loadBalancer"] = load_balancer(dice);
    }
    if dice.chance(18) {
        policy["tls"] = match dice.pick(&["ISTIO_MUTUAL", "ISTIO_MUTUAL", "DISABLE", "SIMPLE", ""]) {
            "" => json!({"sni": "example.com"}),
            mode => json!({ "mode": mode }),
        };
    }
    if policy == json!({}) || dice.chance(10) {
        policy["connectionPool"] = json!({"tcp": {"maxConnections": 100}});
    }
    if level != Level::Port && dice.chance(25) {
        let mut entry = draw(dice, Level::Port);
        entry["port"] = json!({"number": dice.pick(&[80, 80, 90, 81])});
        policy["portLevelSettings"] = json!([entry]);
    }
    policy
}

pub(super) fn outlier_detection(dice: &mut Dice) -> Value {
    let mut detection = json!({});
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            detection[key] = value;
        }
    };
    set("consecutive5xxErrors", dice.maybe(50, &[0, 1, 3]).map(Value::from));
    set("consecutiveGatewayErrors", dice.maybe(25, &[0, 2]).map(Value::from));
    set("consecutiveErrors", dice.maybe(5, &[7]).map(Value::from));
    if dice.chance(15) {
        set("splitExternalLocalOriginErrors", Some(true.into()));
        set("consecutiveLocalOriginFailures", dice.maybe(50, &[0, 4]).map(Value::from));
    }
    set("interval", dice.maybe(30, &["5s", "1500ms", "0.1s"]).map(Value::from));
    set("baseEjectionTime", dice.maybe(30, &["1s", "5m"]).map(Value::from));
    set("maxEjectionPercent", dice.maybe(50, &[0, 10, 50, 100]).map(Value::from));
    set("minHealthPercent", dice.maybe(20, &[0, 1, 30, 100]).map(Value::from));
    detection
}

fn load_balancer(dice: &mut Dice) -> Value {
    let mut balancer = match dice.number(0, 11) {
        0 => json!({"simple": "ROUND_ROBIN"}),
        1 => json!({"simple": "RANDOM"}),
        2 => json!({"simple": "LEAST_REQUEST"}),
        3 => json!({"simple": "PASSTHROUGH"}),
        4 => json!({"consistentHash": {"httpHeaderName": "x-user"}}),
        5 => json!({"consistentHash": {"useSourceIp": true, "maglev": {"tableSize": 251}}}),
        _ => json!({}),
    };
    match dice.number(0, 9) {
        0 => balancer["zoneAwareLbSetting"] = zone_aware(dice),
        1..=7 => balancer["localityLbSetting"] = locality(dice),
        _ if balancer == json!({}) => balancer["simple"] = "ROUND_ROBIN".into(),
        _ => {}
    }
    balancer
}

/// `localityLbSetting` of a rule or of the mesh.
pub(super) fn locality(dice: &mut Dice) -> Value {
    let mut setting = match dice.number(0, 9) {
        0 => json!({}),
        1 => json!({"distribute": distribute(dice)}),
        2 | 3 => json!({"distribute": distribute(dice), "failoverPriority": priority(dice, false)}),
        4 | 5 => json!({"failover": failover(dice)}),
        6..=8 => json!({"failoverPriority": priority(dice, false)}),
        _ => json!({"failoverPriority": priority(dice, true), "failover": failover(dice)}),
    };
    if let Some(enabled) = dice.maybe(15, &[true, true, false]) {
        setting["enabled"] = enabled.into();
    }
    setting
}

/// `zoneAwareLbSetting` of a rule or of the mesh.
pub(super) fn zone_aware(dice: &mut Dice) -> Value {
    let mut setting = json!({});
    if let Some(enabled) = dice.maybe(40, &[true, true, false]) {
        setting["enabled"] = enabled.into();
    }
    if dice.chance(30) {
        setting["failoverPriority"] = priority(dice, true);
    }
    if dice.chance(30) {
        setting["failover"] = failover(dice);
    }
    if let Some(value) = dice.maybe(30, &[1, 6]) {
        setting["minClusterSize"] = value.into();
    }
    setting
}

fn failover(dice: &mut Dice) -> Value {
    let all = [
        json!({"from": "r1", "to": "r2"}),
        json!({"from": "r2", "to": "r3"}),
        json!({"from": "r3", "to": "r1"}),
    ];
    let first = dice.number(0, 2);
    let mut list = vec![all[first].clone()];
    if dice.chance(30) {
        list.push(all[(first + 1) % 3].clone());
    }
    list.into()
}

/// `topology_is_taken`: `failover` or zones stand beside it, and labels of a locality are refused.
fn priority(dice: &mut Dice, topology_is_taken: bool) -> Value {
    const NETWORK: &str = "topology.istio.io/network";
    const REGION: &str = "topology.kubernetes.io/region";
    const ZONE: &str = "topology.kubernetes.io/zone";
    const SUBZONE: &str = "topology.istio.io/subzone";
    const CLUSTER: &str = "topology.istio.io/cluster";
    const NODE: &str = "kubernetes.io/hostname";
    const ANY: [&[&str]; 9] = [
        &[NETWORK, REGION, ZONE],
        &[REGION, ZONE, SUBZONE],
        &[NETWORK, REGION, ZONE, SUBZONE, NODE],
        &[REGION, NETWORK],
        &["topology.kubernetes.io/region=r2", REGION],
        &["topology.kubernetes.io/zone=z1"],
        &[NODE, ZONE],
        &["version", "topology.istio.io/network=n1", ZONE],
        &["topology.istio.io/network=n2", REGION],
    ];
    const FREE: [&[&str]; 8] = [
        &[CLUSTER],
        &[NETWORK],
        &[NETWORK, CLUSTER],
        &["version=v1"],
        &["version", "nobody/has-it"],
        &["version=v1=v2", CLUSTER],
        &[NETWORK, "topology.kubernetes.io/region=r1"],
        &[NODE],
    ];
    let list = if topology_is_taken || dice.chance(35) { dice.pick(&FREE) } else { dice.pick(&ANY) };
    json!(list)
}

fn distribute(dice: &mut Dice) -> Value {
    const FROM: [&str; 6] = ["r1/*", "r1/z1/*", "r1", "r2/*", "*", "r2/z3"];
    let to = |dice: &mut Dice| match dice.number(0, 5) {
        0 => json!({"r1/*": 70, "r2/*": 30}),
        1 => json!({"r1/z1": 80, "r1/z2/*": 19, "r2": 1}),
        2 => json!({"r1": 100}),
        3 => json!({"r1/z1/s1": 50, "r1/z1/s2": 10, "r2/z1/*": 40}),
        4 => json!({"*": 100}),
        _ => json!({"r2/*": 33, "r3/*": 67}),
    };
    let first = dice.pick(&FROM);
    let mut list = vec![json!({"from": first, "to": to(dice)})];
    if dice.chance(25) && first.starts_with("r1") {
        list.push(json!({"from": "r2/*", "to": to(dice)}));
    }
    list.into()
}
