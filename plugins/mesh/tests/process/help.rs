//! Help: kubectl's order and form, and examples that work.

use crate::program::{PROGRAM, command, finish, mesh};

fn help(args: &[&str]) -> String {
    let ended = mesh(args);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?}");
    ended.stdout
}

#[test]
fn help_reads_as_kubectls() {
    insta::assert_snapshot!("program", help(&["--help"]));
    insta::assert_snapshot!("check", help(&["check", "--help"]));
    insta::assert_snapshot!("endpoints", help(&["endpoints", "--help"]));
    insta::assert_snapshot!("locality", help(&["locality", "--help"]));
    insta::assert_snapshot!("failover", help(&["failover", "--help"]));
    insta::assert_snapshot!("rules", help(&["rules", "-h"]));
    insta::assert_snapshot!("explain", help(&["help", "explain"]));
}

#[test]
fn every_way_to_ask_for_help_gives_the_same() {
    assert_eq!(help(&[]), help(&["--help"]));
    assert_eq!(help(&["help"]), help(&["-h"]));
    assert_eq!(help(&["help", "check"]), help(&["check", "-h"]));
}

/// The lines below `Examples:` that are commands.
fn examples(of: &str) -> Vec<String> {
    let text = help(&[of, "--help"]);
    let (_, rest) = text.split_once("Examples:\n").expect("a command has examples");
    let block = rest.split("\n\nOptions:").next().unwrap_or(rest).split("\n\nUsage:").next().unwrap_or(rest);
    block.lines().filter_map(|line| line.trim().strip_prefix("kubectl mesh ")).map(str::to_owned).collect()
}

#[test]
fn every_example_runs() {
    let mesh = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/two-clusters/good");
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(mesh, directory.path().join("clusters")).unwrap();
    for of in ["check", "endpoints", "locality", "failover", "rules", "explain"] {
        let examples = examples(of);
        assert!(examples.len() >= 3, "{of} has {examples:?}");
        for example in examples {
            let args: Vec<_> = example.split(' ').collect();
            let mut command = command(PROGRAM, &args);
            let ended = finish(
                {
                    command.current_dir(directory.path());
                    command
                },
                b"",
            );
            if of == "check" && !args.contains(&"-f") {
                // No kubeconfig here: the command line is understood, and then there is no cluster.
                assert_eq!(ended.code, Some(2), "{example}");
                assert!(ended.stderr.contains("/nonexistent/.kube/config"), "{example}: {}", ended.stderr);
            } else {
                assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{example}");
                assert!(example.ends_with("-o short") || !ended.stdout.is_empty(), "{example}");
            }
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    let ended = mesh(&["version"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.starts_with(concat!("kubectl-mesh ", env!("CARGO_PKG_VERSION"), " ")));
}
