//! Whether two clusters verify each other's certificates. The roots are those of the example meshes.

use mesh_traffic::{Traffic, Truth, trust};

use crate::tree::{istiod, mesh};

/// Two roots of their own.
const ROOTS: [&str; 2] = [
    include_str!("../../../../examples/two-clusters/broken/east/roots.yaml"),
    include_str!("../../../../examples/two-clusters/broken/west/roots.yaml"),
];

fn config(text: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data: {{mesh: '{text}'}}
"
    )
}

fn between(west: &[&str], east: &[&str]) -> trust::Trust {
    let of = |name: &str, objects: &[&str]| format!("{}\n---\n{}", istiod(name), objects.join("\n---\n"));
    let mesh = mesh(&[("west", &of("west", west)), ("east", &of("east", east))]);
    let traffic = Traffic::new(&mesh);
    // Clusters are sorted by name.
    trust::between(&traffic.view(1), &traffic.view(0))
}

#[test]
fn clusters_with_one_root_trust_each_other() {
    assert_eq!(between(&[ROOTS[0]], &[ROOTS[0]]).holds, Truth::Yes);
    let differ = between(&[ROOTS[0]], &[ROOTS[1]]);
    assert_eq!(differ.holds, Truth::No);
    assert!(
        differ.text.starts_with("client root ") && differ.text.contains("; server trusts "),
        "{differ:?}"
    );
    assert_eq!(differ.cause.to_string(), "ConfigMap istio-system/istio-ca-root-cert data[root-cert.pem]");
}

#[test]
fn a_root_that_was_not_seen_is_unknown() {
    let unknown = between(&[ROOTS[0]], &[]);
    assert_eq!(unknown.holds, Truth::Unknown("the root of cluster east is not known".to_owned()));
}

#[test]
fn servers_take_their_trust_domain_and_its_aliases() {
    let west = config("trustDomain: west.org");
    let refused = between(&[ROOTS[0], &west], &[ROOTS[0], &config("trustDomain: east.org")]);
    assert_eq!(refused.holds, Truth::No);
    let alias = config("{trustDomain: east.org, trustDomainAliases: [west.org]}");
    assert_eq!(between(&[ROOTS[0], &west], &[ROOTS[0], &alias]).holds, Truth::Yes);
}
