//! The few commands that remedies are made of, played on documents instead of on a cluster.
//!
//! A command that is not understood is an error and never a success: the test then says so.

use mesh_model::{Kind, ObjectRef};
use serde_json::{Map, Value, json};

use super::documents::Documents;

/// Plays `line`, a command of one cluster.
pub(super) fn play(line: &str, cluster: &str, documents: &mut Documents) -> Result<(), String> {
    let words = shlex::split(line).ok_or_else(|| format!("`{line}` has an open quote"))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (verb, rest) = match words.as_slice() {
        ["kubectl", verb, rest @ ..] => (verb, rest),
        ["istioctl", "tag", "set", tag, "--revision", revision, rest @ ..]
            if rest.iter().all(|flag| flag.starts_with("--context=")) =>
        {
            documents.put(cluster, revision_tag(tag, revision));
            return Ok(());
        }
        _ => return Err(format!("`{line}` is not played")),
    };
    let call = Call::parse(rest).map_err(|reason| format!("`{line}`: {reason}"))?;
    if let Some(selector) = call.selector {
        return label_selected(verb, selector, cluster, &call, documents)
            .map_err(|reason| format!("`{line}`: {reason}"));
    }
    let target = ObjectRef::new(cluster, call.kind, call.namespace, call.name);
    let mut done = || match *verb {
        "label" => set_pairs(documents.find_mut(&target)?, "labels", &call.arguments),
        "annotate" => set_pairs(documents.find_mut(&target)?, "annotations", &call.arguments),
        "patch" => patch(documents.find_mut(&target)?, &call),
        "delete" => documents.remove(&target),
        _ => Err(format!("kubectl {verb} is not played")),
    };
    done().map_err(|reason| format!("`{line}`: {reason}"))
}

struct Call<'a> {
    kind: Kind,
    namespace: &'a str,
    name: &'a str,
    arguments: Vec<&'a str>,
    patch: Option<&'a str>,
    patch_type: &'a str,
    selector: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn parse(words: &[&'a str]) -> Result<Self, String> {
        let (mut namespace, mut patch, mut patch_type, mut selector) = (None, None, "strategic", None);
        let mut plain = Vec::new();
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} has no value"));
            match word {
                "-n" | "--namespace" => namespace = Some(value()?),
                "-p" | "--patch" => patch = Some(value()?),
                "--type" => patch_type = value()?,
                "-l" | "--selector" => selector = Some(value()?),
                "--overwrite" => {}
                _ if word.starts_with('-') => match word.split_once('=') {
                    Some(("--type", value)) => patch_type = value,
                    Some(("--namespace", value)) => namespace = Some(value),
                    Some(("--patch", value)) => patch = Some(value),
                    _ => return Err(format!("{word} is not played")),
                },
                _ => plain.push(word),
            }
        }
        let (kind, name, arguments) = match plain.as_slice() {
            [kind, arguments @ ..] if selector.is_some() => (*kind, "", arguments),
            [both, arguments @ ..] if both.contains('/') => {
                let (kind, name) = both.split_once('/').expect("checked in the guard");
                (kind, name, arguments)
            }
            [kind, name, arguments @ ..] => (*kind, *name, arguments),
            _ => return Err("names no object".to_owned()),
        };
        let kind = resource(kind).ok_or_else(|| format!("\"{kind}\" is no resource that is read"))?;
        let namespace = if kind.namespaced() { namespace.unwrap_or("default") } else { "" };
        Ok(Self { kind, namespace, name, arguments: arguments.to_vec(), patch, patch_type, selector })
    }
}

/// What `istioctl tag set` leaves in a cluster, as far as the API server chooses webhooks by it.
fn revision_tag(tag: &str, revision: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": format!("istio-revision-tag-{tag}"),
            "labels": {"app": "sidecar-injector", "istio.io/rev": revision, "istio.io/tag": tag},
        },
    })
}

fn resource(word: &str) -> Option<Kind> {
    let matches = |kind: &Kind| {
        word == kind.plural() || word == kind.resource() || word.eq_ignore_ascii_case(kind.as_str())
    };
    Kind::ALL.iter().copied().find(matches)
}

/// Labels the objects that a selector of `key=value` pairs chooses; kubectl takes it for no error if there are none,
/// but no remedy means that.
fn label_selected(
    verb: &str,
    selector: &str,
    cluster: &str,
    call: &Call<'_>,
    documents: &mut Documents,
) -> Result<(), String> {
    if verb != "label" {
        return Err(format!("kubectl {verb} with a selector is not played"));
    }
    let pairs: Option<Vec<(&str, &str)>> = selector.split(',').map(|pair| pair.split_once('=')).collect();
    let pairs = pairs.ok_or_else(|| format!("\"{selector}\" is no list of key=value"))?;
    let mut chosen = documents.select_mut(cluster, call.kind, call.namespace, &pairs).peekable();
    chosen.peek().ok_or("chooses nothing")?;
    chosen.try_for_each(|object| set_pairs(object, "labels", &call.arguments))
}

/// `key=value` sets, `key-` removes.
fn set_pairs(object: &mut Value, field: &str, arguments: &[&str]) -> Result<(), String> {
    let mut pairs = Map::new();
    for argument in arguments {
        match (argument.split_once('='), argument.strip_suffix('-')) {
            (Some((key, value)), _) => pairs.insert(key.to_owned(), Value::from(value)),
            (None, Some(key)) => pairs.insert(key.to_owned(), Value::Null),
            (None, None) => return Err(format!("{argument} is neither key=value nor key-")),
        };
    }
    if pairs.is_empty() {
        return Err("sets nothing".to_owned());
    }
    json_patch::merge(object, &json!({"metadata": {field: pairs}}));
    Ok(())
}

fn patch(object: &mut Value, call: &Call<'_>) -> Result<(), String> {
    let text = call.patch.ok_or("has no patch")?;
    match call.patch_type {
        "merge" => {
            let merge = serde_json::from_str(text).map_err(|error| error.to_string())?;
            json_patch::merge(object, &merge);
            Ok(())
        }
        "json" => {
            let operations: json_patch::Patch =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            json_patch::patch(object, &operations).map_err(|error| error.to_string())
        }
        other => Err(format!("a patch of type {other} is not played")),
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::{ClusterName, Kind, ObjectRef};
    use serde_json::json;

    use super::{Documents, play};

    fn documents() -> Documents {
        let mut documents = Documents::default();
        let metadata = json!({"name": "shop", "labels": {"a": "1", "b": "2"}});
        documents.put("west", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
        documents
    }

    fn shop() -> ObjectRef {
        ObjectRef::new(ClusterName::from("west"), Kind::Namespace, "", "shop")
    }

    #[test]
    fn labels_are_set_and_removed_and_patches_merged() {
        let mut documents = documents();
        play("kubectl label namespace shop a- b=3 --overwrite", "west", &mut documents).unwrap();
        play("kubectl annotate ns/shop x='y z'", "west", &mut documents).unwrap_err();
        play("kubectl annotate namespaces/shop x='y z'", "west", &mut documents).unwrap();
        play("kubectl patch namespace shop --type=merge -p '{\"spec\": {\"c\": 1}}'", "west", &mut documents)
            .unwrap();
        let value = documents.find_mut(&shop()).unwrap();
        assert_eq!(value["metadata"]["labels"], json!({"b": "3"}));
        assert_eq!(value["metadata"]["annotations"]["x"], "y z");
        assert_eq!(value["spec"]["c"], 1);
    }

    #[test]
    fn an_object_is_deleted_once() {
        let mut documents = documents();
        play("kubectl delete namespace shop", "west", &mut documents).unwrap();
        assert!(play("kubectl delete namespace shop", "west", &mut documents).is_err());
    }

    #[test]
    fn what_is_not_understood_is_no_success() {
        for line in [
            "kubectl get namespace shop",
            "kubectl label namespace shop",
            "kubectl label namespace shop c=1 --dry-run=client",
            "kubectl patch namespace shop -p '{}'",
            "kubectl delete dog rex",
            "helm upgrade x",
            "kubectl delete namespace 'shop",
        ] {
            assert!(play(line, "west", &mut documents()).is_err(), "{line}");
        }
    }
}
