//! Faults and deadlines against fake clusters without a socket, on a paused clock: time passes only while
//! everybody waits, so that what is measured is exact.

use std::time::Duration;

use kube::Client;
use kube::client::Body;
use mesh_model::{Cluster, Gap, Kind, KindSet, Mesh, MeshBuilder, Note};
use mesh_testkit::server::{FakeCluster, Fault, When};

use crate::client::Connection;
use crate::contexts::target;
use crate::event::Events;
use crate::kubeconfig::Contexts;
use crate::loader::Run;
use crate::request::{End, Failure, collect};
use crate::{Event, Plan, Reading};

struct Outcome {
    mesh: Mesh,
    reading: Reading,
    events: Vec<Event>,
}

impl Outcome {
    fn cluster(&self) -> &Cluster {
        &self.mesh.clusters()[0]
    }

    fn gap(&self, kind: Kind) -> Option<&Gap> {
        self.cluster().gaps.of(kind)
    }

    fn services(&self) -> Vec<&str> {
        self.cluster().services.rows().iter().map(|row| row.obj.name.as_str()).collect()
    }
}

async fn read_with(cluster: &FakeCluster, plan: Plan) -> Outcome {
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let contexts = Contexts::default();
    let end = plan.timeout.map(End::in_time);
    let run = Run { contexts: &contexts, plan: &plan, end, events: Events(Some(tell)) };
    let connection =
        Connection { client: Client::new(cluster.router(), "default"), server: "https://fake".to_owned() };
    let (builder, reading, _) = run.read(target("east", "east"), Some(Ok(run.requests(connection)))).await;
    let mut events = Vec::new();
    while let Ok(event) = heard.try_recv() {
        events.push(event);
    }
    Outcome { mesh: MeshBuilder::default().with(builder).finish(), reading, events }
}

async fn read(cluster: &FakeCluster) -> Outcome {
    read_with(cluster, Plan::default()).await
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{ports: [{{port: 80}}]}}"
    )
}

fn shop() -> FakeCluster {
    ["a", "b", "c"].iter().fold(FakeCluster::new(), |cluster, name| cluster.with_yaml(&service(name)))
}

fn truncated(gap: Option<&Gap>) -> &str {
    match gap {
        Some(Gap::Truncated { cause }) => cause,
        other => panic!("not truncated: {other:?}"),
    }
}

fn unreachable(gap: Option<&Gap>) -> &str {
    match gap {
        Some(Gap::Unreachable { cause }) => cause,
        other => panic!("not unreachable: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_cluster_costs_one_deadline_and_one_gap() {
    let cluster = shop().failing(When::always(), Fault::Hang);
    let outcome = read(&cluster).await;
    assert_eq!(outcome.cluster().gaps.of_cluster(), Some(&Gap::Timeout { after_ms: 10_000 }));
    assert_eq!(outcome.reading.took.as_secs(), 10);
    assert_eq!(cluster.requests().len(), 2, "nothing is asked of a cluster that has not answered yet");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_falls_silent_after_its_first_answers_costs_one_deadline_too() {
    let hang = |cluster: FakeCluster, kind: &Kind| cluster.failing(When::listing(kind.plural()), Fault::Hang);
    let cluster = Kind::ALL.iter().fold(shop(), hang);
    let outcome = read(&cluster).await;
    assert_eq!(outcome.reading.took.as_secs(), 10);
    assert_eq!(cluster.requests().len(), 2 + 4, "the kinds that waited for their turn are not asked for");
    for &kind in Kind::ALL {
        assert_eq!(outcome.gap(kind), Some(&Gap::Timeout { after_ms: 10_000 }), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_silent_kind_costs_only_itself() {
    let cluster = shop().failing(When::listing("nodes"), Fault::Hang);
    let outcome = read(&cluster).await;
    assert_eq!(outcome.gap(Kind::Node), Some(&Gap::Timeout { after_ms: 10_000 }));
    assert_eq!(outcome.services(), ["a", "b", "c"]);
    assert_eq!(outcome.cluster().gaps.iter().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_run_ends_every_request() {
    let cluster = shop().failing(When::listing("nodes"), Fault::Hang);
    let plan = Plan { timeout: Some(Duration::from_secs(3)), ..Plan::default() };
    let outcome = read_with(&cluster, plan).await;
    assert_eq!(outcome.gap(Kind::Node), Some(&Gap::Timeout { after_ms: 3_000 }));
    assert_eq!(outcome.services(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_turn_comes_after_the_end_is_not_asked() {
    let cluster = shop();
    let plan = Plan { timeout: Some(Duration::ZERO), ..Plan::default() };
    let outcome = read_with(&cluster, plan).await;
    assert_eq!(outcome.cluster().gaps.of_cluster(), Some(&Gap::Timeout { after_ms: 0 }));
    assert!(cluster.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_answers_503_is_tried_three_times_within_a_second() {
    let cluster = shop().failing(When::always(), Fault::unavailable());
    let outcome = read(&cluster).await;
    let cause = unreachable(outcome.cluster().gaps.of_cluster());
    assert_eq!(cause, "503 Service Unavailable: apiserver is shutting down");
    assert_eq!((cluster.count("/apis"), cluster.count("/version")), (3, 3));
    assert_eq!(cluster.requests().len(), 6);
    assert!(outcome.reading.took < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_second_or_third_try_that_succeeds_leaves_no_gap() {
    let cluster = shop().failing(When::listing("services").first(2), Fault::unavailable());
    let outcome = read(&cluster).await;
    assert_eq!(outcome.services(), ["a", "b", "c"]);
    assert_eq!(outcome.gap(Kind::Service), None);
    assert_eq!(cluster.count("/api/v1/services"), 3);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for() {
    let cluster = shop().failing(When::listing("services").first(1), Fault::too_many_requests(Some(4)));
    let outcome = read(&cluster).await;
    assert_eq!(outcome.services(), ["a", "b", "c"]);
    assert_eq!(outcome.reading.took.as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn retry_after_beyond_the_deadline_is_not_waited_for() {
    let cluster = shop().failing(When::listing("services"), Fault::too_many_requests(Some(60)));
    let outcome = read(&cluster).await;
    let cause = unreachable(outcome.gap(Kind::Service));
    assert_eq!(cause, "429 Too Many Requests: too many requests, please try again later");
    assert_eq!(cluster.count("/api/v1/services"), 1);
    assert!(outcome.reading.took < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_all_clocks_is_a_gap_of_its_kind_and_no_panic() {
    let asked = Fault::too_many_requests(Some(u64::MAX));
    let cluster = shop().failing(When::listing("nodes"), asked);
    let outcome = read(&cluster).await;
    let cause = unreachable(outcome.gap(Kind::Node));
    assert_eq!(cause, "429 Too Many Requests: too many requests, please try again later");
    assert_eq!(outcome.services(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn deadlines_beyond_all_clocks_are_no_deadlines() {
    let plan = Plan { timeout: Some(Duration::MAX), request_timeout: Duration::MAX, ..Plan::default() };
    let outcome = read_with(&shop(), plan).await;
    assert_eq!(outcome.services(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_cut_by_the_deadline() {
    let slow = |pause| shop().failing(When::listing("services"), Fault::SlowBody(Duration::from_secs(pause)));
    let outcome = read(&slow(2)).await;
    assert_eq!((outcome.services(), outcome.gap(Kind::Service)), (vec!["a", "b", "c"], None));
    let outcome = read(&slow(3)).await;
    assert_eq!(outcome.gap(Kind::Service), Some(&Gap::Timeout { after_ms: 10_000 }));
    assert!(outcome.services().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_early_is_asked_for_again() {
    let cluster = shop().failing(When::listing("services").first(1), Fault::CutBody);
    let outcome = read(&cluster).await;
    assert_eq!((outcome.services(), outcome.gap(Kind::Service)), (vec!["a", "b", "c"], None));

    let cluster = shop().failing(When::listing("services"), Fault::CutBody);
    let outcome = read(&cluster).await;
    assert_eq!(truncated(outcome.gap(Kind::Service)), "the answer ended early");
    assert_eq!(cluster.count("/api/v1/services"), 3);
}

#[tokio::test(start_paused = true)]
async fn pages_before_a_failure_are_kept_and_the_kind_is_known_in_part() {
    let paged = || shop().with_pages_of(2);
    let continued = || When::listing("services").continued();
    for (fault, cause) in [
        (Fault::CutBody, "the list ended after 2 objects: read in part: the answer ended early"),
        (Fault::Hang, "the list ended after 2 objects: no answer within 10.000 s"),
        (
            Fault::unavailable(),
            "the list ended after 2 objects: unreachable: 503 Service Unavailable: apiserver is shutting down",
        ),
    ] {
        let outcome = read(&paged().failing(continued(), fault)).await;
        assert_eq!(outcome.services(), ["a", "b"]);
        assert_eq!(truncated(outcome.gap(Kind::Service)), cause);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_repeats_its_continue_token_is_left() {
    for (items, cause) in [
        (
            r#"{"metadata":{"name":"a","namespace":"shop"}}"#,
            "the list ended after 2 objects: read in part: the server repeats a continue token",
        ),
        ("", "the server repeats a continue token"),
    ] {
        let page = format!(r#"{{"metadata":{{"continue":"again"}},"items":[{items}]}}"#);
        let outcome = read(&shop().failing(When::listing("services"), Fault::Body(page))).await;
        assert_eq!(truncated(outcome.gap(Kind::Service)), cause);
    }
}

#[tokio::test]
async fn a_body_is_not_held_beyond_its_limit() {
    assert_eq!(collect(Body::from(b"1234".to_vec()), 4).await, Ok(b"1234".to_vec()));
    let failure = collect(Body::from(b"12345".to_vec()), 4).await;
    assert_eq!(failure, Err(Failure::TooMuch("the answer is larger than 256 MiB")));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_anew_after_410_keeps_nothing_of_the_first_try() {
    let cluster = shop()
        .with_pages_of(2)
        .failing(When::listing("services").continued(), Fault::expired())
        .failing(When::listing("services").first(1).after(1), Fault::forbidden("services"));
    let outcome = read(&cluster).await;
    assert!(outcome.services().is_empty());
    assert!(matches!(outcome.gap(Kind::Service), Some(Gap::Forbidden { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_kind_is_a_gap_with_the_servers_sentence() {
    let cluster = shop().failing(When::listing("nodes"), Fault::forbidden("nodes"));
    let outcome = read(&cluster).await;
    let Some(Gap::Forbidden { message }) = outcome.gap(Kind::Node) else {
        panic!("{:?}", outcome.gap(Kind::Node))
    };
    assert!(message.starts_with("nodes is forbidden: User \"reader\" cannot list resource \"nodes\""));
    assert_eq!(outcome.services(), ["a", "b", "c"]);
    assert_eq!(outcome.cluster().gaps.iter().count(), 1);
    assert_eq!(cluster.count("/api/v1/nodes"), 1, "what is forbidden stays forbidden");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_lose_the_cluster_without_another_try() {
    let cluster = shop().failing(When::always(), Fault::unauthorized());
    let outcome = read(&cluster).await;
    let cause = unreachable(outcome.cluster().gaps.of_cluster());
    assert!(cause.starts_with("401 Unauthorized: the server does not take the credentials"), "{cause}");
    assert_eq!(cluster.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kind_whose_definition_is_not_installed_is_known_to_be_empty() {
    let cluster = shop().serving(Kind::Sidecar, &[]);
    let outcome = read(&cluster).await;
    assert_eq!(outcome.gap(Kind::Sidecar), None);
    assert!(outcome.reading.versions.iter().all(|(kind, _)| *kind != Kind::Sidecar));
    assert!(cluster.requests().iter().all(|request| !request.contains("sidecars")));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_served_only_in_unread_versions_is_a_gap() {
    let outcome = read(&shop().serving(Kind::Sidecar, &["v9"])).await;
    assert_eq!(outcome.gap(Kind::Sidecar), Some(&Gap::NotServed));
}

#[tokio::test(start_paused = true)]
async fn the_newest_version_that_is_served_is_read() {
    let cluster = shop().serving(Kind::Gateway, &["v1alpha3", "v1beta1"]);
    let outcome = read(&cluster).await;
    assert!(outcome.reading.versions.contains(&(Kind::Gateway, "v1beta1")));
    assert!(outcome.reading.versions.contains(&(Kind::Service, "v1")));
}

#[tokio::test(start_paused = true)]
async fn without_aggregated_discovery_versions_are_tried() {
    let old = shop().without_aggregated_discovery();
    let forbidden = shop().failing(When::path("/apis"), Fault::forbidden("apis"));
    for cluster in [old, forbidden] {
        let cluster = cluster.serving(Kind::Gateway, &["v1alpha3"]).serving(Kind::ControlPlaneRevision, &[]);
        let outcome = read(&cluster).await;
        assert!(outcome.reading.versions.contains(&(Kind::Gateway, "v1alpha3")));
        assert_eq!(outcome.cluster().gaps.first_of(KindSet::all()), None);
        assert!(outcome.reading.versions.iter().all(|(kind, _)| *kind != Kind::ControlPlaneRevision));
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_told_is_no_gap() {
    let cluster = shop().failing(When::path("/version"), Fault::forbidden("version"));
    let outcome = read(&cluster).await;
    assert_eq!(outcome.cluster().kubernetes_version, None);
    assert_eq!(outcome.cluster().gaps.first_of(KindSet::all()), None);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_never_comes_leaves_the_cluster_that_answers() {
    for fault in [Fault::Hang, Fault::unauthorized(), Fault::unavailable()] {
        let cluster = shop().failing(When::path("/version"), fault);
        let outcome = read(&cluster).await;
        assert_eq!(outcome.cluster().kubernetes_version, None);
        assert_eq!(outcome.cluster().gaps.of_cluster(), None);
        assert_eq!(outcome.cluster().gaps.first_of(KindSet::all()), None);
        assert_eq!(outcome.services(), ["a", "b", "c"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_object_is_named_and_the_others_are_kept() {
    let cluster = shop().with_yaml(
        "apiVersion: v1\nkind: Service\nmetadata: {name: broken, namespace: shop}\nspec: {ports: nonsense}",
    );
    let outcome = read(&cluster).await;
    assert_eq!(outcome.services(), ["a", "b", "c"]);
    assert_eq!(truncated(outcome.gap(Kind::Service)), "Service shop/broken cannot be decoded");
    let [Note::Unreadable { object: Some(object), .. }] = outcome.mesh.notes() else {
        panic!("{:?}", outcome.mesh.notes())
    };
    assert_eq!(object.qualified_name(), "shop/broken");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_list_is_never_taken_for_an_empty_one() {
    for body in ["{}", "<html>log in</html>", "", "{\"kind\":\"Status\"}"] {
        let cluster = shop().failing(When::listing("nodes"), Fault::Body(body.to_owned()));
        let outcome = read(&cluster).await;
        let cause = unreachable(outcome.gap(Kind::Node));
        assert!(cause.starts_with("the answer is no list: "), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_no_api_server_is_unreachable() {
    for fault in [Fault::Body("<html>".to_owned()), Fault::Body("{}".to_owned())] {
        let outcome = read(&shop().failing(When::always(), fault)).await;
        let cause = unreachable(outcome.cluster().gaps.of_cluster());
        assert!(cause.starts_with("GET /apis is not answered as by a Kubernetes API server"), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_tell_start_pages_gaps_and_end() {
    let cluster = shop().with_pages_of(2).failing(When::listing("nodes"), Fault::forbidden("nodes"));
    let plan = Plan { kinds: KindSet::Service | KindSet::Node, ..Plan::default() };
    let events = read_with(&cluster, plan).await.events;
    assert!(matches!(events.first(), Some(Event::ClusterStarted { .. })));
    assert!(matches!(events.last(), Some(Event::ClusterDone { .. })));
    let pages: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::PageRead { kind, objects, .. } => Some((*kind, *objects)),
            _ => None,
        })
        .collect();
    assert_eq!(pages, [(Kind::Service, 2), (Kind::Service, 1)]);
    assert!(events.iter().any(|event| matches!(event, Event::Gap { kind: Some(Kind::Node), .. })));
}

#[tokio::test(start_paused = true)]
async fn two_readings_of_one_cluster_give_the_same_mesh() {
    let cluster = shop().with_pages_of(1).failing(When::listing("nodes"), Fault::forbidden("nodes"));
    let text = |outcome: &Outcome| format!("{:?} {:?}", outcome.cluster().gaps, outcome.services());
    assert_eq!(text(&read(&cluster).await), text(&read(&cluster).await));
}
