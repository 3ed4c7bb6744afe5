//! Which files are read, and for which cluster.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mesh_model::{Gap, IstioVersion, Kind, Note};
use mesh_source::{Input, LoadOptions, Loaded, SourceError, load_with_stdin};
use tempfile::TempDir;

use crate::support::{SERVICE, mesh, service, services, unreadable};

/// A directory with these files; a name that ends in `/` is a directory.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().expect("a temporary directory can be made");
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("it is ours");
        if name.ends_with('/') {
            fs::create_dir_all(&path).expect("it is ours");
        } else {
            put(&path, text);
        }
    }
    root
}

fn put(path: &Path, text: &str) {
    std::io::Write::write_all(&mut fs::File::create(path).expect("it is ours"), text.as_bytes())
        .expect("it fits");
}

fn try_load(arguments: &[String], mut stdin: &[u8]) -> Result<Loaded, SourceError> {
    let inputs: Vec<_> = arguments.iter().map(|argument| Input::from(argument.as_str())).collect();
    load_with_stdin(&inputs, &LoadOptions::default(), &mut stdin)
}

fn load(arguments: &[String]) -> Loaded {
    try_load(arguments, b"").expect("the paths exist")
}

/// `cluster: services` of all clusters.
fn found(loaded: Loaded) -> Vec<String> {
    let show = |cluster: &std::sync::Arc<mesh_model::Cluster>| {
        format!("{}: {}", cluster.name, services(cluster).join(" "))
    };
    mesh(loaded).clusters().iter().map(show).collect()
}

#[test]
fn a_directory_per_cluster_makes_clusters_and_a_flat_tree_makes_one() {
    let (a, b) = (service("a"), service("b"));
    let two = tree(&[
        ("west/b.yml", &b),
        ("east/deep/er/a.yaml", &a),
        ("east/readme.md", "x"),
        ("docs/readme.md", "x"),
        (".git/x.yaml", "{"),
    ]);
    assert_eq!(found(load(&[two.path().display().to_string()])), ["east: shop/a", "west: shop/b"]);
    let flat = tree(&[
        ("a.yaml", &a),
        ("sub/b.json", "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"b\"}}"),
    ]);
    assert_eq!(found(load(&[flat.path().display().to_string()])), ["default: default/b shop/a"]);
}

#[test]
fn a_named_path_may_be_a_file_of_any_name_and_adds_to_its_cluster() {
    let root = tree(&[("east/a.yaml", &service("a")), ("manifest", &service("b")), ("void/", "")]);
    let at = |cluster: &str, path: &str| format!("{cluster}={}", root.path().join(path).display());
    assert_eq!(found(load(&[at("east", "east"), at("east", "manifest")])), ["east: shop/a shop/b"]);
    let unnamed = root.path().join("manifest").display().to_string();
    assert_eq!(found(load(&[unnamed, at("x", "east")])), ["default: shop/b", "x: shop/a"]);
}

#[test]
fn standard_input_is_a_file_too() {
    let text = service("a");
    let loaded = |argument: &str| try_load(&[argument.to_owned()], text.as_bytes()).expect("stdin is there");
    assert_eq!(found(loaded("-")), ["default: shop/a"]);
    assert_eq!(found(loaded("east=-")), ["east: shop/a"]);
    let twice = try_load(&["-".to_owned(), "a=-".to_owned()], text.as_bytes());
    assert!(matches!(twice, Err(SourceError::StdinTwice)));
}

#[test]
fn a_path_that_does_not_exist_or_holds_nothing_stops_everything() {
    let error = |argument: String| try_load(&[argument], b"").expect_err("nothing to read").to_string();
    assert_eq!(error("no/such".into()), "path \"no/such\" does not exist");
    assert_eq!(error("east=no/such".into()), "path \"no/such\" does not exist");
    let root = tree(&[("docs/readme.md", "x")]);
    let path = root.path().display().to_string();
    assert_eq!(error(path.clone()), format!("path {path:?} holds no *.yaml, *.yml or *.json file"));
}

#[test]
fn loops_of_links_end_and_each_directory_is_read_once() {
    let root = tree(&[("east/a.yaml", &service("a")), ("shared/b.yaml", &service("b"))]);
    let at = |path: &str| root.path().join(path);
    symlink("..", at("east/up")).expect("links can be made");
    symlink(".", at("east/self")).expect("links can be made");
    symlink("../shared", at("east/one")).expect("links can be made");
    symlink("../shared", at("east/two")).expect("links can be made");
    let loaded = load(&[format!("east={}", at("east").display())]);
    assert_eq!(loaded.objects, 2);
    assert_eq!(found(loaded), ["east: shop/a shop/b"]);
}

#[test]
fn a_file_that_cannot_be_read_is_noted_and_the_rest_goes_on() {
    let root = tree(&[("east/a.yaml", &service("a")), ("west/dir.yaml/b.yaml", &service("b"))]);
    symlink("nowhere", root.path().join("east/gone.yaml")).expect("links can be made");
    let mesh = mesh(load(&[root.path().display().to_string()]));
    assert_eq!(mesh.clusters().len(), 2);
    let notes = unreadable(mesh.notes());
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("/east/gone.yaml:0:0 [-] cannot be read: No such file"), "{notes:?}");
    assert!(matches!(&mesh.notes()[0], Note::Unreadable { cluster, .. } if cluster == "east"));
}

#[test]
fn a_pipe_named_like_a_manifest_is_told_and_not_read() {
    let root = tree(&[("east/a.yaml", &service("a"))]);
    let pipe = root.path().join("east/pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    symlink("/dev/null", root.path().join("east/null.yaml")).expect("links can be made");
    let mesh = mesh(load(&[root.path().display().to_string()]));
    let notes = unreadable(mesh.notes());
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].ends_with("/east/null.yaml:0:0 [-] is no regular file"), "{notes:?}");
    assert!(notes[1].ends_with("/east/pipe.yaml:0:0 [-] is no regular file"), "{notes:?}");
}

#[test]
fn an_empty_directory_beside_clusters_is_a_cluster_that_could_not_be_read() {
    let root = tree(&[("east/a.yaml", &service("a")), ("west/deep/", "")]);
    let mesh = mesh(load(&[root.path().display().to_string()]));
    assert_eq!(mesh.clusters().iter().map(|cluster| &*cluster.name).collect::<Vec<_>>(), ["east", "west"]);
    let gap = mesh.clusters()[1].gaps.of(SERVICE);
    assert!(
        matches!(gap, Some(Gap::Truncated { cause }) if cause.ends_with("/west\" is empty: nothing was exported")),
        "{gap:?}"
    );
}

#[test]
fn the_first_of_two_objects_of_one_name_is_kept_whatever_the_threads() {
    let many: Vec<String> = (0..3000).map(|number| service(&format!("s{number}"))).collect();
    let second = service("s0").replace("port: 80", "port: 81");
    let root = tree(&[("a.yaml", &many.join("---\n")), ("b.yaml", &second)]);
    let loaded = load(&[root.path().display().to_string()]);
    let place = |origin| {
        loaded
            .places
            .locate(&origin, &mesh_model::path![])
            .map(|at| format!("{}", at.line))
            .unwrap_or_default()
    };
    let builders = loaded.clusters.into_iter();
    let mesh = builders
        .fold(mesh_model::MeshBuilder::default(), mesh_model::MeshBuilder::with)
        .finish_with_places(&place);
    assert_eq!(mesh.clusters()[0].services.rows().len(), 3000);
    assert_eq!(mesh.clusters()[0].services.find("shop", "s0").expect("it is there").fact.ports[0].number, 80);
    let places = |note: &Note| match note {
        Note::GivenTwice { places, .. } => places.clone(),
        Note::Unreadable { .. } => panic!("{note:?}"),
    };
    assert_eq!(mesh.notes().iter().map(places).collect::<Vec<_>>(), [["1".to_owned(), "1".to_owned()]]);
}

#[test]
fn a_complete_tree_has_no_gaps_and_the_version_given_holds() {
    let root = tree(&[("a.yaml", &service("a"))]);
    let options =
        LoadOptions { complete: true, istio_version: Some(IstioVersion { major: 1, minor: 24, patch: 0 }) };
    let inputs = [Input::from(root.path().display().to_string().as_str())];
    let complete = mesh(load_with_stdin(&inputs, &options, &mut std::io::empty()).expect("the path exists"));
    assert_eq!(complete.clusters()[0].gaps.of(Kind::DestinationRule), None);
    assert_eq!(complete.clusters()[0].control_plane.version, options.istio_version);
    let part = mesh(
        load_with_stdin(&inputs, &LoadOptions::default(), &mut std::io::empty()).expect("the path exists"),
    );
    assert_eq!(part.clusters()[0].gaps.of(Kind::DestinationRule), Some(&Gap::NotGiven));
}
