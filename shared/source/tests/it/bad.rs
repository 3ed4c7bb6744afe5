//! Bad input: a message with its place, the rest read, never a panic or a hang.

use mesh_model::{Gap, Kind, Note};
use proptest::prelude::*;

use crate::support::{SERVICE, cluster, load_bytes, load_texts, service, services, unreadable};

/// Loads `broken` between two good documents; both must be there. Gives what was noted.
fn between(broken: &str) -> Vec<String> {
    let text = format!("{}---\n{broken}\n---\n{}", service("a"), service("b"));
    let (cluster, notes) = cluster(load_texts(&[&text]));
    let names = services(&cluster);
    assert!(names.contains(&"shop/a".to_owned()) && names.contains(&"shop/b".to_owned()), "{names:?}");
    unreadable(&notes)
}

#[test]
fn a_syntax_error_costs_its_document_and_names_place_and_object() {
    let broken = "apiVersion: v1\nkind: Service\nmetadata:\n  name: c\nspec:\n  ports: [\n";
    let notes = between(broken);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("0.yaml:15:"), "{notes:?}");
    assert!(notes[0].contains("[Service default/c]"), "{notes:?}");
}

#[test]
fn a_broken_object_makes_its_kind_known_in_part() {
    let broken = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: c}\nspec: 5\n";
    let (cluster, notes) = cluster(load_texts(&[broken]));
    let gap = cluster.gaps.of(Kind::DestinationRule);
    assert!(matches!(gap, Some(Gap::Truncated { cause }) if cause.contains("default/c")), "{gap:?}");
    assert_eq!(notes.len(), 1);
    assert!(matches!(cluster.gaps.of(SERVICE), Some(Gap::NotGiven)));
}

#[test]
fn a_wrong_type_is_found_at_its_field_in_yaml_and_json_alike() {
    let yaml = "apiVersion: v1\nkind: Service\nmetadata:\n  name: c\nspec:\n  ports:\n  - port: 80\n  - port: many\n";
    let message = "spec.ports[1].port: invalid type: string \"many\", expected u16";
    assert_eq!(between(yaml), [format!("0.yaml:17:5 [Service default/c] {message}")]);
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"c\"},\n\
                \"spec\": {\"ports\": [{\"port\": 80},\n{\"port\": \"many\"}]}}";
    assert_eq!(between(json), [format!("0.yaml:12:2 [Service default/c] {message}")]);
}

#[test]
fn a_plain_scalar_that_is_no_text_is_refused_as_the_api_server_refuses_it() {
    let label = |value: &str| {
        between(&format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: c\n  labels:\n    version: {value}\n"
        ))
    };
    for value in ["1.10", "true", "8"] {
        let notes = label(value);
        assert_eq!(notes.len(), 1, "{value}");
        assert!(
            notes[0].starts_with("0.yaml:15:5 [Service default/c] metadata.labels.version: invalid type"),
            "{notes:?}"
        );
    }
    assert_eq!(label("v1"), [""; 0]);
    assert_eq!(label("'1.10'"), [""; 0]);
}

#[test]
fn duplicate_keys_are_named() {
    let notes =
        between("apiVersion: v1\nkind: Service\nmetadata:\n  name: c\n  labels:\n    a: x\n    a: y\n");
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("0.yaml:16:5 [Service default/c] duplicate"), "{notes:?}");
    let notes = between("apiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {}\nspec: {}\n");
    assert!(notes[0].starts_with("0.yaml:14:1 [Service default/c] duplicate"), "{notes:?}");
}

#[test]
fn a_tab_in_the_indentation_is_named() {
    let notes = between("apiVersion: v1\nkind: Service\nmetadata:\n\tname: c\n");
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("0.yaml:1"), "{notes:?}");
    assert!(notes[0].contains("tab"), "{notes:?}");
}

#[test]
fn what_is_no_object_is_named() {
    assert_eq!(
        between("hello"),
        ["0.yaml:10:1 [-] is no Kubernetes object: it has neither apiVersion nor kind"]
    );
    assert_eq!(
        between("- a\n- b")[0],
        "0.yaml:10:1 [-] is no Kubernetes object: it has neither apiVersion nor kind"
    );
    assert_eq!(between("[1, 2]").len(), 1);
    assert_eq!(between("{\"a\": 1} 5").len(), 1);
}

#[test]
fn half_a_head_is_named_and_neither_half_is_counted() {
    for (text, message) in [
        ("kind: Foo\nmetadata: {name: c}\n", "has kind but no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: c}\n", "has apiVersion but no kind"),
        ("apiVersion: v1\nkind: ''\n", "has apiVersion but no kind"),
        ("apiVersion: v1\nkind:\n", "has apiVersion but no kind"),
        ("apiVersion: v1\nkind: 5\n", "kind is no plain string"),
        ("apiVersion: v1\nkind: [Service]\n", "kind is no plain string"),
        ("apiVersion: 1\nkind: Foo\n", "apiVersion is no plain string"),
        ("apiVersion: v1\nkind: {{ .K }}\n", "kind is no plain string"),
        ("apiVersion: v1\nkind: \"{{ .K }}\"\n", "is a template that was not rendered"),
        ("{{ if .K }}\napiVersion: v1\nkind: Foo\n{{ end }}\n", "is a template that was not rendered"),
        ("# c\n{{ if .K }}\napiVersion: v1\nkind: Foo\n", "is a template that was not rendered"),
        ("{\"apiVersion\": \"v1\", \"kind\": 5}", "kind is no plain string"),
        ("{\"kind\": \"Foo\"}", "has kind but no apiVersion"),
        ("apiVersion: v1\nkind: List\nitems:\n- kind: Foo\n", "has kind but no apiVersion"),
        ("{apiVersion: v1, kind: List, items: [{kind: Foo}]}", "has kind but no apiVersion"),
        ("{apiVersion: v1, kind: List, items: [{kind: 5}]}", "kind is no plain string"),
    ] {
        let notes = between(text);
        assert!(notes.len() == 1 && notes[0].ends_with(message), "{text}: {notes:?}");
    }
    assert_eq!(between("replicas: 3\nlist: [1]\n"), [""; 0]);
}

#[test]
fn an_object_without_a_name_is_named_by_its_place() {
    for text in [
        "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: c\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Service\"}",
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Service}]}",
    ] {
        let notes = between(text);
        assert!(notes.len() == 1 && notes[0].ends_with("metadata: has no name"), "{text}: {notes:?}");
    }
}

#[test]
fn a_known_kind_without_a_version_makes_its_kind_known_in_part() {
    let (cluster, _) = cluster(load_texts(&["kind: DestinationRule\nmetadata: {name: c}\n"]));
    assert!(matches!(cluster.gaps.of(Kind::DestinationRule), Some(Gap::Truncated { .. })));
}

#[test]
fn nothing_is_no_error() {
    for nothing in ["", "\n\n", "# only a comment", "---\n---\n...\n", "null", "~", "\u{feff}"] {
        assert_eq!(between(nothing), [""; 0], "{nothing:?}");
        let loaded = load_bytes(nothing.as_bytes());
        assert_eq!((loaded.objects, loaded.unknown_documents), (0, 0), "{nothing:?}");
    }
}

#[test]
fn an_unread_version_of_a_kind_is_named() {
    let notes = between(
        "apiVersion: networking.istio.io/v9\nkind: DestinationRule\nmetadata: {name: c, namespace: s}\n",
    );
    let message = "apiVersion \"networking.istio.io/v9\" of DestinationRule is not read; versions that are: v1, v1beta1, v1alpha3";
    assert_eq!(notes, [format!("0.yaml:10:1 [DestinationRule s/c] {message}")]);
}

#[test]
fn broken_json_costs_one_value_of_many() {
    let good = |name: &str| {
        format!(r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{name}","namespace":"shop"}}}}"#)
    };
    let broken = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":"#;
    let text = format!("{}\n{broken}\n{}\n", good("a"), good("b"));
    let (cluster, notes) = cluster(load_texts(&[&text]));
    assert_eq!(services(&cluster), ["shop/a", "shop/b"]);
    assert_eq!(unreadable(&notes), ["0.yaml:3:1 [-] EOF while parsing a value"]);
}

#[test]
fn a_broken_item_costs_itself_in_every_kind_of_list() {
    let good =
        |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{name}"}}}}"#);
    let bad = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":7}"#;
    let json = format!(
        "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n{},\n{bad},\n{}\n]}}",
        good("a"),
        good("b")
    );
    let message = "spec: invalid type: integer `7`, expected struct Spec";
    let flow = format!("kind: List\napiVersion: v1\nitems: [\n{},\n{bad},\n{}\n]\n", good("a"), good("b"));
    let block = format!("kind: List\napiVersion: v1\nitems:\n- {}\n- {bad}\n- {}\n", good("a"), good("b"));
    for (text, place) in [(json, "0.yaml:3:61"), (flow, "0.yaml:5:61"), (block, "0.yaml:5:63")] {
        let (cluster, notes) = cluster(load_texts(&[&text]));
        assert_eq!(services(&cluster), ["default/a", "default/b"], "{text}");
        assert_eq!(unreadable(&notes), [format!("{place} [Service default/c] {message}")], "{text}");
    }
    let syntax = "kind: List\napiVersion: v1\nitems:\n- {kind: [}\n- kind: Service\n  apiVersion: v1\n  metadata:\n    name: a\n";
    let (cluster, notes) = cluster(load_texts(&[syntax]));
    assert_eq!(services(&cluster), ["default/a"]);
    assert!(unreadable(&notes)[0].starts_with("0.yaml:4:"), "{notes:?}");
}

#[test]
fn items_that_are_no_list_are_named() {
    let notes = between("apiVersion: v1\nkind: ServiceList\nitems: 5\n");
    assert_eq!(notes, ["0.yaml:12:1 [-] items: is no list"]);
    assert_eq!(between("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":{}}").len(), 1);
}

#[test]
fn bytes_that_are_no_text_cost_their_document() {
    let mut bytes = service("a").into_bytes();
    bytes.extend(b"---\nkind: Service\nmetadata:\n  name: \xff\xfe\n---\nkind: \0\n---\n");
    bytes.extend(service("b").into_bytes());
    let (cluster, notes) = cluster(load_bytes(&bytes));
    assert_eq!(services(&cluster), ["shop/a", "shop/b"]);
    assert_eq!(
        unreadable(&notes),
        ["stdin:12:9 [-] is not UTF-8 text", "stdin:14:7 [-] holds NUL bytes; it is no text"]
    );
}

#[test]
fn garbage_gives_a_message() {
    let mut state = 7_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    for length in [1, 10, 1000, 100_000] {
        let bytes: Vec<u8> = (0..length).map(|_| random()).collect();
        let (_, notes) = cluster(load_bytes(&bytes));
        assert!(!notes.is_empty(), "{length}");
    }
    let utf16: Vec<u8> = "\u{feff}kind: Pod".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(unreadable(&cluster(load_bytes(&utf16)).1), ["stdin:1:1 [-] is UTF-16; save it as UTF-8"]);
}

fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "---\n",
        "...\n",
        "\n",
        "\r\n",
        " ",
        "  ",
        "\t",
        "- ",
        ": ",
        "# ",
        "kind: List\n",
        "kind: ServiceList\n",
        "items:\n",
        "items: [",
        "apiVersion: v1\n",
        "kind: Service\n",
        "metadata: ",
        "name: a",
        "spec:\n",
        "ports",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ",",
        "|\n",
        ">-\n",
        "&a ",
        "*a ",
        "!!str ",
        "<<: ",
        "? ",
        "\"apiVersion\": \"v1\"",
        "\"kind\": \"List\"",
        "\"kind\": \"Service\"",
        "\"items\": ",
        "null",
        "80",
        "%YAML 1.2\n",
        "\u{feff}",
        "\u{e4}",
        "\u{85}",
        "{{- if }}\n",
        "\\",
    ]);
    let scrap = prop_oneof![9 => known.prop_map(|text| text.as_bytes().to_vec()), 1 => any::<[u8; 2]>().prop_map(Vec::from)];
    prop::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn whatever_the_bytes_loading_and_locating_end(bytes in scraps()) {
        let loaded = load_bytes(&bytes);
        for (index, item) in (0..6).flat_map(|index| (0..4).map(move |item| (index, item))) {
            let origin = mesh_model::Origin::Document { file: 0, index, item };
            let place = loaded.places.locate(&origin, &mesh_model::path!["items", 1, "spec", "ports", 0]);
            prop_assert!(place.is_some() || loaded.places.document(&origin).is_none());
            prop_assert!(place.is_none_or(|place| place.line >= 1 && place.column >= 1));
        }
        for note in cluster(loaded).1 {
            if let Note::Unreadable { position: Some((line, column)), .. } = note {
                let lines = bytes.split(|byte| *byte == b'\n').count() + 1;
                prop_assert!(line >= 1 && column >= 1 && line as usize <= lines, "{line}:{column}");
            }
        }
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text =
        "apiVersion: v1\nkind: Service\nmetadata: {name: c}\nl0: &l0 [x, x, x, x, x, x, x, x, x]\n"
            .to_owned();
    for level in 1..12 {
        let below = vec![format!("*l{}", level - 1); 9].join(", ");
        text.extend([format!("l{level}: &l{level} [{below}]\n")]);
    }
    let notes = between(&text);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("[Service default/c]"), "{notes:?}");
    let own = between("apiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: &s {ports: *s}\n");
    assert_eq!(own.len(), 1, "{own:?}");
    let unknown = between("apiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: *nowhere\n");
    assert!(unknown[0].starts_with("0.yaml:13:7"), "{unknown:?}");
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for (open, close, levels) in [("[", "]", 100_000), ("{a: ", "}", 5_000), ("[", "]", 120), ("[", "]", 200)]
    {
        let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        between(&format!("apiVersion: v1\nkind: Service\nmetadata: {{name: c}}\nspec: {deep}\n"));
        between(&deep);
    }
    let block: String =
        (0..3000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<Vec<_>>().concat();
    assert_eq!(
        between(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: c}}\nspec:\n{}",
            block.replace("a:\n", " a:\n")
        ))
        .len(),
        1
    );
    let json = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{{\"name\":\"c\"}},\"spec\":{}{}}}",
        "{\"a\":".repeat(100_000),
        "}".repeat(100_000)
    );
    between(&json.replace(":}", ":1}"));
}

#[test]
fn a_secret_does_not_come_out_in_a_message() {
    let canary = "c4n4ry";
    for broken in [
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: c}}\ndata: {canary}\n"),
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: c}}\ndata: {{a: b, {canary}: x, {canary}: y}}\n"
        ),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: c}}\ndata: {{a: {canary}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: c}}\nstringData: [{canary}]\n"),
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"c\"}},\"data\":\"{canary}\"}}"
        ),
        format!(
            "kind: List\napiVersion: v1\nitems:\n- &a {{apiVersion: v1, kind: Secret, metadata: {{name: c}}, data: {canary}}}\n"
        ),
    ] {
        let notes = between(&broken);
        assert_eq!(notes.len(), 1, "{broken}");
        assert!(notes[0].contains("[Secret default/c]"), "{notes:?}");
        assert!(!notes[0].contains(canary), "{notes:?}");
    }
}

#[test]
fn a_file_of_fifty_megabytes_and_a_list_of_two_hundred_thousand_are_read_whole() {
    let item = |number: usize| {
        format!(
            r#"{{"metadata":{{"name":"s{number:06}","namespace":"n"}},"spec":{{"ports":[{{"port":80}}]}}}}"#
        )
    };
    let items: Vec<_> = (0..200_000).map(item).collect();
    let list =
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[\n{}\n]}}", items.join(",\n"));
    let filler = format!("apiVersion: v1\nkind: StatefulSet\ndata: {}\n", "x".repeat(1 << 20));
    let text = format!("{list}\n---\n{}", vec![filler; 38].join("---\n"));
    assert!(text.len() > 50 << 20);
    let loaded = load_bytes(text.as_bytes());
    assert_eq!((loaded.objects, loaded.unknown_documents), (200_000, 38));
    let place = loaded.places.locate(
        &mesh_model::Origin::Document { file: 0, index: 0, item: 199_999 },
        &mesh_model::path!["spec", "ports", 0],
    );
    assert_eq!(place.map(|place| (place.line, place.column)), Some((200_001, 65)));
    let (cluster, notes) = cluster(loaded);
    assert_eq!(cluster.services.rows().len(), 200_000);
    assert_eq!(unreadable(&notes), [""; 0]);
}

#[test]
fn names_with_control_characters_are_kept_for_the_renderer_to_escape() {
    let (cluster, notes) =
        cluster(load_texts(&["apiVersion: v1\nkind: Service\nmetadata: {name: \"a\\e[31m\"}\n"]));
    assert_eq!(services(&cluster), ["default/a\u{1b}[31m"]);
    assert!(notes.iter().all(|note| !matches!(note, Note::Unreadable { .. })));
}
