//! Field path -> file, line and column.

use mesh_model::{FieldPath, Origin, path};
use serde_json::json;

use crate::support::{load_texts, service};

const fn origin(file: u32, index: u32, item: u32) -> Origin {
    Origin::Document { file, index, item }
}

fn at(text: &str, origin: &Origin, path: &FieldPath) -> String {
    let place = load_texts(&[text]).places.locate(origin, path).expect("the document is there");
    format!("{place} {}", place.snippet.as_deref().unwrap_or("-"))
}

#[test]
fn a_field_is_found_in_the_second_document_of_a_file() {
    let text = format!("# c\n---\n{}--- # d\n{}", service("a"), service("b"));
    assert_eq!(at(&text, &origin(0, 1, 0), &path!["spec", "ports", 0, "port"]), "0.yaml:19:5   - port: 80");
    assert_eq!(at(&text, &origin(0, 0, 0), &path!["spec", "type"]), "0.yaml:8:1 spec:");
    assert_eq!(at(&text, &origin(0, 0, 0), &path![]), "0.yaml:3:1 apiVersion: v1");
}

#[test]
fn a_field_is_found_in_items_of_every_kind_of_list() {
    let block = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: b\n";
    assert_eq!(at(block, &origin(0, 0, 1), &path!["metadata", "name"]), "0.yaml:9:5     name: b");
    assert_eq!(at(block, &origin(0, 0, 1), &path!["spec"]), "0.yaml:6:3 - apiVersion: v1");
    let shared = block.replace("List\n", "List\nx: &x 1\ny: *x\n");
    assert_eq!(at(&shared, &origin(0, 0, 1), &path!["metadata", "name"]), "0.yaml:11:5 -");
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{\"kind\": \"Service\"}, {\"kind\": \"Service\",\n \"metadata\": {\"name\": \"b\"}}]}";
    assert_eq!(
        at(json, &origin(0, 0, 1), &path!["metadata", "name"]),
        "0.yaml:3:15  \"metadata\": {\"name\": \"b\"}}]}"
    );
    assert_eq!(
        at(json, &origin(0, 0, 1), &path!["kind"]),
        "0.yaml:2:23 {\"kind\": \"Service\"}, {\"kind\": \"Service\","
    );
}

#[test]
fn a_field_is_found_in_json_with_tabs_and_windows_line_ends() {
    let json = "{\r\n\t\"apiVersion\": \"v1\",\r\n\t\"kind\": \"Service\",\r\n\t\"metadata\": {\r\n\t\t\"name\": \"a\"\r\n\t}\r\n}\r\n";
    assert_eq!(at(json, &origin(0, 0, 0), &path!["metadata", "name"]), "0.yaml:5:3 \t\t\"name\": \"a\"");
}

#[test]
fn lines_of_secrets_and_overlong_lines_are_not_shown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {key: c4n4ry}\n";
    assert_eq!(at(secret, &origin(0, 0, 0), &path!["data", "key"]), "0.yaml:4:8 -");
    let item = format!("apiVersion: v1\nkind: List\nitems:\n- {}", secret.trim_end().replace('\n', "\n  "));
    assert_eq!(at(&item, &origin(0, 0, 0), &path!["data", "key"]), "0.yaml:7:10 -");
    let long = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\n", "a".repeat(1000));
    assert_eq!(at(&long, &origin(0, 0, 0), &path!["metadata"]), "0.yaml:3:1 -");
}

#[test]
fn what_is_not_there_has_no_place() {
    let places = load_texts(&[&service("a")]).places;
    assert_eq!(places.locate(&Origin::Live, &path![]), None);
    for origin in [origin(1, 0, 0), origin(0, 1, 0), origin(0, 0, 1)] {
        assert_eq!(places.locate(&origin, &path![]), None);
        assert_eq!(places.document(&origin), None);
    }
}

#[test]
fn a_document_is_given_back_whole() {
    let yaml = "kind: Service\napiVersion: v1\nmetadata: {name: a, labels: {x: \"1\"}}\nspec: {unread: [1, 2.5, null]}\n";
    let value = json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"x": "1"}},
                       "spec": {"unread": [1, 2.5, null]}});
    let list = format!(
        "kind: ServiceList\napiVersion: v1\nitems:\n- kind: X\n- {}",
        yaml.trim_end().replace('\n', "\n  ")
    );
    let whole = format!("kind: List\napiVersion: v1\nx: &x 1\nitems: [1, {value}]\n");
    let loaded = load_texts(&[yaml, &list, &value.to_string(), &whole]);
    for origin in [origin(0, 0, 0), origin(1, 0, 1), origin(2, 0, 0), origin(3, 0, 1)] {
        assert_eq!(loaded.places.document(&origin), Some(value.clone()), "{origin:?}");
    }
}

#[test]
fn a_file_that_changed_meanwhile_gives_no_panic() {
    let directory = tempfile::TempDir::new().expect("a temporary directory can be made");
    let path = directory.path().join("a.yaml");
    let put = |text: &str| {
        let mut file = std::fs::File::create(&path).expect("it is ours");
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("it fits");
    };
    put(&format!("{}---\n{}", service("a"), service("b")));
    let input = [mesh_source::Input::from(path.display().to_string().as_str())];
    let places = mesh_source::load(&input, &mesh_source::LoadOptions::default()).expect("it exists").places;
    put("x");
    assert_eq!(places.locate(&origin(0, 1, 0), &path!["spec"]), None);
    std::fs::remove_file(&path).expect("it is ours");
    let places =
        mesh_source::load(&[], &mesh_source::LoadOptions::default()).expect("nothing is asked").places;
    assert_eq!(places.locate(&origin(0, 0, 0), &path![]), None);
}
