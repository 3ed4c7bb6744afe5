//! Clusters behind API servers: which are read, what happens when some do not answer, and that no secret leaks.

use std::path::PathBuf;

use mesh_testkit::server::{DeadAddress, FakeCluster, Fault, KubeconfigFile, When};
use tempfile::TempDir;

use crate::program::{Ended, PROGRAM, command, finish, fixtures, mesh};

/// A kubeconfig in a directory of its own.
struct Config(TempDir);

impl Config {
    fn new(file: &KubeconfigFile) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the kubeconfig can be made");
        let _ = file.write(directory.path());
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config")
    }

    /// Runs `check`; everything that is printed is searched for the tokens of the kubeconfig.
    fn check(&self, args: &[&str]) -> Ended {
        let mut command = command(PROGRAM, &[&["check"], args].concat());
        command.env("KUBECONFIG", self.path());
        let ended = finish(command, b"");
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains("canary"), "a token is printed: {text}");
        }
        ended
    }
}

fn of_tree(tree: &str) -> FakeCluster {
    FakeCluster::new().with_folder(&fixtures().join(tree))
}

/// (code, cluster, kind, namespace, name, path) of every finding.
fn identities(ended: &Ended) -> Vec<Vec<String>> {
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("the report is JSON");
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let keys = ["code", "cluster", "objectKind", "namespace", "objectName", "path"];
    let items = report["items"].as_array().expect("a report has items");
    items.iter().map(|finding| keys.iter().map(|key| text(finding, key)).collect()).collect()
}

#[test]
fn clusters_and_files_give_the_same_findings() {
    for tree in ["findings", "warnings", "clean"] {
        let server = of_tree(&format!("{tree}/west")).serve_tls();
        let config = Config::new(&KubeconfigFile::new().with("west", &server));
        let args = ["locality", "-o", "json", "-q"];
        let live = config.check(&[&args[..], &["--contexts", "west"]].concat());
        let filed = mesh(&[&["check"], &args[..], &["-f", &format!("west={tree}/west")]].concat());
        assert_eq!((live.code, identities(&live)), (filed.code, identities(&filed)), "{tree}");
    }
}

#[test]
fn a_remedy_names_the_context_to_run_it_in() {
    let server = of_tree("findings/west").serve();
    let config = Config::new(&KubeconfigFile::new().with("gke_acme_west", &server));
    let ended = config.check(&["locality", "--contexts", "west=gke_acme_west"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("kubectl --context gke_acme_west -n shop patch"), "{}", ended.stdout);
}

#[test]
fn a_dead_cluster_beside_a_living_one_is_a_gap_and_findings_beat_it() {
    let dead = DeadAddress::new();
    for (tree, code) in [("clean", 3), ("findings", 1)] {
        let server = of_tree(&format!("{tree}/west")).serve();
        let config = Config::new(&KubeconfigFile::new().with("west", &server).with_dead("east", &dead));
        for format in ["", "short", "json", "junit"] {
            let args = ["tool", "locality", "--ignore", "MESH005", "--contexts", "west,east", "-o", format];
            let ended = config.check(&args);
            assert_eq!(ended.code, Some(code), "{tree} -o {format:?}: {}", ended.stderr);
            assert!(ended.stdout.contains("MESH003"), "{tree} -o {format:?}: {}", ended.stdout);
            assert!(ended.stderr.starts_with("note: cluster \"east\": unreachable: "), "{}", ended.stderr);
        }
        let allowed = config.check(&["MESH003", "--contexts", "west,east", "--allow-incomplete"]);
        assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    }
}

#[test]
fn no_cluster_that_answers_is_an_error_with_a_line_for_each() {
    let (east, west) = (DeadAddress::new(), DeadAddress::new());
    let refusing = FakeCluster::new().failing(When::always(), Fault::unauthorized()).serve();
    let file = KubeconfigFile::new().with_dead("east", &east).with_dead("west", &west);
    let config = Config::new(&file.with("south", &refusing));
    for format in ["", "json"] {
        let ended = config.check(&["--contexts", "*", "-o", format]);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert_eq!((ended.code, ended.stdout.as_str(), lines.len()), (Some(2), "", 4), "{}", ended.stderr);
        assert_eq!(lines[0], "error: none of 3 clusters could be read");
        assert!(lines[1].starts_with("  east: unreachable: "), "{}", ended.stderr);
        assert!(
            lines[2].starts_with("  south: unreachable: ") && lines[2].contains("401"),
            "{}",
            ended.stderr
        );
        assert!(lines[3].starts_with("  west: unreachable: "), "{}", ended.stderr);
    }
}

#[test]
fn a_kind_that_is_forbidden_is_told_once_and_the_rest_is_checked() {
    let cluster = of_tree("findings/west").failing(When::listing("services"), Fault::forbidden("services"));
    let server = cluster.serve();
    let config = Config::new(&KubeconfigFile::new().with("west", &server));
    let note = "note: cluster \"west\": not listed (forbidden): services\n";
    let only_services = config.check(&["MESH302", "-o", "short"]);
    assert_eq!((only_services.code, only_services.stderr.as_str()), (Some(3), note));
    let both = config.check(&["MESH201", "MESH302", "-o", "short"]);
    assert_eq!((both.code, both.stderr.as_str()), (Some(1), note));
    assert!(both.stdout.starts_with("error MESH201 west shop"), "{}", both.stdout);
}

#[test]
fn a_server_that_stays_silent_costs_a_deadline_and_no_more() {
    let silent = FakeCluster::new().failing(When::always(), Fault::Hang).serve();
    let server = of_tree("clean/west").serve();
    let config = Config::new(&KubeconfigFile::new().with("west", &server).with("east", &silent));
    let ended = config.check(&["locality", "--contexts", "west,east", "--request-timeout", "300ms"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.starts_with("note: cluster \"east\": no answer within 0.3"), "{}", ended.stderr);
}

#[test]
fn only_what_the_selected_rules_need_is_asked_for() {
    let cluster = of_tree("findings/west");
    let server = cluster.serve();
    let config = Config::new(&KubeconfigFile::new().with("west", &server));
    assert_eq!(config.check(&["MESH201", "--discover", "none"]).code, Some(1));
    let requests = cluster.requests();
    assert!(requests.iter().any(|request| request.contains("/destinationrules")), "{requests:?}");
    for kind in ["/pods", "/services", "/secrets", "/nodes", "/endpointslices"] {
        assert!(!requests.iter().any(|request| request.contains(kind)), "{kind}: {requests:?}");
    }
}

#[test]
fn remote_secrets_lead_to_further_clusters_unless_told_not_to() {
    let secret = "
apiVersion: v1
kind: Secret
metadata:
  name: istio-remote-secret-east
  namespace: istio-system
  labels: {istio/multiCluster: 'true'}
  annotations: {networking.istio.io/cluster: east}
data: {east: Y2FuYXJ5}
";
    let (west, east) = (of_tree("clean/west").with_yaml(secret).serve(), of_tree("findings/west").serve());
    let config = Config::new(&KubeconfigFile::new().with("west", &west).with("east", &east).current("west"));
    let followed = config.check(&["locality"]);
    assert_eq!(
        (followed.code, followed.stderr.as_str()),
        (Some(1), "note: remote secrets lead to contexts east, west\n")
    );
    let alone = config.check(&["locality", "--discover", "none"]);
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), ""));
}

/// A cluster without findings, with remote secrets for these clusters.
fn naming(ids: &[&str]) -> FakeCluster {
    ids.iter().fold(of_tree("clean/west"), |cluster, id| {
        cluster.with_yaml(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: istio-remote-secret-{id}\n  namespace: istio-system\n  \
             labels: {{istio/multiCluster: 'true'}}\n  annotations: {{networking.istio.io/cluster: {id}}}\n"
        ))
    })
}

#[test]
fn a_cluster_without_a_context_is_incomplete_until_it_is_named_or_left_out() {
    let (west, east) = (naming(&["north", "south"]).serve(), of_tree("clean/west").serve());
    let file = KubeconfigFile::new().with("west", &west).with("a_south", &east).with("b_south", &east);
    let config = Config::new(&file.current("west"));
    let ended = config.check(&["locality", "-o", "json"]);
    let told = [
        "note: cluster \"north\": unreachable: a remote secret names this cluster, which no one context fits; add it \
         with --contexts 'west,north=CONTEXT,south=CONTEXT', or leave it out with --discover=none",
        "note: cluster \"south\": unreachable: a remote secret names this cluster, which no one context fits; add it \
         with --contexts 'west,north=CONTEXT,south=CONTEXT' (CONTEXT is one of a_south, b_south), or leave it out with \
         --discover=none",
    ];
    assert_eq!(ended.stderr.lines().collect::<Vec<_>>(), told);
    assert_eq!(ended.code, Some(3));
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let gaps: Vec<_> = report["gaps"].as_array().unwrap().iter().map(|gap| gap["cluster"].as_str()).collect();
    assert_eq!(gaps, [Some("north"), Some("south")]);
    assert_eq!(report["exitCode"], 3);
    for args in [
        &["locality", "--allow-incomplete"][..],
        &["locality", "--discover=none"],
        &["locality", "--context=west"],
        &["locality", "--contexts=west,south=a_south"],
    ] {
        assert_eq!(config.check(args).code, Some(0), "{args:?}");
    }
}

#[test]
fn remote_secrets_that_cannot_be_listed_are_incomplete_unless_no_others_are_wanted() {
    let west = naming(&[]).failing(When::listing("secrets"), Fault::forbidden("secrets")).serve();
    let config = Config::new(&KubeconfigFile::new().with("west", &west));
    let ended = config.check(&["MESH215"]);
    assert_eq!(ended.code, Some(3));
    assert!(
        ended.stderr.starts_with(
            "note: cluster \"west\": read in part: remote secrets could not be listed (forbidden: secrets is forbidden"
        ),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("--contexts 'west,NAME=CONTEXT', or leave them out with --discover=none"));
    assert_eq!(config.check(&["MESH215", "--allow-incomplete"]).code, Some(0));
    let alone = config.check(&["MESH215", "--discover=none"]);
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_kubeconfig_that_does_not_fit_is_an_error() {
    let dead = DeadAddress::new();
    let config = Config::new(&KubeconfigFile::new().with_dead("west", &dead).current(""));
    let path = config.path();
    let path = path.display();
    for (args, text) in [
        (
            &["--context", "x"][..],
            format!("error: context \"x\" does not exist in {path}; contexts are: west\n"),
        ),
        (
            &["--contexts", "x"][..],
            format!("error: context \"x\" does not exist in {path}; contexts are: west\n"),
        ),
        (
            &["--contexts", "gke-*"][..],
            format!("error: no context matches \"gke-*\" in {path}; contexts are: west\n"),
        ),
        (&[][..], format!("error: no cluster to read: no current context in {path}; use --contexts or -f\n")),
        (
            &["--kubeconfig", "nosuch"][..],
            "error: kubeconfig \"nosuch\" does not exist; check --kubeconfig\n".to_owned(),
        ),
    ] {
        let ended = config.check(args);
        assert_eq!((ended.code, ended.stdout, ended.stderr), (Some(2), String::new(), text), "{args:?}");
    }
}
