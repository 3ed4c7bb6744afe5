//! From what is typed to the contexts that are read, and the errors of that.

use std::path::{Path, PathBuf};

use mesh_live::{KubeconfigSource, Loaded, Plan};
use mesh_testkit::server::{KubeconfigFile, Server};
use tempfile::TempDir;

use crate::support::{load_all, run, shop};

const EAST: &str = "gke_acme_europe-west1_east";
const WEST: &str = "arn:aws:eks:us-west-2:1:cluster/west";

fn file(server: &Server) -> KubeconfigFile {
    KubeconfigFile::new().with("lab", server).with(EAST, server).with(WEST, server)
}

/// Clusters and contexts that are read for `--contexts` as typed.
fn chosen(words: &[&str]) -> Vec<(String, String)> {
    let server = shop().serve();
    let loaded =
        load_all(&file(&server), |plan| plan.contexts = words.iter().map(|&word| word.to_owned()).collect());
    pairs(&loaded.expect("the words are right"))
}

fn pairs(loaded: &Loaded) -> Vec<(String, String)> {
    loaded.readings.iter().map(|reading| (reading.cluster.to_string(), reading.context.clone())).collect()
}

fn pair(cluster: &str, context: &str) -> (String, String) {
    (cluster.to_owned(), context.to_owned())
}

/// The error for a plan over the file with three contexts; the path of the file is written as `FILE`.
fn error(change: impl FnOnce(&mut Plan)) -> String {
    let server = shop().serve();
    error_of(&file(&server), change)
}

fn error_of(file: &KubeconfigFile, change: impl FnOnce(&mut Plan)) -> String {
    let folder = TempDir::new().expect("a folder can be made");
    said_of(&file.write(folder.path()), change)
}

fn said_of(path: &Path, change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = Plan { kubeconfig: KubeconfigSource::File(path.to_owned()), ..Plan::default() };
    change(&mut plan);
    let error = run(&plan).map(|_| ()).expect_err("the plan is wrong");
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn without_words_the_current_context_is_read() {
    let server = shop().serve();
    let loaded = load_all(&file(&server).current(EAST), |_| ()).unwrap();
    assert_eq!(pairs(&loaded), [pair(EAST, EAST)]);
    let loaded = load_all(&file(&server), |plan| plan.context = Some(WEST.to_owned())).unwrap();
    assert_eq!(pairs(&loaded), [pair(WEST, WEST)]);
}

#[test]
fn lists_globs_and_renames_choose_each_context_once() {
    assert_eq!(chosen(&["lab", "lab"]), [pair("lab", "lab")]);
    assert_eq!(chosen(&["*_east,lab"]), [pair(EAST, EAST), pair("lab", "lab")]);
    assert_eq!(chosen(&["arn:aws:eks:*"]), [pair(WEST, WEST)]);
    assert_eq!(chosen(&[&format!("west={WEST}"), "east=gke_*"]), [pair("east", EAST), pair("west", WEST)]);
    assert_eq!(chosen(&["east=gke_*", "*"]), [pair(WEST, WEST), pair("east", EAST), pair("lab", "lab")]);
}

#[test]
fn a_context_that_does_not_exist_is_named_with_the_file_and_what_there_is() {
    let known = format!("contexts are: lab, {EAST}, {WEST}");
    let typed = |word: &str| error(|plan| plan.contexts = vec![word.to_owned()]);
    assert_eq!(typed("x"), format!("context \"x\" does not exist in FILE; {known}"));
    assert_eq!(typed("lab,east=x"), format!("context \"x\" does not exist in FILE; {known}"));
    assert_eq!(typed("aks-*"), format!("no context matches \"aks-*\" in FILE; {known}"));
    assert_eq!(
        typed("all=*"),
        "\"all=*\" names 3 contexts, but a name can be given to one only; write its full name"
    );
    let context = error(|plan| plan.context = Some("x".to_owned()));
    assert_eq!(context, format!("context \"x\" does not exist in FILE; {known}"));
}

#[test]
fn two_contexts_under_one_name_are_refused() {
    let said = error(|plan| plan.contexts = vec![format!("lab={EAST}"), "lab".to_owned()]);
    assert_eq!(
        said,
        format!(
            "contexts \"{EAST}\" and \"lab\" would both be called \"lab\"; rename one: --contexts NAME=lab"
        )
    );
}

#[test]
fn no_context_at_all_tells_what_else_could_be_read() {
    let server = shop().serve();
    let none = file(&server).current("");
    assert_eq!(
        error_of(&none, |_| ()),
        "no cluster to read: no current context in FILE; use --contexts or -f"
    );
    let gone = file(&server).current("gone");
    assert_eq!(
        error_of(&gone, |_| ()),
        format!(
            "current context \"gone\" does not exist in FILE; contexts are: lab, {EAST}, {WEST}; use --contexts"
        )
    );
    let all = error_of(&KubeconfigFile::new(), |plan| plan.all_contexts = true);
    assert_eq!(all, "no cluster to read: no context in FILE; use -f");
}

#[test]
fn a_kubeconfig_that_is_missing_or_broken_is_named_without_its_content() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config");
    let said = || said_of(&path, |_| ());
    assert_eq!(said(), "kubeconfig \"FILE\" does not exist; check --kubeconfig");
    for content in [
        "users:\n- name: a\n  user: {token: [canary-token}\n",
        "users: canary-token\n",
        "\0\u{1}canary-token",
    ] {
        std::fs::write(&path, content).unwrap();
        let said = said();
        assert!(said.starts_with("kubeconfig \"FILE\" cannot be used: "), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    std::fs::write(&path, [0xff, 0xfe, 0x00, 0xd8]).unwrap();
    assert!(said().starts_with("kubeconfig \"FILE\" cannot be used: "), "{}", said());
}

#[test]
fn the_list_in_the_environment_is_merged_and_files_that_are_missing_are_passed_over() {
    let server = shop().serve();
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let paths = [
        PathBuf::from("/no/such/config"),
        KubeconfigFile::new().with("lab", &server).write(one.path()),
        KubeconfigFile::new().with(EAST, &server).write(two.path()),
    ];
    let search = |variable, home| Plan {
        kubeconfig: KubeconfigSource::Search { variable, home },
        contexts: vec!["*".to_owned()],
        ..Plan::default()
    };
    let loaded = run(&search(Some(std::env::join_paths(&paths).unwrap()), None)).unwrap();
    assert_eq!(pairs(&loaded), [pair(EAST, EAST), pair("lab", "lab")]);

    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    let _ = KubeconfigFile::new().with("home", &server).write(&home.path().join(".kube"));
    let loaded = run(&search(None, Some(home.path().to_owned()))).unwrap();
    assert_eq!(pairs(&loaded), [pair("home", "home")]);
}
