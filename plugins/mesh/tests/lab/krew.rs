//! The release archive as users get it: installed by the real krew, run by the real kubectl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mesh_lab::Lab;

/// Where `cargo xtask test` leaves the archive and the manifests that name it.
fn release() -> (PathBuf, PathBuf) {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let archives = target.join("dist-archives");
    let found = fs::read_dir(&archives).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let archive = found.filter(|path| path.extension().is_some_and(|end| end == "gz")).max();
    let manifests = target.join("krew");
    let (Some(archive), true) = (archive, manifests.is_dir()) else {
        panic!(
            "this test needs the release archive: run `cargo xtask test`, or `cargo xtask dist` and \
                `cargo xtask krew --out target/krew`"
        )
    };
    (archive, manifests)
}

fn run(command: &mut Command, code: i32) -> Output {
    let output = command.output().expect("the program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{stderr}");
    output
}

#[test]
fn krew_installs_the_archive_and_kubectl_runs_it_by_both_names() {
    let lab = Lab::connect();
    let (archive, manifests) = release();
    let root = tempfile::tempdir().unwrap();
    for plugin in ["mesh", "mesh-check"] {
        let mut krew = lab.command(lab.program("krew").unwrap()).unwrap();
        krew.env("KREW_ROOT", root.path()).env("HOME", root.path()).arg("install");
        krew.arg(format!("--manifest={}", manifests.join(format!("{plugin}.yaml")).display()));
        krew.arg(format!("--archive={}", archive.display()));
        run(&mut krew, 0);
    }
    let kubectl = |words: &[&str]| {
        let mut command = lab.command(lab.program("kubectl").unwrap()).unwrap();
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(root.path().join("bin")).chain(std::env::split_paths(&inherited));
        command.env("PATH", std::env::join_paths(path).unwrap()).args(words);
        command
    };
    let mesh = lab.apply_mesh("two-networks").unwrap();
    let live = run(&mut kubectl(&["mesh", "check", "--contexts", "west,east", "-o", "json"]), 0);
    drop(mesh);
    let report: serde_json::Value = serde_json::from_slice(&live.stdout).unwrap();
    assert_eq!(report["complete"], true);
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/two-clusters/broken");
    let broken = broken.to_str().unwrap();
    let by_word = run(&mut kubectl(&["mesh", "check", "-f", broken, "-o", "short"]), 1);
    let by_name = run(&mut kubectl(&["mesh-check", "-f", broken, "-o", "short"]), 1);
    assert!(!by_word.stdout.is_empty());
    assert_eq!(by_word.stdout, by_name.stdout);
}
