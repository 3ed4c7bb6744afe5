//! The AdmissionReview as an API server sends it (`kubernetes/api: admission/v1/types.go`), borrowed from the
//! body. Unknown fields are ignored and null means absent; object and oldObject stay raw JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Version of the envelope; the reply has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Version {
    /// `admission.k8s.io/v1`.
    #[serde(rename = "admission.k8s.io/v1")]
    V1,
    /// `admission.k8s.io/v1beta1`.
    #[serde(rename = "admission.k8s.io/v1beta1")]
    V1Beta1,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "admission.k8s.io/v1" => Some(Self::V1),
            "admission.k8s.io/v1beta1" => Some(Self::V1Beta1),
            _ => None,
        }
    }
}

/// A review that can be answered.
#[derive(Debug)]
pub struct Review<'a> {
    /// Version to answer in.
    pub version: Version,
    /// What is asked.
    pub request: Request<'a>,
}

/// What the API server asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Request<'a> {
    /// Names this call; echoed byte for byte.
    #[serde(borrow)]
    pub uid: Text<'a>,
    /// Kind of the object, converted to the version that was registered for.
    #[serde(borrow)]
    pub kind: GroupKind<'a>,
    /// For example `status`; empty for the object itself.
    #[serde(borrow)]
    pub sub_resource: Text<'a>,
    /// Empty on CREATE with generateName.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Empty for cluster scope. On CREATE the object's own may be empty: this one counts.
    #[serde(borrow)]
    pub namespace: Text<'a>,
    /// CREATE, UPDATE, DELETE or CONNECT.
    #[serde(borrow)]
    pub operation: Text<'a>,
    /// Who asks.
    #[serde(borrow)]
    pub user_info: UserInfo<'a>,
    /// The object as it would be stored; absent on DELETE.
    #[serde(borrow)]
    pub object: Option<&'a RawValue>,
    /// The object as it is stored; on UPDATE and DELETE.
    #[serde(borrow)]
    pub old_object: Option<&'a RawValue>,
    /// Nothing will be stored.
    pub dry_run: Option<bool>,
}

/// Group and kind; the version says nothing that is not known.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GroupKind<'a> {
    /// API group.
    #[serde(borrow)]
    pub group: Text<'a>,
    /// Kind.
    #[serde(borrow)]
    pub kind: Text<'a>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UserInfo<'a> {
    /// User name.
    #[serde(borrow)]
    pub username: Text<'a>,
}

/// Text that borrows from the body where it holds no escapes; null and absent are the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }
}

/// A body that is no review we can judge.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Nobody can be answered: HTTP 400.
    #[error("no AdmissionReview with a request.uid: {0}")]
    Unanswerable(String),
    /// The call can be answered, but its request cannot be read.
    #[error("cannot read the request of the AdmissionReview: {cause}")]
    Request {
        /// Version to answer in.
        version: Version,
        /// To be echoed.
        uid: String,
        /// Why, without content of the object.
        cause: String,
    },
}

/// Reads a body. When a part of it cannot be read the uid alone is looked for: an answer without uid is an
/// opaque failure of the call, and failurePolicy would decide without telling the user why.
pub fn parse(body: &[u8]) -> Result<Review<'_>, ReviewError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        api_version: Text<'a>,
        #[serde(borrow, default)]
        kind: Text<'a>,
        #[serde(borrow)]
        request: Option<Request<'a>>,
    }
    let unanswerable = |cause: &str| ReviewError::Unanswerable(cause.to_owned());
    let envelope = match serde_json::from_slice::<Envelope<'_>>(body) {
        Ok(envelope) => envelope,
        Err(error) => return Err(uid_alone(body, &error)),
    };
    let version = checked(&envelope.api_version, &envelope.kind)?;
    let request = envelope.request.ok_or_else(|| unanswerable("it holds no request"))?;
    if request.uid.is_empty() {
        return Err(unanswerable("its request has no uid"));
    }
    Ok(Review { version, request })
}

fn uid_alone(body: &[u8], error: &serde_json::Error) -> ReviewError {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope {
        api_version: String,
        kind: String,
        request: Request,
    }
    #[derive(Deserialize)]
    struct Request {
        uid: String,
    }
    match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { api_version, kind, request: Request { uid } }) if !uid.is_empty() => {
            match checked(&api_version, &kind) {
                Ok(version) => ReviewError::Request { version, uid, cause: position_of(error) },
                Err(error) => error,
            }
        }
        _ => ReviewError::Unanswerable(position_of(error)),
    }
}

fn checked(api_version: &str, kind: &str) -> Result<Version, ReviewError> {
    let version = Version::parse(api_version).filter(|_| kind == "AdmissionReview");
    version.ok_or_else(|| {
        ReviewError::Unanswerable("neither admission.k8s.io/v1 nor v1beta1, kind AdmissionReview".to_owned())
    })
}

/// Where a JSON error stands; serde's own text may quote values of the body.
fn position_of(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field has another type than expected",
        serde_json::error::Category::Eof => "the JSON ends early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#""apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview""#;

    fn body(request: &str) -> String {
        format!("{{{HEAD},\"request\":{request}}}")
    }

    #[test]
    fn null_absent_and_unknown_fields_are_read() {
        let text = body(
            r#"{"uid":"a\u00e9","kind":{"group":"g","version":"v1","kind":"K"},"name":null,"dryRun":null,
                "object":null,"options":{"x":1},"userInfo":{"username":"u","extra":{"k":["v"]}},"news":[{}]}"#,
        );
        let request = parse(text.as_bytes()).unwrap().request;
        assert_eq!(&*request.uid, "a\u{e9}");
        assert_eq!((&*request.kind.group, &*request.kind.kind), ("g", "K"));
        assert_eq!((&*request.name, &*request.namespace, &*request.user_info.username), ("", "", "u"));
        assert!(request.object.is_none() && request.old_object.is_none() && request.dry_run.is_none());
    }

    #[test]
    fn both_versions_are_read() {
        for (text, version) in [("v1", Version::V1), ("v1beta1", Version::V1Beta1)] {
            let body = format!(
                r#"{{"apiVersion":"admission.k8s.io/{text}","kind":"AdmissionReview","request":{{"uid":"a"}}}}"#
            );
            assert_eq!(parse(body.as_bytes()).unwrap().version, version);
        }
    }

    #[test]
    fn a_request_of_another_shape_can_still_be_answered() {
        for request in [
            r#"{"uid":"a","dryRun":"yes"}"#,
            r#"{"uid":"a","kind":"DestinationRule"}"#,
            r#"{"uid":"a","name":{"secret":"value"}}"#,
        ] {
            match parse(body(request).as_bytes()) {
                Err(ReviewError::Request { version: Version::V1, uid, cause }) => {
                    assert_eq!(uid, "a");
                    assert!(!cause.contains("secret") && !cause.contains("yes"), "{cause}");
                }
                other => panic!("{request}: {other:?}"),
            }
        }
    }

    #[test]
    fn without_uid_or_known_envelope_nobody_can_be_answered() {
        let truncated = body(r#"{"uid":"a","object":{"#);
        let latin = [b"{\"request\":{\"uid\":\"".as_slice(), &[0xe9], b"\"}}"].concat();
        for text in [
            b"".as_slice(),
            b"null",
            b"[]",
            b"\x00\xff\xfe",
            body("null").as_bytes(),
            body("{}").as_bytes(),
            body(r#"{"uid":""}"#).as_bytes(),
            body(r#"{"uid":7}"#).as_bytes(),
            &truncated.as_bytes()[..truncated.len() - 2],
            &latin,
            br#"{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{"uid":"a"}}"#,
            br#"{"apiVersion":"admission.k8s.io/v1","kind":"Pod","request":{"uid":"a"}}"#,
            br#"{"apiVersion":"v2","kind":"AdmissionReview","request":{"uid":"a","name":7}}"#,
        ] {
            let result = parse(text);
            assert!(
                matches!(result, Err(ReviewError::Unanswerable(_))),
                "{}: {result:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        let deep = format!("{}{}", r#"{"uid":"a","object":"#, "[".repeat(100_000));
        assert!(parse(body(&deep).as_bytes()).is_err());
        let closed = format!(r#"{{"uid":"a","object":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(&*parse(body(&closed).as_bytes()).unwrap().request.uid, "a");
    }
}
