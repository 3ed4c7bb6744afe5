//! `cargo xtask krew`: the krew manifests, filled from the release archives that exist.
//!
//! `mesh` is the multi-call binary; the single plugins are manifests of their own over the same archive, since
//! krew makes one link per manifest and the binary answers by its name.

mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{dist, workspace};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Directory of the archives that `cargo xtask dist` wrote
    #[arg(long, value_name = "DIR", default_value = dist::ARCHIVES)]
    archives: PathBuf,
    /// Directory the manifests go to
    #[arg(long, value_name = "DIR", default_value = "krew")]
    out: PathBuf,
}

impl Arguments {
    /// Manifests of the archives just made, which leave the released ones alone.
    pub(crate) fn beside_the_archives() -> Self {
        Self { archives: dist::ARCHIVES.into(), out: "target/krew".into() }
    }
}

/// Name, what krew lists, and what it tells.
const PLUGINS: &[(&str, &str, &str)] = &[
    (
        "mesh",
        "Diagnose multi-cluster Istio meshes",
        "Checks trust, remote secrets, east-west gateways, services, locality and\n\
         failover of Istio meshes that span several Kubernetes clusters, on live\n\
         clusters and on files, and says how to mend what it finds. Read-only.\n",
    ),
    (
        "mesh-check",
        "Check multi-cluster Istio meshes",
        "Runs all rules of the mesh plugin over all clusters of an Istio mesh, live\n\
         or from files, and says how to mend what it finds. Read-only.\n",
    ),
];

/// Rust target and the platform krew knows it by.
const PLATFORMS: &[(&str, &str, &str)] = &[
    ("x86_64-unknown-linux-musl", "linux", "amd64"),
    ("x86_64-unknown-linux-gnu", "linux", "amd64"),
    ("aarch64-unknown-linux-musl", "linux", "arm64"),
    ("aarch64-unknown-linux-gnu", "linux", "arm64"),
    ("x86_64-apple-darwin", "darwin", "amd64"),
    ("aarch64-apple-darwin", "darwin", "arm64"),
    ("x86_64-pc-windows-msvc", "windows", "amd64"),
    ("aarch64-pc-windows-msvc", "windows", "arm64"),
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Manifest {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    version: String,
    homepage: String,
    short_description: String,
    description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    caveats: String,
    platforms: Vec<Platform>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Platform {
    selector: Selector,
    uri: String,
    sha256: String,
    bin: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selector {
    match_labels: MatchLabels,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchLabels {
    os: String,
    arch: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let platforms = platforms(&workspace().join(&arguments.archives))?;
    let out = workspace().join(&arguments.out);
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    for (name, short, description) in PLUGINS {
        let manifest = manifest(name, short, description, &platforms);
        let broken = rules::violations(name, &manifest);
        ensure!(broken.is_empty(), "the manifest of {name} breaks krew's rules: {}", broken.join("; "));
        let path = out.join(format!("{name}.yaml"));
        fs::write(&path, serde_yaml::to_string(&manifest)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn manifest(
    name: &str,
    short: &str,
    description: &str,
    platforms: &[(MatchLabels, String, String)],
) -> Manifest {
    let platforms = platforms.iter().map(|(labels, file, sum)| Platform {
        uri: format!(
            "{}/releases/download/v{}/{file}",
            env!("CARGO_PKG_REPOSITORY"),
            env!("CARGO_PKG_VERSION")
        ),
        sha256: sum.clone(),
        bin: if labels.os == "windows" { "kubectl-mesh.exe" } else { "kubectl-mesh" }.to_owned(),
        selector: Selector { match_labels: MatchLabels { os: labels.os.clone(), arch: labels.arch.clone() } },
    });
    Manifest {
        api_version: "krew.googlecontainertools.github.com/v1alpha2".to_owned(),
        kind: "Plugin".to_owned(),
        metadata: Metadata { name: name.to_owned() },
        spec: Spec {
            version: format!("v{}", env!("CARGO_PKG_VERSION")),
            homepage: env!("CARGO_PKG_REPOSITORY").to_owned(),
            short_description: short.to_owned(),
            description: description.to_owned(),
            caveats: String::new(),
            platforms: platforms.collect(),
        },
    }
}

/// Platform, file name and sum of each archive; of two for one platform the first of the table (musl) counts.
fn platforms(archives: &Path) -> Result<Vec<(MatchLabels, String, String)>> {
    let mut found: Vec<(MatchLabels, String, String)> = Vec::new();
    for (target, os, arch) in PLATFORMS {
        let file = format!("kubectl-mesh-v{}-{target}.tar.gz", env!("CARGO_PKG_VERSION"));
        let labels = MatchLabels { os: (*os).to_owned(), arch: (*arch).to_owned() };
        if archives.join(&file).is_file() && !found.iter().any(|(other, ..)| *other == labels) {
            let sum = dist::sha256(&archives.join(&file))?;
            found.push((labels, file, sum));
        }
    }
    ensure!(!found.is_empty(), "no archive in {}; run 'cargo xtask dist' first", archives.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_manifests_keep_the_rules_of_krew_and_of_its_index() {
        for (name, ..) in PLUGINS {
            let path = workspace().join(format!("krew/{name}.yaml"));
            let text = fs::read_to_string(&path).expect("every plugin has a committed manifest");
            let manifest: Manifest = serde_yaml::from_str(&text).expect("krew's schema");
            assert_eq!(rules::violations(name, &manifest), Vec::<String>::new(), "{name}");
            assert_eq!(manifest.spec.version, format!("v{}", env!("CARGO_PKG_VERSION")));
        }
    }
}
