//! The roots of trust that a cluster hands to its workloads.

use mesh_model::row::ConfigMapFact;
use mesh_model::{Certificate, CertificateBundle, FieldPath, Kind, Row, path};

use crate::{ClusterView, Sink};

/// `istio-ca-root-cert` of one cluster.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'a> {
    /// The ConfigMap of the system namespace.
    pub(crate) row: &'a Row<ConfigMapFact>,
    /// Its certificates; at least one.
    pub(crate) certificates: &'a [Certificate],
    /// A sentence for each block beside them that is no certificate.
    pub(crate) broken: &'a [String],
}

impl Roots<'_> {
    /// Path of the certificates in the ConfigMap.
    pub(crate) fn path() -> FieldPath {
        path!["data", "root-cert.pem"]
    }
}

/// Name of the ConfigMap that istiod writes into every namespace.
const NAME: &str = "istio-ca-root-cert";

/// What is known of the roots of a cluster.
pub(crate) enum Known<'a> {
    /// No istiod and no ConfigMap: there is nothing to know.
    Nothing,
    /// An istiod runs, and the ConfigMap it writes was not seen; the text says so.
    Missing(String),
    /// The ConfigMap holds no certificate that can be read.
    Unreadable(&'a Row<ConfigMapFact>, &'a CertificateBundle),
    /// At least one certificate.
    Roots(Roots<'a>),
}

/// The roots of a cluster: the ConfigMap that istiod writes into every namespace, as it is in the system
/// namespace (`istio: pilot/pkg/bootstrap/namespacecontroller.go`).
pub(crate) fn roots<'a>(view: &ClusterView<'a>) -> Known<'a> {
    let plane = view.control_plane();
    let system = plane.system_namespace();
    let row = view.config_maps().find(system, NAME);
    match row.map(|row| (row, &row.fact)) {
        Some((row, ConfigMapFact::RootCertificates(bundle))) if bundle.certificates.is_empty() => {
            Known::Unreadable(row, bundle)
        }
        Some((row, ConfigMapFact::RootCertificates(bundle))) => {
            Known::Roots(Roots { row, certificates: &bundle.certificates, broken: &bundle.broken })
        }
        _ if plane.istiods.is_empty() => Known::Nothing,
        _ => Known::Missing(format!("no ConfigMap \"{system}/{NAME}\", which istiod writes")),
    }
}

/// The roots of a cluster; where they should be known and are not, that goes to `out`.
pub(crate) fn judged_roots<'a>(view: &ClusterView<'a>, out: &mut Sink<'_>) -> Option<Roots<'a>> {
    let cause = match roots(view) {
        Known::Roots(roots) => return Some(roots),
        Known::Nothing => return None,
        Known::Missing(cause) => cause,
        Known::Unreadable(row, _) => {
            format!("no certificate in ConfigMap \"{}\" can be read", row.obj.qualified_name())
        }
    };
    out.cannot_judge(view, Kind::ConfigMap, cause);
    None
}

/// How a message calls a certificate: subject and both ends of its fingerprint.
pub(crate) fn title(certificate: &Certificate) -> String {
    format!("\"{}\" ({})", certificate.subject, certificate.fingerprint.short())
}
