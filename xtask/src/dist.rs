//! `cargo xtask dist`: the release archive of this machine's platform.
//!
//! One static binary with `LICENSE` and `README.md`, in a tar that is the same for the same binary: sorted, no
//! times, no owners, regular files only (krew refuses links). The musl target is taken where it is installed;
//! else the gnu one with a static C library, which starts in an empty root just as well: that is tried before
//! the archive is written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use crate::workspace;

/// Largest binary that is shipped, bytes.
const BUDGET: u64 = 10_000_000;

/// Directory of the archives, below the workspace.
pub(crate) const ARCHIVES: &str = "target/dist-archives";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Directory of the archives
    #[arg(long, value_name = "DIR", default_value = ARCHIVES)]
    out: PathBuf,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { out: ARCHIVES.into() }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let target = target()?;
    let binary = build(&target)?;
    starts_in_an_empty_root(&binary)?;
    let size = fs::metadata(&binary)?.len();
    ensure!(size <= BUDGET, "{} has {size} bytes, more than the budget of {BUDGET}", binary.display());
    let out = workspace().join(&arguments.out);
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let archive = out.join(format!("kubectl-mesh-v{}-{target}.tar.gz", env!("CARGO_PKG_VERSION")));
    write_archive(&archive, &binary)?;
    let sum = sha256(&archive)?;
    let name = archive.file_name().context("an archive has a name")?.to_string_lossy().into_owned();
    fs::write(out.join(format!("{name}.sha256")), format!("{sum}  {name}\n"))?;
    mesh_lab::run::say(&format!("dist: {} ({size} bytes of binary)", archive.display()));
    Ok(())
}

/// SHA-256 of a file, lower-case hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}

fn target() -> Result<String> {
    let version = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8(version.stdout)?;
    let host =
        text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let musl = host.replace("-gnu", "-musl");
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot run rustc")?;
    let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout)?.trim());
    let installed = sysroot.join("lib/rustlib").join(&musl).join("lib").is_dir();
    Ok(if installed { musl } else { host.to_owned() })
}

fn build(target: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    mesh_lab::run::forget_package(&mut cargo);
    cargo.args(["build", "--locked", "--profile", "dist", "--package", "kubectl-mesh", "--target", target]);
    // With an explicit target the flags reach our code only, not build scripts and procedural macros.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(target)).current_dir(workspace());
    ensure!(cargo.status().context("cannot run cargo")?.success(), "the binary was not built");
    Ok(workspace().join("target").join(target).join("dist/kubectl-mesh"))
}

fn flags(target: &str) -> String {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    // Tried with the linker that Rust ships for this target: equal functions folded, relocations packed, no unwind
    // tables. Together two megabytes of ten.
    if target == "x86_64-unknown-linux-gnu" {
        let script = workspace().join("xtask/src/no-unwind-tables.ld");
        let script = format!("-T,{}", script.display());
        let words = ["--icf=all", "--pack-dyn-relocs=relr", "--no-eh-frame-hdr", &script];
        flags.extend(words.iter().map(|word| format!("-Clink-arg=-Wl,{word}")));
        flags.push("-Cforce-unwind-tables=no".to_owned());
    }
    // Cargo's own separator: the path of the script may hold spaces.
    flags.join("\u{1f}")
}

fn starts_in_an_empty_root(binary: &Path) -> Result<()> {
    let root = tempfile::tempdir()?;
    fs::copy(binary, root.path().join("kubectl-mesh"))?;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user"])
        .arg(format!("--root={}", root.path().display()))
        .args(["/kubectl-mesh", "version"])
        .output()
        .context("cannot run unshare (util-linux)")?;
    if output.status.success() {
        return Ok(());
    }
    bail!("{} does not start in an empty root: {}", binary.display(), String::from_utf8_lossy(&output.stderr))
}

fn write_archive(path: &Path, binary: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    let root = workspace();
    for (name, source, mode) in [
        ("LICENSE", root.join("LICENSE"), 0o644),
        ("README.md", root.join("README.md"), 0o644),
        ("kubectl-mesh", binary.to_owned(), 0o755),
    ] {
        let bytes = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len())?);
        header.set_mode(mode);
        header.set_cksum();
        tar.append_data(&mut header, name, bytes.as_slice())?;
    }
    tar.into_inner()?.finish()?;
    Ok(())
}
