//! Marks in the metadata of an object that cannot be read as its kind: whose it is counts even then.

use std::collections::BTreeMap;

use mesh_rules::admiral::{ADMIRAL, CREATED_BY};
use serde_json::Value;
use serde_json::value::RawValue;

/// True if an annotation or label says that Admiral wrote the object, whatever else the object holds.
pub(crate) fn of_admiral(object: &RawValue) -> bool {
    let metadata = member(object.get(), "metadata");
    ["annotations", "labels"].iter().any(|list| {
        let marks = metadata.and_then(|metadata| member(metadata.get(), list));
        let mark = marks.and_then(|marks| member(marks.get(), CREATED_BY));
        mark.is_some_and(|mark| serde_json::from_str::<Value>(mark.get()).is_ok_and(|mark| mark == ADMIRAL))
    })
}

/// A member of a JSON object, if the text is one; the last of a name counts.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a RawValue> {
    serde_json::from_str::<BTreeMap<String, &RawValue>>(json).ok()?.remove(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(object: &str) -> bool {
        of_admiral(serde_json::from_str(object).unwrap())
    }

    #[test]
    fn marks_are_found_beside_whatever_cannot_be_read() {
        for odd in [
            r#"{"spec": 7, "metadata": {"annotations": {"app.kubernetes.io/created-by": "admiral"}}}"#,
            r#"{"metadata": {"name": [], "annotations": 1, "labels": {"x": 2, "app.kubernetes.io/created-by": "admiral"}}}"#,
        ] {
            assert!(says(odd), "{odd}");
        }
        for other in [
            "7",
            "{}",
            r#"{"metadata": null}"#,
            r#"{"metadata": {"annotations": {"app.kubernetes.io/created-by": "alice"}}}"#,
            r#"{"metadata": {"annotations": {"app.kubernetes.io/created-by": ["admiral"]}}}"#,
            r#"{"spec": {"metadata": {"annotations": {"app.kubernetes.io/created-by": "admiral"}}}}"#,
        ] {
            assert!(!says(other), "{other}");
        }
    }
}
