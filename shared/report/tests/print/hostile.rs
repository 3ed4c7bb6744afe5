//! Nothing that came from a cluster or a file may steer the terminal, and machines must get it unchanged.

use crate::fixture;
use mesh_model::{FieldPath, Gap, Kind, ObjectRef, Step};
use mesh_report::{
    Block, Body, Cell, Column, ColumnClass, Format, Remark, Report, ReportKind, Show, Style, Tool, View,
    render,
};
use mesh_rules::{Evidence, Finding, Patch, Remedy, Severity, Subject, Verdict, VerdictKind};
use serde_json::{Value, json};

/// Starts a terminal sequence, paints over, breaks the line, turns text, hides text, and would end a quote.
const HOSTILE: &str = "x\u{1b}[2J\r\n\t\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\u{2028}\u{e0041}'\"$(id)`y";

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}')
}

fn hostile_report() -> Report {
    let mut report = fixture::report();
    let text = || HOSTILE.to_owned();
    for cluster in &mut report.clusters {
        cluster.context = Some(text());
        cluster.istio_version = Some(text());
        cluster.network = Some(text());
    }
    let mut other = report.clusters[0].clone();
    other.name = HOSTILE.into();
    report.clusters.push(other);
    report.mesh_id = Some(text());
    report.trust_domains = vec![text()];
    for place in report.places.values_mut() {
        place.file = text();
    }
    report.gaps[1].gap = Gap::Unreachable { cause: text() };
    report.outcome.verdicts.push(Verdict {
        code: fixture::RULES[0].code,
        cluster: HOSTILE.into(),
        kind: VerdictKind::NotEvaluated { kind: None, gap: Gap::Unreachable { cause: text() } },
    });
    for finding in &mut report.outcome.findings {
        finding.message = text();
    }
    let object = ObjectRef::new(HOSTILE, Kind::Pod, HOSTILE, HOSTILE);
    let path = || [Step::from("metadata"), Step::from(text())].into_iter().collect::<FieldPath>();
    let remedies = [
        Remedy::Patch { target: object.clone(), patch: Patch::Merge(json!({"a": HOSTILE})), safe: true },
        Remedy::Command {
            cluster: HOSTILE.into(),
            line: format!("kubectl get {HOSTILE}").into(),
            safe: true,
        },
        Remedy::Manifest {
            cluster: HOSTILE.into(),
            objects: vec![json!({"kind": HOSTILE, "metadata": {"name": HOSTILE}, "data": HOSTILE})],
            safe: true,
        },
    ];
    for remedy in remedies {
        report.outcome.findings.push(Finding {
            path: path(),
            evidence: vec![Evidence {
                subject: Subject::Object(object.clone()),
                path: path(),
                value: text(),
            }],
            remedy: Some(remedy),
            ..fixture::finding(1, Severity::Error, Subject::Object(object.clone()), HOSTILE)
        });
    }
    report.outcome.findings.push(fixture::finding(
        1,
        Severity::Error,
        Subject::Document { cluster: HOSTILE.into(), file: text(), position: None },
        HOSTILE,
    ));
    report
}

fn hostile_table() -> Report {
    let mut report = Report::new(ReportKind::RuleList, Tool::default(), String::new());
    let column = Column { header: "A", key: "a", class: ColumnClass::Normal };
    let mut body = Body::list(View {
        columns: vec![column, Column { key: "b", class: ColumnClass::Prose, ..column }],
        rows: vec![vec![Cell::from(HOSTILE), Cell::List(vec![HOSTILE.to_owned()])]],
    });
    body.blocks.push(Block::Facts(vec![("Word", HOSTILE.to_owned())]));
    body.blocks.push(Block::Remarks(vec![Remark::plain(HOSTILE), Remark::signed(Severity::Error, HOSTILE)]));
    body.set("texts", &[HOSTILE]);
    report.body = Some(body);
    report
}

fn printed(format: Format, report: &Report, width: Option<usize>) -> String {
    let show = Show { passed: true, suppressed: true };
    let mut out = Vec::new();
    render(format, report, &Style { width, show, ..Style::default() }, &mut out)
        .expect("a vector takes everything");
    String::from_utf8(out).expect("every format is text")
}

#[test]
fn no_format_lets_hostile_text_through() {
    let of_tables = [Format::Human, Format::Wide, Format::Name, Format::Json, Format::Yaml, Format::Jsonl];
    for (report, formats) in [(hostile_report(), Format::ALL), (hostile_table(), &of_tables)] {
        for &format in formats {
            for width in [None, Some(80)] {
                let text = printed(format, &report, width);
                assert!(!text.is_empty());
                let bad: Vec<char> = text.chars().filter(|&c| c != '\n' && is_hostile(c)).collect();
                assert!(bad.is_empty(), "{format:?} lets {bad:?} through:\n{text}");
            }
        }
    }
}

#[test]
fn a_finding_stays_on_its_line_whatever_it_holds() {
    let report = hostile_report();
    assert_eq!(printed(Format::Short, &report, None).lines().count(), report.outcome.findings.len());
    assert_eq!(printed(Format::Jsonl, &report, None).lines().count(), report.outcome.findings.len() + 1);
}

#[test]
fn machines_read_the_very_text() {
    for report in [hostile_report(), hostile_table(), fixture::report()] {
        let wanted = mesh_report::to_value(&report);
        let json: Value = serde_json::from_str(&printed(Format::Json, &report, None)).expect("it is JSON");
        assert_eq!(json, wanted);
        let yaml: Value = serde_yaml::from_str(&printed(Format::Yaml, &report, None)).expect("it is YAML");
        assert_eq!(yaml, wanted);
        let lines = printed(Format::Jsonl, &report, None);
        let items = lines.lines().skip(1).map(|line| serde_json::from_str(line).expect("it is JSON"));
        assert_eq!(items.collect::<Vec<Value>>(), wanted["items"].as_array().expect("a list").clone());
    }
    let report = hostile_report();
    let messages = report.outcome.findings.iter().map(|finding| finding.message.as_str());
    let value = mesh_report::to_value(&report);
    let printed = value["items"].as_array().expect("a list").iter().map(|item| item["message"].as_str());
    assert!(printed.eq(messages.map(Some)));
}

#[test]
fn no_machine_format_holds_a_null_and_each_field_has_one_type() {
    fn walk(value: &Value) {
        match value {
            Value::Null => panic!("a null"),
            Value::Array(items) => items.iter().for_each(walk),
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                assert!(key.chars().all(char::is_alphanumeric), "{key}");
                walk(value);
            }),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let value = mesh_report::to_value(&fixture::report());
    walk(&value);
    let items = value["items"].as_array().expect("a list");
    for (one, other) in items.iter().flat_map(|one| items.iter().map(move |other| (one, other))) {
        for (key, value) in one.as_object().expect("an object") {
            let same =
                other.get(key).is_none_or(|o| std::mem::discriminant(o) == std::mem::discriminant(value));
            assert!(same, "{key}");
        }
    }
}
