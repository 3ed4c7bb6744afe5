//! How objects may be written.

use mesh_model::{Gap, Kind, Origin};

use crate::support::{SERVICE, cluster, load_bytes, load_texts, service, services, unreadable};

#[test]
fn documents_of_a_yaml_stream_are_read_each() {
    let text = format!("# head\n---\n{}---\n\n--- # c\n{}...\n", service("a"), service("b"));
    let loaded = load_texts(&[&text]);
    assert_eq!((loaded.objects, loaded.unknown_documents), (2, 0));
    let (cluster, notes) = cluster(loaded);
    assert_eq!(services(&cluster), ["shop/a", "shop/b"]);
    assert_eq!(cluster.services.rows()[1].origin, Origin::Document { file: 0, index: 1, item: 0 });
    assert!(notes.is_empty());
}

const JSON: &str = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"NAME","namespace":"shop"},"spec":{"ports":[{"port":80}]}}"#;

fn json(name: &str) -> String {
    JSON.replace("NAME", name)
}

#[test]
fn json_is_read_alone_concatenated_line_by_line_and_between_yaml_documents() {
    for text in [
        format!("{}{}\n", json("a"), json("b")),
        format!("{}\n{}\n", json("a"), json("b")),
        format!("\u{feff}{}\r\n\r\n{}", json("a"), json("b")),
        format!("{}---\n{}\n", service("a"), json("b")),
        format!("{}\n---\n{}", json("a"), service("b")),
        format!(
            "{}\n---\n{{apiVersion: v1, kind: Service, metadata: {{name: b, namespace: shop}}}}",
            json("a")
        ),
    ] {
        let (cluster, notes) = cluster(load_texts(&[&text]));
        assert_eq!(services(&cluster), ["shop/a", "shop/b"], "{text}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn lists_are_read_in_json_and_in_every_style_of_yaml() {
    let indented = |name: &str| service(name).replace('\n', "\n  ").trim_end().to_owned();
    let cut = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n", indented("a"), indented("b"));
    let last = format!("apiVersion: v1\nitems:\n- {}\n- {}\nkind: List\n", indented("a"), indented("b"));
    let shared = cut.replace("name: a", "name: &n a").replace("port: 80", "port: 80\n    name: *n");
    for text in [
        format!(r#"{{"apiVersion":"v1","items":[{},{}],"kind":"List"}}"#, json("a"), json("b")),
        format!(r#"{{"apiVersion":"v1","kind":"ServiceList","items":[{},{}]}}"#, json("a"), json("b")),
        format!("apiVersion: v1\nkind: List\nitems: [{}, {}]\n", json("a"), json("b")),
        cut.replace("kind: List", "kind: ServiceList"),
        last,
        shared,
        cut,
    ] {
        let loaded = load_texts(&[&text]);
        assert_eq!((loaded.objects, loaded.unknown_documents), (2, 0), "{text}");
        let (cluster, notes) = cluster(loaded);
        assert_eq!(services(&cluster), ["shop/a", "shop/b"], "{text}");
        let origin = cluster.services.rows()[1].origin;
        assert_eq!(origin, Origin::Document { file: 0, index: 0, item: 1 }, "{text}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn items_of_a_typed_list_need_no_kind_of_their_own() {
    let text =
        "apiVersion: networking.istio.io/v1\nkind: DestinationRuleList\nitems:\n- metadata:\n    name: a\n";
    let (cluster, notes) = cluster(load_texts(&[text]));
    assert_eq!(cluster.destination_rules.rows().len(), 1);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn a_typed_list_without_items_says_that_the_kind_is_absent() {
    let gap = |text: &str| cluster(load_texts(&[text])).0.gaps.of(Kind::DestinationRule).cloned();
    let list = "apiVersion: networking.istio.io/v1\nkind: DestinationRuleList\n";
    assert_eq!(gap(&format!("{list}items: []\n")), None);
    assert_eq!(gap(&format!("{list}items:\n")), None);
    assert_eq!(
        gap(r#"{"apiVersion":"networking.istio.io/v1","kind":"DestinationRuleList","items":[]}"#),
        None
    );
    assert_eq!(gap("apiVersion: v1\nkind: List\nitems: []\n"), Some(Gap::NotGiven));
    assert_eq!(gap(&service("a")), Some(Gap::NotGiven));
    assert_eq!(cluster(load_texts(&[&service("a")])).0.gaps.of(SERVICE), None);
}

#[test]
fn kinds_that_are_not_read_are_counted() {
    let foreign = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\n";
    let values = "replicas: 3\nimage: x\n";
    let broken = "apiVersion: apps/v1\nkind: StatefulSet\nspec: {{- template }}\n";
    let list =
        "apiVersion: v1\nkind: List\nitems:\n- kind: A\n  apiVersion: v1\n- kind: B\n  apiVersion: v1\n";
    let loaded = load_texts(&[
        foreign,
        values,
        broken,
        list,
        r#"{"apiVersion":"metrics.k8s.io/v1","kind":"PodMetricsList","items":[{}]}"#,
    ]);
    assert_eq!((loaded.objects, loaded.unknown_documents), (0, 6));
    assert_eq!(unreadable(&cluster(loaded).1), [""; 0]);
}

#[test]
fn yaml_beyond_json_is_read() {
    let text = "\
apiVersion: v1
kind: Service
metadata: &meta
  name: \"a\"
  namespace: !!str shop
  labels:
    <<: {from: merge}
    version: '1.10'
    8080: key
spec:
  ports: [{port: 0x50, name: *n}]
"
    .replace("name: \"a\"", "name: &n \"a\"");
    let (cluster, notes) = cluster(load_texts(&[&text]));
    assert_eq!(unreadable(&notes), [""; 0]);
    let row = cluster.services.rows().iter().next().unwrap();
    assert_eq!(row.obj.qualified_name(), "shop/a");
    assert_eq!(row.labels.get("from"), Some("merge"));
    assert_eq!(row.labels.get("version"), Some("1.10"));
    assert_eq!(row.labels.get("8080"), Some("key"));
    assert_eq!((row.fact.ports[0].number, &*row.fact.ports[0].name), (80, "a"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}---\n{}", service("a"), service("b")).replace('\n', "\r\n");
    let (cluster, notes) = cluster(load_bytes(text.as_bytes()));
    assert_eq!(services(&cluster), ["shop/a", "shop/b"]);
    assert_eq!(unreadable(&notes), [""; 0]);
}
