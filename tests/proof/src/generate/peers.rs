//! PeerAuthentications.

use serde_json::{Value, json};

use super::{Dice, Objects, ROOT, istio};

pub(super) fn draw(dice: &mut Dice, used: &[usize], clusters: &mut [Objects]) {
    for &at in used {
        for number in 0..dice.pick(&[0, 0, 0, 1, 2]) {
            let peer = peer_authentication(dice, number);
            clusters[at].objects.push(peer);
        }
    }
}

fn peer_authentication(dice: &mut Dice, number: usize) -> Value {
    let namespace = dice.pick(&["shop", "bank", "ops", ROOT]);
    let mut spec = json!({"mtls": {"mode": dice.pick(&["STRICT", "PERMISSIVE", "DISABLE", "UNSET"])}});
    if dice.chance(50) && namespace != ROOT {
        spec["selector"] = json!({"matchLabels": {"version": dice.pick(&["v1", "v2"])}});
        if dice.chance(40) {
            spec["portLevelMtls"] = json!({"8080": {"mode": dice.pick(&["STRICT", "DISABLE", "UNSET"])}});
        }
    }
    istio("security", "PeerAuthentication", namespace, &format!("peers-{number}"), &spec)
}
