//! Holds the table of allowed arrows between our crates: who may depend on whom, and who may name the big
//! outside crates. The table is the design; a new arrow is a decision and is written here.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate -> crates of ours it may use in shipped code.
const ARROWS: &[(&str, &[&str])] = &[
    ("mesh-model", &[]),
    ("mesh-wire", &["mesh-model"]),
    ("mesh-traffic", &["mesh-model"]),
    ("mesh-rules", &["mesh-model", "mesh-traffic"]),
    ("mesh-generate", &["mesh-model", "mesh-wire"]),
    ("mesh-source", &["mesh-model", "mesh-wire"]),
    ("mesh-live", &["mesh-model", "mesh-wire"]),
    ("mesh-report", &["mesh-model", "mesh-traffic", "mesh-rules"]),
    (
        "mesh-cli",
        &[
            "mesh-model",
            "mesh-wire",
            "mesh-traffic",
            "mesh-rules",
            "mesh-generate",
            "mesh-source",
            "mesh-live",
            "mesh-report",
        ],
    ),
    (
        "mesh-testkit",
        &["mesh-model", "mesh-wire", "mesh-traffic", "mesh-rules", "mesh-generate", "mesh-source"],
    ),
    (
        "kubectl-mesh-check",
        &["mesh-model", "mesh-wire", "mesh-traffic", "mesh-rules", "mesh-source", "mesh-report", "mesh-cli"],
    ),
    ("kubectl-mesh-endpoints", &["mesh-model", "mesh-traffic", "mesh-rules", "mesh-report", "mesh-cli"]),
    ("kubectl-mesh-failover", &["mesh-model", "mesh-traffic", "mesh-rules", "mesh-report", "mesh-cli"]),
    ("kubectl-mesh-locality", &["mesh-model", "mesh-traffic", "mesh-rules", "mesh-report", "mesh-cli"]),
    ("kubectl-mesh-trace", &["mesh-model", "mesh-traffic", "mesh-rules", "mesh-report", "mesh-cli"]),
    (
        "kubectl-mesh",
        &[
            "mesh-cli",
            "kubectl-mesh-check",
            "kubectl-mesh-endpoints",
            "kubectl-mesh-failover",
            "kubectl-mesh-locality",
            "kubectl-mesh-trace",
        ],
    ),
    ("mesh-webhook", &["mesh-model", "mesh-wire", "mesh-traffic", "mesh-rules", "mesh-live"]),
    ("mesh-lab", &[]),
    ("mesh-envoy", &["mesh-model", "mesh-traffic", "mesh-lab"]),
    ("mesh-proof", &["mesh-model", "mesh-source", "mesh-traffic", "mesh-lab"]),
    ("mesh-tests", &[]),
    ("xtask", &["mesh-rules", "mesh-report", "mesh-cli", "mesh-lab"]),
];

/// Outside crate -> crates of ours that may name it in shipped code.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("kube", &["mesh-live", "mesh-proof"]),
    ("tokio", &["mesh-live", "mesh-cli", "mesh-webhook", "mesh-testkit", "mesh-proof"]),
    (
        "clap",
        &[
            "mesh-cli",
            "kubectl-mesh",
            "kubectl-mesh-check",
            "kubectl-mesh-endpoints",
            "kubectl-mesh-failover",
            "kubectl-mesh-locality",
            "kubectl-mesh-trace",
            "mesh-webhook",
            "mesh-proof",
            "xtask",
        ],
    ),
    // xDS, as proxies speak it: never linked into what is shipped.
    ("envoy-types", &["mesh-proof"]),
    ("tonic", &["mesh-proof"]),
];

fn shipped_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("the workspace's manifests parse");
    metadata
        .packages
        .iter()
        .map(|package| {
            let shipped = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
            (package.name.to_string(), shipped.map(|d| d.name.clone()).collect())
        })
        .collect()
}

#[test]
fn arrows_between_our_crates_point_down_only() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let all = shipped_dependencies();
    let mut wrong = Vec::new();
    for (krate, dependencies) in &all {
        let Some(allowed) = arrows.get(krate.as_str()) else {
            wrong.push(format!("{krate} has no row in the table"));
            continue;
        };
        for dependency in dependencies.iter().filter(|d| all.contains_key(*d)) {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{krate} -> {dependency} is not allowed"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn big_outside_crates_stay_behind_the_crates_that_own_them() {
    let mut wrong = Vec::new();
    for (krate, dependencies) in &shipped_dependencies() {
        for (outside, owners) in WRAPPERS {
            if dependencies.contains(*outside) && !owners.contains(&krate.as_str()) {
                wrong.push(format!("{krate} may not name {outside}; only {owners:?} may"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
