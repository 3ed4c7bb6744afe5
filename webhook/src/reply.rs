//! The reply to a review. Denials are HTTP 200 with a status inside: anything else is a failed call to the API
//! server (`apiserver: pkg/admission/plugin/webhook/request/admissionreview.go: VerifyAdmissionResponse`).

use std::collections::BTreeMap;

use mesh_model::Kind;
use mesh_rules::Finding;
use mesh_rules::admission::Mode;
use serde::Serialize;

use crate::review::{Request, Version};
use crate::text;
use crate::verdict::{Judged, Pass, Verdict};

/// An AdmissionReview that answers one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    api_version: Version,
    kind: &'static str,
    /// What is answered.
    pub response: Response<'a>,
}

/// What is answered.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// The request's.
    pub uid: &'a str,
    /// Whether the object may be stored.
    pub allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Lines that kubectl prints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// For the audit log; the API server puts the webhook's name before each key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub audit_annotations: BTreeMap<&'static str, String>,
}

/// `meta/v1` Status.
#[derive(Debug, Serialize)]
pub struct Status {
    /// HTTP code that the user's request gets.
    pub code: u16,
    /// One word for programs.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// For programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
}

/// `meta/v1` StatusDetails.
#[derive(Debug, Serialize)]
pub struct Details {
    /// API group of the object.
    pub group: String,
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// One for each finding.
    pub causes: Vec<Cause>,
}

/// `meta/v1` StatusCause.
#[derive(Debug, Serialize)]
pub struct Cause {
    /// Code of the rule.
    pub reason: String,
    /// Path of the field; it or its parent is in the object.
    pub field: String,
    /// The finding in full.
    pub message: String,
}

impl<'a> Reply<'a> {
    /// The reply to a request that was read.
    #[must_use]
    pub fn to(version: Version, request: &'a Request<'_>, verdict: &Verdict) -> Self {
        let response = match verdict {
            Verdict::NotJudged(pass) => not_judged(request, *pass),
            Verdict::Judged(judged) => of_judged(judged),
            Verdict::Unreadable { mode, cause } => {
                let details = Details {
                    group: text::clean(&request.kind.group),
                    kind: text::clean(&request.kind.kind),
                    name: text::clean(&request.name),
                    causes: Vec::new(),
                };
                unreadable(*mode, &format!("cannot read the {}: {cause}", &*request.kind.kind), Some(details))
            }
        };
        Self::new(version, &request.uid, response)
    }

    /// The reply to a request of which only the uid could be read.
    #[must_use]
    pub fn to_unreadable(version: Version, uid: &'a str, mode: Mode, cause: &str) -> Self {
        Self::new(version, uid, unreadable(mode, cause, None))
    }

    /// Lets an object pass that there was no time to judge.
    #[must_use]
    pub fn too_late(version: Version, uid: &'a str) -> Self {
        let warnings =
            vec!["kubectl-mesh: not judged, the review came too late; run kubectl mesh check".to_owned()];
        let audit_annotations = BTreeMap::from([("not-evaluated", "deadline".to_owned())]);
        Self::new(
            version,
            uid,
            Response { allowed: true, warnings, audit_annotations, ..Response::default() },
        )
    }

    fn new(api_version: Version, uid: &'a str, response: Response<'a>) -> Self {
        Self { api_version, kind: "AdmissionReview", response: Response { uid, ..response } }
    }
}

fn not_judged<'a>(request: &Request<'_>, pass: Pass) -> Response<'a> {
    let mut response = Response { allowed: true, ..Response::default() };
    if pass == Pass::Kind {
        let known = Kind::DestinationRule;
        response.warnings.push(text::notice(&format!(
            "kubectl-mesh: {} is not judged; register the webhook for {} only",
            &*request.kind.kind,
            known.resource()
        )));
    }
    response
}

fn of_judged<'a>(judged: &Judged) -> Response<'a> {
    let admission = &judged.admission;
    let mut response = Response {
        allowed: admission.is_allowed(),
        warnings: text::warnings(&admission.warnings),
        ..Response::default()
    };
    if !admission.is_allowed() {
        response.status = Some(Status {
            code: 403,
            reason: "Forbidden",
            message: text::denial(&admission.denied),
            details: Some(Details {
                group: judged.object.kind.group().to_owned(),
                kind: judged.object.kind.as_str().to_owned(),
                name: text::clean(&judged.object.name),
                causes: admission.denied.iter().map(cause).collect(),
            }),
        });
    }
    let warned: Vec<_> = admission.warnings.iter().map(|(finding, _)| finding).collect();
    let lists = [
        ("denied", text::annotation(admission.denied.iter())),
        ("warned", text::annotation(warned.into_iter())),
        ("audited", text::annotation(admission.audited.iter())),
        ("not-evaluated", not_evaluated(judged)),
    ];
    response.audit_annotations.extend(lists.into_iter().filter(|(_, value)| !value.is_empty()));
    response
}

fn not_evaluated(judged: &Judged) -> String {
    let parts = judged.not_evaluated.iter().map(|(code, why)| text::clean(&format!("{code}: {why}")));
    parts.collect::<Vec<_>>().join("; ")
}

fn cause(finding: &Finding) -> Cause {
    Cause {
        reason: finding.code.to_string(),
        field: text::clean(&finding.path.to_string()),
        message: text::sentence(finding),
    }
}

fn unreadable<'a>(mode: Mode, cause: &str, details: Option<Details>) -> Response<'a> {
    let message = text::notice(cause);
    let annotations = BTreeMap::from([("unreadable", message.clone())]);
    match mode {
        Mode::Off => Response { allowed: true, ..Response::default() },
        Mode::Audit => Response { allowed: true, audit_annotations: annotations, ..Response::default() },
        Mode::Warn => Response {
            allowed: true,
            warnings: vec![message],
            audit_annotations: annotations,
            ..Response::default()
        },
        Mode::Deny => Response {
            status: Some(Status { code: 422, reason: "Invalid", message, details }),
            audit_annotations: annotations,
            ..Response::default()
        },
    }
}
