//! Where built programs are kept: outside `target`, so that `cargo clean` costs no Go build.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Variable that names another cache directory.
pub const CACHE_VARIABLE: &str = "MESH_LAB_CACHE";
const SCRATCH: &str = "incomplete-";

/// The cache directory, made when missing: `$MESH_LAB_CACHE`, else `kubectl-mesh-lab` in the user's cache.
pub fn directory() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = match set(CACHE_VARIABLE) {
        Some(path) => path,
        None => match set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache"))) {
            Some(path) => path.join("kubectl-mesh-lab"),
            None => bail!("no place for the lab's programs: set {CACHE_VARIABLE} or HOME"),
        },
    };
    fs::create_dir_all(&path).with_context(|| format!("cannot create the lab's cache {}", path.display()))?;
    path.canonicalize().with_context(|| format!("cannot resolve the lab's cache {}", path.display()))
}

/// Waits until no other process changes the cache; released when the file is dropped.
pub fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// A new directory that becomes part of the cache by renaming, once it is complete.
pub(crate) fn scratch(cache: &Path) -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(cache);
    made.with_context(|| format!("cannot write to the lab's cache {}", cache.display()))
}

/// Removes the scratch directories of builds that were killed. The caller holds the lock.
pub(crate) fn remove_leftovers(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache).with_context(|| format!("cannot list {}", cache.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// First 16 hex digits of the SHA-256 over `parts`; each part's length counts, so that none can run into the next.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut text = format!("{:x}", hash.finalize());
    text.truncate(16);
    text
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn parts_that_join_to_the_same_bytes_have_different_digests() {
        let one = digest([b"ab".as_slice(), b"c".as_slice()]);
        let two = digest([b"a".as_slice(), b"bc".as_slice()]);
        assert_eq!(one.len(), 16);
        assert_ne!(one, two);
    }
}
