//! Causes of numbers as the machine formats hold them.

use mesh_traffic::Cause;
use serde::Serialize;

/// What decided about one field of an item.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseItem {
    /// The field of the item.
    of: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_group: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What holds where no object decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'static str>,
}

impl CauseItem {
    /// What decided about the field `of`.
    #[must_use]
    pub fn new(of: &'static str, cause: &Cause) -> Self {
        let nothing = Self {
            of,
            cluster: None,
            object_group: None,
            object_kind: None,
            namespace: None,
            object_name: None,
            path: None,
            default: None,
        };
        match cause {
            Cause::Default(text) => Self { default: Some(text), ..nothing },
            Cause::Field { object, path } => Self {
                cluster: Some(object.cluster.to_string()),
                object_group: Some(object.kind.group()).filter(|group| !group.is_empty()),
                object_kind: Some(object.kind.as_str()),
                namespace: Some(object.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
                object_name: Some(object.name.to_string()),
                path: Some(path.to_string()).filter(|path| !path.is_empty()),
                ..nothing
            },
        }
    }
}
