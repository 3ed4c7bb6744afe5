//! The two example meshes: nothing is wrong with one, and the other has exactly the mistakes its files admit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mesh_model::MeshBuilder;
use mesh_rules::engine::{self, Options};
use mesh_rules::{ALL, Outcome, Severity, VerdictKind};
use mesh_source::{Input, LoadOptions, load};

/// 2026-01-01, while the roots of the examples are valid.
const NOW: i64 = 1_767_225_600;

fn tree(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/two-clusters")).join(name)
}

fn check(name: &str) -> Outcome {
    let input = Input::Path { cluster: None, path: tree(name) };
    let loaded = load(&[input], &LoadOptions::default()).expect("the example is there");
    assert_eq!(loaded.unknown_documents, 0, "the examples hold only what is read");
    let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
    engine::run(&mesh, ALL, &Options { now: NOW, ..Options::default() })
}

#[test]
fn the_good_mesh_has_no_finding_and_every_rule_could_judge_it() {
    let Outcome { findings, verdicts } = check("good");
    let bad: Vec<_> = findings.iter().filter(|finding| finding.severity <= Severity::Warning).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let open: Vec<_> = verdicts.iter().filter(|verdict| verdict.kind != VerdictKind::Passed).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn the_broken_mesh_has_the_mistakes_its_files_admit_and_no_others() {
    let found: Vec<String> =
        check("broken").findings.iter().map(|finding| finding.code.to_string()).collect();
    let unique: BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len(), "one finding for each mistake: {found:?}");
    let admitted = admitted(&tree("broken"));
    assert_eq!(unique, admitted.iter().collect());
    assert!(admitted.len() >= 8, "{admitted:?}");
}

/// The codes in comments such as `# Mistake (MESH201): ...`.
#[expect(clippy::disallowed_methods, reason = "the test looks at comments, which no source reads")]
fn admitted(folder: &Path) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the example is there") {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            codes.append(&mut admitted(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the directory named it just now");
        let mistakes = text.lines().filter_map(|line| line.strip_prefix("# Mistake (")?.split_once(')'));
        codes.extend(mistakes.map(|(code, _)| code.to_owned()));
    }
    codes
}
