//! Texts for users: one denial with all findings, short warnings, annotations of the audit log.
//!
//! Limits come from the API server (`apiserver: pkg/admission/plugin/webhook`, `pkg/warning`): a control
//! character drops a warning, and warnings are cut to 256 characters once all together pass 4096.

use std::fmt::Write as _;

use mesh_model::{FieldPath, Step, is_hostile, path};
use mesh_rules::admission::Leniency;
use mesh_rules::{Finding, Patch, Remedy, Subject};
use serde_json::Value;

/// Length of a denial's message, bytes.
pub(crate) const MESSAGE_LIMIT: usize = 1024;
/// Length that warnings should keep, characters: kubectl prints each on one line.
const WARNING_WISH: usize = 120;
/// Length that no warning may pass, characters.
const WARNING_LIMIT: usize = 256;
/// Warnings of one reply.
const WARNINGS: usize = 10;
/// Length of an audit annotation's value, bytes.
const ANNOTATION_LIMIT: usize = 1024;

/// The message of a denial: every finding with path, cause, remedy and where to read more.
pub(crate) fn denial(findings: &[Finding]) -> String {
    joined(findings.iter().map(sentence), MESSAGE_LIMIT, "status.details.causes")
}

/// One finding in full, for a cause of a denial.
pub(crate) fn sentence(finding: &Finding) -> String {
    let mut text = format!("[{}] {}: {}", finding.code, place(finding), cause(finding));
    for evidence in &finding.evidence {
        let _ = write!(text, " ({}: {})", evidence.path, evidence.value);
    }
    if let Some(remedy) = finding.remedy.as_ref().and_then(remedy) {
        text.push_str("; ");
        text.push_str(&remedy);
    }
    let _ = write!(text, "; explain: kubectl mesh explain {}", finding.code);
    clean(&text)
}

/// What is wrong, without place and remedy.
pub(crate) fn cause(finding: &Finding) -> String {
    let named = match &finding.subject {
        Subject::Object(object) => format!("{} \"{}\" ", object.kind, object.qualified_name()),
        Subject::Cluster(_) | Subject::Document { .. } => String::new(),
    };
    // The API server and kubectl have named the object already.
    clean(finding.message.strip_prefix(&named).unwrap_or(&finding.message))
}

/// The warnings of a reply.
pub(crate) fn warnings(findings: &[(Finding, Leniency)]) -> Vec<String> {
    let mut lines: Vec<String> =
        findings.iter().take(WARNINGS).map(|(finding, leniency)| warning(finding, *leniency)).collect();
    if findings.len() > WARNINGS {
        lines.push(format!("... and {} more", findings.len() - WARNINGS));
    }
    lines
}

/// A sentence as a warning.
pub(crate) fn notice(text: &str) -> String {
    shortened(&clean(text), WARNING_LIMIT)
}

/// Codes and places for the audit log.
pub(crate) fn annotation<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let parts = findings.map(|finding| clean(&format!("{} {}", finding.code, place(finding))));
    joined(parts, ANNOTATION_LIMIT, "the log")
}

/// Text that no terminal or header takes amiss: what ends a line is a space, what turns or hides text an escape.
pub(crate) fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c.is_control() {
            shown.push(' ');
        } else if is_hostile(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        shown
    })
}

fn warning(finding: &Finding, leniency: Leniency) -> String {
    let why = match leniency {
        Leniency::Mode => "",
        Leniency::Existing => " (as before this change)",
        Leniency::Admiral => " (mend the Admiral policy that writes it)",
    };
    let short = clean(&format!("[{}] {}: {}{why}", finding.code, place(finding), cause(finding)));
    let with_hint = format!("{short}; kubectl mesh explain {}", finding.code);
    if with_hint.chars().count() <= WARNING_WISH { with_hint } else { shortened(&short, WARNING_LIMIT) }
}

fn place(finding: &Finding) -> String {
    if finding.path.is_root() { "object".to_owned() } else { finding.path.to_string() }
}

/// What to do, in words. A manifest is too long for a message; `explain` and `fix` show it.
fn remedy(remedy: &Remedy) -> Option<String> {
    match remedy {
        Remedy::Patch { patch: Patch::Merge(patch), .. } => {
            let mut at = FieldPath::root();
            let mut value = patch;
            while let Some((key, inner)) = only_entry(value) {
                at = at.then(key.clone());
                value = inner;
            }
            Some(step(if value.is_null() { "remove" } else { "add" }, &at, value))
        }
        Remedy::Patch { patch: Patch::Json(operations), .. } => {
            let steps = operations.as_array()?.iter().map(operation);
            Some(steps.collect::<Vec<_>>().join(" and "))
        }
        Remedy::Command { line, .. } => Some(format!("run: {line}")),
        Remedy::Manifest { .. } => None,
    }
}

/// One operation of a JSON patch.
fn operation(operation: &Value) -> String {
    let place = |key| from_pointer(operation[key].as_str().unwrap_or_default());
    match operation["op"].as_str().unwrap_or("change") {
        "copy" => format!("add {}, copied from {}", place("path"), place("from")),
        verb => step(verb, &place("path"), &operation["value"]),
    }
}

fn step(verb: &str, at: &FieldPath, value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("{verb} {at}: {value}"),
        Value::Null | Value::Array(_) | Value::Object(_) => format!("{verb} {at}"),
    }
}

fn only_entry(value: &Value) -> Option<(&String, &Value)> {
    value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next())
}

fn from_pointer(pointer: &str) -> FieldPath {
    let steps = pointer.split('/').skip(1).map(|part| match part.parse::<usize>() {
        Ok(index) => Step::from(index),
        Err(_) => Step::from(part.replace("~1", "/").replace("~0", "~")),
    });
    steps.fold(path![], FieldPath::then)
}

/// Whole parts joined by `; ` as long as they fit; the first is cut rather than left out.
fn joined(parts: impl Iterator<Item = String>, limit: usize, rest: &str) -> String {
    const ROOM_FOR_REST: usize = 64;
    let mut text = String::new();
    let mut left_out = 0;
    for part in parts {
        if text.is_empty() {
            text = cut(&part, limit - ROOM_FOR_REST);
        } else if left_out == 0 && text.len() + 2 + part.len() <= limit - ROOM_FOR_REST {
            text.push_str("; ");
            text.push_str(&part);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let _ = write!(text, "; ... and {left_out} more in {rest}");
    }
    text
}

fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes - 3).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &text[..end])
}

fn shortened(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    text.chars().take(characters - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use mesh_model::{Kind, ObjectRef, Origin};
    use mesh_rules::{Code, Evidence, FindingStatus, Severity};
    use serde_json::json;

    use super::*;

    fn finding(message: &str) -> Finding {
        let object = ObjectRef::new("west", Kind::DestinationRule, "shop", "payments");
        Finding {
            code: Code(201),
            severity: Severity::Error,
            subject: Subject::Object(object.clone()),
            origin: Origin::Live,
            peer: None,
            path: path!["spec", "trafficPolicy"],
            message: message.to_owned(),
            evidence: Vec::new(),
            remedy: Some(Remedy::Patch {
                target: object,
                patch: Patch::Merge(
                    json!({"spec": {"trafficPolicy": {"outlierDetection": {"interval": "10s", "x": 1}}}}),
                ),
                safe: true,
            }),
            status: FindingStatus::Fail,
        }
    }

    #[test]
    fn a_denial_names_code_path_cause_remedy_and_page() {
        let text =
            denial(&[finding("DestinationRule \"shop/payments\" asks for failover but never gets it")]);
        assert_eq!(
            text,
            "[MESH201] spec.trafficPolicy: asks for failover but never gets it; add \
             spec.trafficPolicy.outlierDetection; explain: kubectl mesh explain MESH201"
        );
    }

    #[test]
    fn the_override_that_drops_a_block_is_named() {
        let mut found = finding("bad");
        found.evidence.push(Evidence {
            subject: found.subject.clone(),
            path: path!["spec", "trafficPolicy", "portLevelSettings", 0],
            value: "drops it".into(),
        });
        let text = sentence(&found);
        assert!(text.contains("bad (spec.trafficPolicy.portLevelSettings[0]: drops it); add"), "{text}");
    }

    #[test]
    fn remedies_of_each_form_are_put_into_words() {
        let target = ObjectRef::new("west", Kind::DestinationRule, "shop", "payments");
        let patch = |patch| Remedy::Patch { target: target.clone(), patch, safe: true };
        let cases = [
            (patch(Patch::Merge(json!({"spec": {"host": null}}))), Some("remove spec.host")),
            (patch(Patch::Merge(json!({"spec": {"host": "a"}}))), Some("add spec.host: \"a\"")),
            (
                patch(Patch::Json(json!([
                    {"op": "add", "path": "/spec/subsets/1/a~1b", "value": {}},
                    {"op": "remove", "path": "/spec/host"},
                ]))),
                Some("add spec.subsets[1][a/b] and remove spec.host"),
            ),
            (
                patch(Patch::Json(json!([
                    {"op": "copy", "from": "/spec/trafficPolicy/outlierDetection",
                        "path": "/spec/trafficPolicy/portLevelSettings/0/outlierDetection"},
                ]))),
                Some(
                    "add spec.trafficPolicy.portLevelSettings[0].outlierDetection, copied from \
                     spec.trafficPolicy.outlierDetection",
                ),
            ),
            (
                Remedy::Command { cluster: "west".into(), line: "kubectl get x".into(), safe: true },
                Some("run: kubectl get x"),
            ),
            (Remedy::Manifest { cluster: "west".into(), objects: Vec::new(), safe: true }, None),
        ];
        for (given, expected) in cases {
            assert_eq!(remedy(&given).as_deref(), expected);
        }
    }

    #[test]
    fn a_denial_keeps_its_limit_and_counts_what_it_leaves_out() {
        let many = vec![finding(&"long cause ".repeat(20)); 12];
        let text = denial(&many);
        assert!(text.len() <= MESSAGE_LIMIT, "{}", text.len());
        assert!(text.ends_with("more in status.details.causes"), "{text}");
        let one = denial(&[finding(&"\u{e9}".repeat(5000))]);
        assert!(one.len() <= MESSAGE_LIMIT && one.ends_with("..."), "{one}");
    }

    #[test]
    fn warnings_are_short_few_and_without_control_characters() {
        let list = |count, message: &str| vec![(finding(message), Leniency::Mode); count];
        let short = warnings(&list(1, "a cause"));
        assert_eq!(short, ["[MESH201] spec.trafficPolicy: a cause; kubectl mesh explain MESH201"]);
        let hostile = warnings(&list(13, &"\u{1b}[31m\nred\u{7}".repeat(100)));
        assert_eq!(hostile.len(), 11);
        assert_eq!(hostile[10], "... and 3 more");
        for line in &hostile {
            assert!(line.chars().count() <= 256 && !line.chars().any(char::is_control), "{line}");
        }
    }

    #[test]
    fn what_turns_or_hides_text_is_shown_as_an_escape_everywhere() {
        let found = finding("a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{2029}f\u{feff}");
        let shown = "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{2028}e\\u{2029}f\\u{feff}";
        let texts = [
            denial(std::slice::from_ref(&found)),
            sentence(&found),
            cause(&found),
            warnings(&[(found.clone(), Leniency::Mode)]).remove(0),
            notice(&found.message),
        ];
        for text in texts {
            assert!(text.contains(shown) && !text.contains(is_hostile), "{text:?}");
        }
    }

    #[test]
    fn a_warning_says_why_it_is_none_but_a_warning() {
        let line = |leniency| warnings(&[(finding("a cause"), leniency)]).remove(0);
        assert!(line(Leniency::Existing).contains("as before this change"));
        assert!(line(Leniency::Admiral).contains("Admiral policy"));
    }
}
